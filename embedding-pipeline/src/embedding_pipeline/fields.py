"""The fields that can be filtered: one table behind the JSON filter of the API and ``--filter`` of the command line.

Names are those of the stored object; aliases are for typing. Dates may be whole years, months or days: then they
stand for all of that time, in UTC. ``count.LABEL`` is how many objects of a label the image holds; ``location`` is
asked for by a place and a distance or by a box on the map.
"""

from __future__ import annotations

import calendar
import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from embedding_pipeline.errors import BadQuery
from embedding_pipeline.queries import Condition, Range

FieldType = Literal["keyword", "text", "number", "whole", "date"]
ATTRIBUTES, COUNT, KM = "attributes.", "count.", "km"
POSITIONS = ("left", "centre", "right", "top", "bottom")
MAX_VALUE = 1000
_TICK = timedelta(milliseconds=1)  # what Elasticsearch keeps of a date
_PERIOD = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


@dataclass(frozen=True, slots=True)
class Field:
    """One filterable field; ``choices`` closes its values. A ``number`` is kept as float32, a ``whole`` number exactly;
    a ``text`` is asked for by words it contains."""

    name: str
    type: FieldType
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("label", "keyword"),
        Field("kind", "keyword", choices=("object", "frame")),
        Field("box_score", "number", ("score",)),
        Field("area_share", "number", ("area",)),
        Field("aspect", "number"),
        Field("center_x", "number", ("x", "centre_x")),
        Field("center_y", "number", ("y", "centre_y")),
        Field("position", "keyword", choices=POSITIONS),
        Field("objects", "whole"),
        Field("ocr_text", "text", ("text", "ocr")),
        Field("tags", "keyword", ("tag",)),
        Field("colours", "keyword", ("colour", "color", "colors")),
        Field("format", "keyword"),
        Field("taken_at", "date", ("taken",)),
        Field("ingested_at", "date", ("ingested",)),
        Field("width", "whole"),
        Field("height", "whole"),
        Field("bytes", "whole", ("size",)),
        Field("camera", "keyword"),
        Field("file_name", "keyword", ("name", "file")),
        Field("source_uri", "keyword", ("source",)),
        Field("image_id", "keyword", ("image",)),
    )
}
_BY_ALIAS = {alias: field for field in FIELDS.values() for alias in (field.name, *field.aliases)}
_FORMAT_NAMES = {"jpg": "jpeg", "tif": "tiff", "heif": "heic", "j2k": "jp2", "jpeg2000": "jp2"}


def field_named(name: str, place: str) -> Field:
    """The field behind a name, an alias, ``attributes.NAME`` or ``count.LABEL``. Raises BadQuery naming the nearest."""
    if name.startswith(ATTRIBUTES) and len(name) > len(ATTRIBUTES):
        return Field(name, "keyword")
    if name.startswith(COUNT) and len(name) > len(COUNT):
        return Field(name, "whole")
    field = _BY_ALIAS.get(name.lower())
    if field is None:
        near = difflib.get_close_matches(name.lower(), _BY_ALIAS, n=1)
        meant = f"Did you mean {near[0]}?" if near else f"Fields: {', '.join(FIELDS)}, attributes.NAME, count.LABEL."
        raise BadQuery(f"There is no field {name[:80]!r} to filter by.", hint=meant, place=place)
    return field


def terms(field: Field, any_of: Iterable[str], none_of: Iterable[str], place: str) -> Condition:
    """A condition on whole values. Raises BadQuery for a value that the field cannot have."""
    return Condition(
        field.name,
        any_of=tuple(_term(field, value, place) for value in any_of),
        none_of=tuple(_term(field, value, place) for value in none_of),
    )


def _term(field: Field, value: str, place: str) -> str:
    value = value.strip()
    if not value:
        raise BadQuery(f"A value of {field.name} is empty.", place=place)
    if len(value) > MAX_VALUE:
        raise BadQuery(f"A value of {field.name} is longer than {MAX_VALUE} characters.", place=place)
    if field.name == "position" and value == "center":
        return "centre"
    if field.choices and value not in field.choices:
        raise BadQuery(f"{field.name} is one of {', '.join(field.choices)}.", place=place)
    if field.name == "format":
        return _FORMAT_NAMES.get(value.lower(), value.lower())
    return value


