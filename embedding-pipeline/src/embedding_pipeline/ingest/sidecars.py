"""JSON files that photo exports put beside pictures (Google Takeout's layout, and plain caption/tags files)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from embedding_pipeline.domain import GeoPoint, ImageRef

# Takeout writes IMG.jpg.json, later IMG.jpg.supplemental-metadata.json, and cuts long names short within that word.
_SUFFIX = re.compile(r"^(?P<picture>.+?)(\.s[a-z-]*)?\.json$", re.IGNORECASE)
_LIMIT = 1024 * 1024
_DEGREES = (("latitude", "lat"), ("longitude", "lon"))


def pair(names: Sequence[str]) -> dict[str, str]:
    """Which of the names of one folder are sidecars: picture name to sidecar name."""
    present = set(names)
    pairs: dict[str, str] = {}
    for name in names:
        match = _SUFFIX.match(name)
        if match is not None and match["picture"] in present:
            pairs.setdefault(match["picture"], name)
    return pairs


def beside(picture: Path) -> Path | None:
    """The sidecar of one picture named alone, or None."""
    for ending in (".json", ".supplemental-metadata.json"):
        sidecar = picture.with_name(picture.name + ending)
        if sidecar.is_file():
            return sidecar
    return None


def with_sidecar(ref: ImageRef, sidecar: Path | None) -> ImageRef:
    """The reference with what its sidecar says; what the reference says itself wins. A sidecar that cannot be read
    is no reason to lose the picture: it is left out."""
    said = _read(sidecar) if sidecar is not None else {}
    if not said:
        return ref
    caption = said.get("description") or said.get("caption")
    return replace(
        ref,
        caption=ref.caption if ref.caption is not None else (str(caption) if caption else None),
        tags=ref.tags or _tags(said),
        taken_at=ref.taken_at or _taken_at(said),
        location=ref.location or _location(said),
    )


def _read(sidecar: Path) -> Mapping[str, Any]:
    try:
        if sidecar.stat().st_size > _LIMIT:
            return {}
        said = orjson.loads(sidecar.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return said if isinstance(said, dict) else {}


def _tags(said: Mapping[str, Any]) -> tuple[str, ...]:
    people = [p.get("name") for p in said.get("people") or () if isinstance(p, dict)]
    tags = said.get("tags") or said.get("keywords") or ()
    return tuple(str(t) for t in (*([tags] if isinstance(tags, str) else tags), *people) if t)


def _taken_at(said: Mapping[str, Any]) -> datetime | None:
    taken = said.get("photoTakenTime")
    try:
        if isinstance(taken, dict):
            return datetime.fromtimestamp(int(taken["timestamp"]), UTC)
        moment = datetime.fromisoformat(str(said["taken_at"]))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None


def _location(said: Mapping[str, Any]) -> GeoPoint | None:
    for part in ("geoData", "geoDataExif", "location"):
        place = said.get(part)
        if isinstance(place, dict):
            try:
                lat, lon = (float(place.get(name, place.get(short))) for name, short in _DEGREES)  # type: ignore[arg-type]
            except (TypeError, ValueError):  # not there, or no number
                continue
            # Takeout writes 0, 0 for "unknown".
            if (lat, lon) != (0.0, 0.0) and -90 <= lat <= 90 and -180 <= lon <= 180:
                return GeoPoint(lat, lon)
    return None
