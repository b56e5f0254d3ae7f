"""Conditions from what people give: the parsing behind the JSON filter of the API and ``--filter`` of the command line.

Names are those of the stored object; aliases are for typing. Dates may be whole years, months or days: then they
stand for all of that time, in UTC. ``count.LABEL`` is how many objects of a label the image holds; ``location`` is
asked for by a place and a distance or by a box on the map. What comes out is typed and inside what an index can hold.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from boxlens.domain.errors import BadQuery
from boxlens.domain.filters import Area, Circle, Condition, NumberRange, Period, Value, Words, is_whole, parse_period
from boxlens.language.tokens import query_tokens
from boxlens.schema import ATTRIBUTES, COUNT, FILTER_FIELDS, StoredField, limit_of

KM = "km"
MAX_VALUE = 1000
LARGEST_COUNT = 10**6
FARTHEST_KM = 20_100.0  # a little more than half of the way around the earth
_TICK = timedelta(milliseconds=1)  # what an index keeps of a date

_BY_ALIAS = {alias: field for field in FILTER_FIELDS for alias in (field.name, *field.aliases)}
_FORMAT_NAMES = {"jpg": "jpeg", "tif": "tiff", "heif": "heic", "j2k": "jp2", "jpeg2000": "jp2"}


def field_named(name: str, place: str) -> StoredField:
    """The field behind a name, an alias, ``attributes.NAME`` or ``count.LABEL``. Raises BadQuery naming the nearest."""
    if name.startswith(ATTRIBUTES) and len(name) > len(ATTRIBUTES) and "\0" not in name:
        return StoredField(name, "keyword", "image", filter="keyword")
    if name.startswith(COUNT) and len(name) > len(COUNT):
        return StoredField(name, "integer", "index", filter="whole")
    field = _BY_ALIAS.get(name.lower())
    if field is None:
        near = difflib.get_close_matches(name.lower(), _BY_ALIAS, n=1)
        names = ", ".join(field.name for field in FILTER_FIELDS)
        meant = f"Did you mean {near[0]}?" if near else f"Fields: {names}, attributes.NAME, count.LABEL."
        raise BadQuery(f"There is no field {name[:80]!r} to filter by.", hint=meant, place=place)
    return field


def terms(field: StoredField, any_of: Iterable[str], none_of: Iterable[str], place: str) -> Condition:
    """A condition on whole values. Raises BadQuery for a value that the field cannot have."""
    return Condition(
        field.name,
        any_of=tuple(_value(field, text, place) for text in any_of),
        none_of=tuple(_value(field, text, place) for text in none_of),
    )


def _value(field: StoredField, text: str, place: str) -> Value:
    text = text.strip()
    if not text:
        raise BadQuery(f"A value of {field.name} is empty.", place=place)
    if len(text) > MAX_VALUE:
        raise BadQuery(f"A value of {field.name} is longer than {MAX_VALUE} characters.", place=place)
    if field.filter == "words":
        return _words(text, place)
    if field.name == "position" and text == "center":
        return "centre"
    if field.choices and text not in field.choices:
        raise BadQuery(f"{field.name} is one of {', '.join(field.choices)}.", place=place)
    if field.name == "format":
        return _FORMAT_NAMES.get(text.lower(), text.lower())
    return text


def _words(text: str, place: str) -> Words:
    tokens = sorted(set(query_tokens(text)))
    if not tokens:
        raise BadQuery(f"{text[:80]!r} holds no word.", place=place, hint="Give letters, digits or characters.")
    return Words(tuple(tokens))


def number(text: str | float, place: str) -> float:
    """A finite number. Raises BadQuery."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadQuery(f"{str(text)[:80]!r} is not a number.", place=place)
    return value