def number(text: str | float, place: str) -> float:
    """A finite number. Raises BadQuery."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadQuery(f"{str(text)[:80]!r} is not a number.", place=place)
    return value


def period(text: str, place: str) -> tuple[datetime, datetime]:
    """First and last moment (UTC) of a year, month, day or point in time. Raises BadQuery.

    >>> [moment.isoformat() for moment in period("2024-02", "")]
    ['2024-02-01T00:00:00+00:00', '2024-02-29T23:59:59.999000+00:00']
    """
    try:
        whole = _PERIOD.fullmatch(text.strip())
        if whole is None:
            moment = datetime.fromisoformat(text.strip())
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
            return moment, moment
        year, month, day = (int(part) if part else None for part in whole.groups())
        assert year is not None  # the pattern demands it
        first = datetime(year, month or 1, day or 1, tzinfo=UTC)
        last_month = month or 12
        last_day = day or calendar.monthrange(year, last_month)[1]
        last = datetime(year, last_month, last_day, 23, 59, 59, 999000, tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadQuery(
            f"{text[:80]!r} is not a date.",
            hint="Write 2023, 2023-05, 2023-05-31 or 2023-05-31T12:00:00Z.",
            place=place,
        ) from error
    return first, last


def bounds(field: Field, low: str | float | None, high: str | float | None, place: str) -> Condition:
    """A condition on a closed range; None leaves that side open. Raises BadQuery when it can hold nothing."""
    if low is None and high is None:
        raise BadQuery(f"The range of {field.name} has no bound.", place=place)
    if field.type == "date":
        first = period(str(low), place)[0] if low is not None else None
        last = period(str(high), place)[1] if high is not None else None
        return _date_range(field, first, last, place)
    least = number(low, place) if low is not None else None
    most = number(high, place) if high is not None else None
    return _number_range(field, least, most, place)


def beyond(field: Field, operator: Literal[">", "<"], value: str, place: str) -> Condition:
    """A condition on an open bound, as the closed range that begins or ends right beside it. Raises BadQuery."""
    try:
        if field.type == "date":
            first, last = period(value, place)
            return (
                _date_range(field, last + _TICK, None, place)
                if operator == ">"
                else _date_range(field, None, first - _TICK, place)
            )
    except OverflowError as error:
        raise BadQuery(f"There is no time beyond {value[:80]!r}.", place=place) from error
    bound = number(value, place)
    if operator == ">":
        return _number_range(field, _above(field, bound), None, place)
    return _number_range(field, None, -_above(field, -bound), place)


def _above(field: Field, bound: float) -> float:
    """The least number the field can hold above a bound."""
    if field.type == "whole":
        return math.floor(bound) + 1.0
    with np.errstate(over="ignore"):
        kept = np.float32(bound)
        return float(kept) if float(kept) > bound else float(np.nextafter(kept, np.float32(math.inf)))


def near(lat: float, lon: float, km: float, place: str) -> Condition:
    """A condition on the distance from a place: degrees and kilometres. Raises BadQuery."""
    if not (abs(lat) <= 90 and abs(lon) <= 180 and 0 < km < math.inf):
        raise BadQuery(
            f"{lat:g},{lon:g},{km:g}{KM} is not a place and a distance.",
            hint="Give latitude -90..90, longitude -180..180 and kilometres above 0, such as 39.9,116.4,5km.",
            place=place,
        )
    return Condition("location", any_of=(f"{lat!r},{lon!r},{km!r}{KM}",))


def inside(west: float, south: float, east: float, north: float, place: str) -> Condition:
    """A condition on a box on the map, in degrees; it may cross the date line. Raises BadQuery."""
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
        raise BadQuery(
            f"{west:g},{south:g},{east:g},{north:g} is not an area on the globe.",
            hint="Give west,south,east,north in degrees, south below north.",
            place=place,
        )
    return Condition("location", any_of=(f"{west!r},{south!r},{east!r},{north!r}",))


def _number_range(field: Field, low: float | None, high: float | None, place: str) -> Condition:
    if low is not None and high is not None and low > high:
        raise BadQuery(f"The range of {field.name} ends before it begins.", place=place)
    return Condition(field.name, range=Range(low, high))


def _date_range(field: Field, low: datetime | None, high: datetime | None, place: str) -> Condition:
    if low is not None and high is not None and low > high:
        raise BadQuery(f"The range of {field.name} ends before it begins.", place=place)
    return Condition(field.name, range=Range(iso(low) if low else None, iso(high) if high else None))


def iso(moment: datetime) -> str:
    """The one form in which dates travel in a ``Range``: UTC with milliseconds, so that text order is time order.

    >>> iso(datetime(2023, 5, 1, tzinfo=UTC))
    '2023-05-01T00:00:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
