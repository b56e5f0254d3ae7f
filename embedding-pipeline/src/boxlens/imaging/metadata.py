"""What a camera wrote beside a picture: orientation, date, camera, place. What cannot be read counts as absent.

Tags as in Exif 3.0 (CIPA DC-008-2023): orientation 0x0112, DateTimeOriginal 0x9003, GPS 0x0001 to 0x0004.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from boxlens.domain.pictures import GeoPoint
from boxlens.imaging.moments import moment, place

log = logging.getLogger(__name__)
_LONGEST = 200  # characters of a camera name that are kept


@dataclass(frozen=True, slots=True)
class CameraNotes:
    """``taken_at`` carries a time zone always: the camera's offset, or UTC where it wrote none (the wall clock is
    kept as it stands)."""

    taken_at: datetime | None = None
    camera: str | None = None
    location: GeoPoint | None = None


def orientation(exif: Image.Exif) -> int:
    """1 to 8; 1 when absent or nonsense."""
    value = exif.get(Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def notes(exif: Image.Exif) -> CameraNotes:
    """Date, camera and place; each is None when absent or unreadable. Never raises."""
    detail = _ifd(exif, IFD.Exif)
    gps = _ifd(exif, IFD.GPSInfo)
    return CameraNotes(
        taken_at=_time(detail.get(Base.DateTimeOriginal), detail.get(Base.OffsetTimeOriginal))
        or _time(detail.get(Base.DateTimeDigitized), detail.get(Base.OffsetTimeDigitized))
        or _time(exif.get(Base.DateTime), detail.get(Base.OffsetTime)),
        camera=_camera(_text(exif.get(Base.Make)), _text(exif.get(Base.Model))),
        location=_place(gps),
    )


def _ifd(exif: Image.Exif, tag: int) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(tag))
    except Exception as error:  # noqa: BLE001  broken offsets raise whatever struct, TIFF or the codec raise
        log.debug("unreadable EXIF block %#x: %s", tag, error)
        return {}


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    clean = "".join(c if c.isprintable() else " " for c in value.split("\0", 1)[0])
    return " ".join(clean.split())[:_LONGEST]


def _camera(make: str, model: str) -> str | None:
    """Make and model, the make not said twice ("Canon Canon EOS 5D")."""
    repeated = model.lower().startswith(make.lower().split(" ")[0]) if make else True
    return (model if repeated else f"{make} {model}".strip()) or None


def _time(value: object, offset: object) -> datetime | None:
    """ "2023:06:01 12:30:05" and "+08:00" -> that moment; blank, zero and implausible dates are None."""
    try:
        return moment(_text(value), _text(offset))
    except ValueError:
        return None


def _place(gps: dict[int, Any]) -> GeoPoint | None:
    lat = _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), "S")
    lon = _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), "W")
    if lat is None or lon is None:
        return None
    try:
        return place(lat, lon)
    except ValueError:
        return None


def _degrees(value: object, ref: object, negative: str) -> float | None:
    """Degrees, minutes and seconds as three rationals -> degrees."""
    try:
        degrees, minutes, seconds = (float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(total):
        return None
    return round(-total if _text(ref).upper().startswith(negative) else total, 7)