def bounds(field: StoredField, low: str | float | None, high: str | float | None, place: str) -> Condition:
    """A condition on a closed range; None leaves that side open. Raises BadQuery when it can hold nothing."""
    if low is None and high is None:
        raise BadQuery(f"The range of {field.name} has no bound.", place=place)
    if field.filter == "date":
        first = parse_period(str(low), place)[0] if low is not None else None
        last = parse_period(str(high), place)[1] if high is not None else None
        return _period(field, first, last, place, whole=all(is_whole(str(b)) for b in (low, high) if b is not None))
    lowest = number(low, place) if low is not None else None
    highest = number(high, place) if high is not None else None
    return _number_range(field, lowest, highest, place)


def beyond(field: StoredField, operator: Literal[">", "<"], value: str, place: str) -> Condition:
    """A condition on an open bound, as the closed range that begins or ends right beside it. Raises BadQuery."""
    if field.filter == "date":
        first, last = parse_period(value, place)
        whole = is_whole(value)
        try:
            if operator == ">":
                return _period(field, last + _TICK, None, place, whole=whole)
            return _period(field, None, first - _TICK, place, whole=whole)
        except OverflowError as error:
            raise BadQuery(f"There is no time beyond {value[:80]!r}.", place=place) from error
    bound = number(value, place)
    if operator == ">":
        return _number_range(field, _above(field, bound), None, place)
    return _number_range(field, None, -_above(field, -bound), place)


def _above(field: StoredField, bound: float) -> float:
    """The least number the field can hold above a bound."""
    if field.filter == "whole":
        return math.floor(bound) + 1.0
    with np.errstate(over="ignore"):
        stored = np.float32(bound)
        return float(stored) if float(stored) > bound else float(np.nextafter(stored, np.float32(math.inf)))


def near(lat: float, lon: float, km: float, place: str) -> Condition:
    """A condition on the distance from a place: degrees and kilometres. Raises BadQuery."""
    if not (abs(lat) <= 90 and abs(lon) <= 180 and 0 < km < math.inf):
        raise BadQuery(
            f"{lat:g},{lon:g},{km:g}{KM} is not a place and a distance.",
            hint="Give latitude -90..90, longitude -180..180 and kilometres above 0, such as 39.9,116.4,5km.",
            place=place,
        )
    return Condition("location", any_of=(Circle(lat, lon, min(km, FARTHEST_KM)),))


def inside(west: float, south: float, east: float, north: float, place: str) -> Condition:
    """A condition on a box on the map, in degrees; it may cross the date line. Raises BadQuery."""
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
        raise BadQuery(
            f"{west:g},{south:g},{east:g},{north:g} is not an area on the globe.",
            hint="Give west,south,east,north in degrees, south below north.",
            place=place,
        )
    return Condition("location", any_of=(Area(west, south, east, north),))


def _number_range(field: StoredField, low: float | None, high: float | None, place: str) -> Condition:
    if low is not None and high is not None and low > high:
        raise BadQuery(f"The range of {field.name} ends before it begins.", place=place)
    if field.name.startswith(COUNT):
        return Condition(field.name, range=_count_range(low, high, place))
    return Condition(field.name, range=NumberRange(_clamped(field, low), _clamped(field, high)))


def _clamped(field: StoredField, value: float | None) -> float | None:
    limit = limit_of(field)
    return None if value is None else max(-limit, min(limit, value))


def _count_range(low: float | None, high: float | None, place: str) -> NumberRange:
    """Whole counts inside the bounds."""
    if high is not None and high < 0:
        raise BadQuery("A count cannot be below 0.", place=place, hint="Give 0 or more.")
    return NumberRange(
        None if low is None else float(math.ceil(max(0.0, min(LARGEST_COUNT, low)))),
        None if high is None else float(math.floor(min(LARGEST_COUNT, high))),
    )


def _period(field: StoredField, first: datetime | None, last: datetime | None, place: str, *, whole: bool) -> Condition:
    if first is not None and last is not None and first > last:
        raise BadQuery(f"The range of {field.name} ends before it begins.", place=place)
    return Condition(field.name, range=Period(first, last, local=whole and bool(field.local)))
