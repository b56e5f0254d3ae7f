"""What is said of a picture, in JSON of Google Takeout, exiftool, osxphotos and others, and in XMP.

Keys are compared without case and without the group that exiftool puts before them (``XMP:Description``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from boxlens.domain.pictures import GeoPoint
from boxlens.imaging.moments import moment, place

CAPTIONS = ("description", "caption", "caption-abstract", "imagedescription", "usercomment", "headline")
TAGS = ("tags", "keywords", "subject", "tagslist", "hierarchicalsubject", "labels")
PEOPLE = ("people", "persons", "personinimage", "regionname", "faces")
TAKEN = (
    "phototakentime", "taken_at", "date_taken", "datetaken", "datetimeoriginal", "datecreated", "createdate",
    "originalcreationdate", "date",
)  # fmt: skip
OFFSETS = {
    "datetimeoriginal": "offsettimeoriginal", "createdate": "offsettimedigitized", "datecreated": "offsettimeoriginal",
}  # fmt: skip
"""Which property holds the zone of a date that may lack one."""
PLACES = ("geodata", "geodataexif", "location", "geo", "gps")
LATITUDES, LONGITUDES = ("latitude", "lat", "gpslatitude"), ("longitude", "lon", "lng", "gpslongitude")
POSITION = "gpsposition"
_NOBODY = "_UNKNOWN_"  # osxphotos: a face without a name
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
    """What properties by their names say: those of JSON or of XMP. Where one is of no use, the next that may say the
    same counts."""
    values = {key.rsplit(":", 1)[-1].lower(): value for key, value in said.items() if value not in (None, "")}
    faults: list[str] = []

    def first(what: str, readings: Iterable[Callable[[], Value | None]]) -> Value | None:
        for reading in readings:
            try:
                if (value := reading()) is not None:
                    return value
            except ValueError as error:
                faults.append(f"{what}: {error}")
        return None

    names = [
        name
        for what, keys in (("tags", TAGS), ("people", PEOPLE))
        for key in keys
        for part in first(what, [partial(_parts, values.get(key, ()))]) or ()
        if (name := first(what, [partial(_name, part)]))
    ]
    return PictureWords(
        caption=first("caption", (partial(_caption, values[key]) for key in CAPTIONS if key in values)),
        tags=tuple(dict.fromkeys(names)),
        taken_at=first("date", (partial(_taken_at, values, key) for key in TAKEN)),
        location=first("place", _places(values)),
        faults=tuple(faults),
    )


def _caption(value: Any) -> str | None:
    if not isinstance(value, str):
        raise ValueError(f"{_short(value)} is no text")
    return value.strip() or None


def _parts(value: Any) -> Sequence[Any]:
    parts = _SEPARATORS.split(value) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError(f"{_short(value)} is no list")
    return parts


def _name(part: Any) -> str | None:
    if isinstance(part, dict):
        part = next((part[key] for key in _NAMES if part.get(key)), None)
    if part is None or part == _NOBODY:
        return None
    if isinstance(part, bool) or not isinstance(part, str | int | float):
        raise ValueError(f"{_short(part)} is no word")
    return str(part).strip()


def _taken_at(values: Mapping[str, Any], key: str) -> datetime | None:
    value = values.get(key)
    if isinstance(value, dict):  # Takeout: {"timestamp": "1688169600", "formatted": "…"}
        value = _seconds(value.get("timestamp"))
    return moment(value, values.get(OFFSETS.get(key, "")))


def _seconds(value: Any) -> Any:
    """Takeout writes seconds as text, also small and negative ones."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value.strip()) else value


def _places(values: Mapping[str, Any]) -> Iterator[Callable[[], GeoPoint | None]]:
    for group in (*(values[key] for key in PLACES if isinstance(values.get(key), dict)), values):
        by_key = {str(key).lower(): value for key, value in group.items()}
        lat, lon = (next((by_key[key] for key in keys if key in by_key), None) for keys in (LATITUDES, LONGITUDES))
        yield partial(place, lat, lon, by_key.get("gpslatituderef"), by_key.get("gpslongituderef"))
    if isinstance(position := values.get(POSITION), str):
        parts = position.split(",") if "," in position else position.split()
        if len(parts) == 2:
            yield partial(place, *parts)


def _short(value: Any) -> str:
    return repr(value)[:60]
