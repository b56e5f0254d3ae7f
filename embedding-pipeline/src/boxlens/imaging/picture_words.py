"""What is said of a picture, in JSON of Google Takeout, exiftool, osxphotos and others, and in XMP.

Keys are compared without case and without the group that exiftool puts before them (``XMP:Description``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from boxlens.domain.pictures import GeoPoint
from boxlens.imaging.moments import moment, place

CAPTIONS = ("description", "caption", "caption-abstract", "imagedescription", "usercomment", "headline")
TAGS = ("tags", "keywords", "subject", "tagslist", "labels")
PEOPLE = ("people", "persons", "personinimage", "regionname", "faces")
TAKEN = (
    "phototakentime", "taken_at", "date_taken", "datetaken", "datetimeoriginal", "datecreated", "createdate",
    "originalcreationdate", "date",
)  # fmt: skip
PLACES = ("geodata", "geodataexif", "location", "geo", "gps")
LATITUDES, LONGITUDES = ("latitude", "lat", "gpslatitude"), ("longitude", "lon", "lng", "gpslongitude")
_NAMES = ("name", "tag", "value", "title")
_SEPARATORS = re.compile(r"[,;，；]")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class PictureWords:
    """Tags hold people's names too. ``faults`` tell which of the values are of no use, the others count."""

    caption: str | None = None
    tags: tuple[str, ...] = ()
    taken_at: datetime | None = None
    location: GeoPoint | None = None
    faults: tuple[str, ...] = field(default=())


def words_of(said: Mapping[str, Any]) -> PictureWords:
    """What properties by their names say: those of JSON or of XMP."""
    values = {key.rsplit(":", 1)[-1].lower(): value for key, value in said.items() if value not in (None, "")}
    faults: list[str] = []

    def read(what: str, reader: Callable[[Mapping[str, Any]], Value]) -> Value | None:
        try:
            return reader(values)
        except ValueError as error:
            faults.append(f"{what}: {error}")
            return None

    tags, people = read("tags", lambda words: _named(words, TAGS)), read("people", lambda words: _named(words, PEOPLE))
    return PictureWords(
        caption=read("caption", _caption),
        tags=tuple(dict.fromkeys((*(tags or ()), *(people or ())))),
        taken_at=read("date", _taken_at),
        location=read("place", _location),
        faults=tuple(faults),
    )


def _caption(values: Mapping[str, Any]) -> str | None:
    for key in CAPTIONS:
        if key in values:
            if not isinstance(values[key], str):
                raise ValueError(f"{_short(values[key])} is no text")
            if values[key].strip():
                return str(values[key]).strip()
    return None


def _named(values: Mapping[str, Any], keys: Iterable[str]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for key in keys:
        value = values.get(key, ())
        parts = _SEPARATORS.split(value) if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            raise ValueError(f"{_short(value)} is no list")
        names |= dict.fromkeys(filter(None, map(_name, parts)))
    return tuple(names)


def _name(part: Any) -> str:
    if isinstance(part, dict):
        part = next((part[key] for key in _NAMES if part.get(key)), None)
    if part is None:
        return ""
    if isinstance(part, bool) or not isinstance(part, str | int | float):
        raise ValueError(f"{_short(part)} is no word")
    return str(part).strip()


def _taken_at(values: Mapping[str, Any]) -> datetime | None:
    for key in TAKEN:
        value = values.get(key)
        if isinstance(value, dict):  # Takeout: {"timestamp": "1688169600", "formatted": "…"}
            value = _seconds(value.get("timestamp"))
        if taken := moment(value):
            return taken
    return None


def _seconds(value: Any) -> Any:
    """Takeout writes seconds as text, also small and negative ones."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value.strip()) else value


def _location(values: Mapping[str, Any]) -> GeoPoint | None:
    groups = [values[key] for key in PLACES if isinstance(values.get(key), dict)]
    for group in (*groups, values):
        by_key = {str(key).lower(): value for key, value in group.items()}
        lat, lon = (next((by_key[key] for key in keys if key in by_key), None) for keys in (LATITUDES, LONGITUDES))
        if point := place(lat, lon):
            return point
    return None


def _short(value: Any) -> str:
    return repr(value)[:60]
