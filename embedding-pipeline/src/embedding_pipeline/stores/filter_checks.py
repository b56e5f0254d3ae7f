"""Filters of a query checked and typed once, for Elasticsearch and for the exact twin alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from embedding_pipeline import fields
from embedding_pipeline.errors import BadQuery
from embedding_pipeline.queries import Condition, Filter, Range
from embedding_pipeline.text.words import query_tokens

FieldKind = Literal["word", "number", "date", "place", "text"]
DEEPEST = 8
MOST_VALUES = 10_000

_WORDS = """
object_id image_id kind label tags colours position format camera file_name source_uri bucket image_key md5
collection pack pack_revision
"""
_SIDES = ("x1", "y1", "x2", "y2")
_NUMBERS: dict[str, float] = {
    **dict.fromkeys(("width", "height", "number", "objects", *(f"box.{side}" for side in _SIDES)), 2**31 - 1),
    **dict.fromkeys(("box_score", "area_share", "aspect", "center_x", "center_y"), 3e38),
    **dict.fromkeys((f"box_norm.{side}" for side in _SIDES), 3e38),
    "bytes": 2**62,
}
"""Number fields and the largest amount a value is clamped to, inside what their type holds."""

FIELDS: dict[str, FieldKind] = {
    **dict.fromkeys(_WORDS.split(), "word"),
    **dict.fromkeys(_NUMBERS, "number"),
    "taken_at": "date",
    "ingested_at": "date",
    "location": "place",
    "ocr_text": "text",
}
LARGEST_COUNT = 10**6
FARTHEST_KM = 20_100.0  # a little more than half of the way around the earth


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last instant a date text means, UTC, to the millisecond: a year, month, day or moment."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Area:
    """West, south, east, north in degrees; west may lie east of east, across the date line."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within some kilometres of one."""

    lat: float
    lon: float
    km: float


@dataclass(frozen=True, slots=True)
class Words:
    """Every one of these tokens must be there."""

    tokens: frozenset[str]


Value = str | float | Period | Area | Circle | Words
Bound = float | datetime | None


@dataclass(frozen=True, slots=True)
class Check:
    """One condition with typed values; ``low`` and ``high`` are closed bounds, None open."""

    field: str
    kind: FieldKind
    any_of: tuple[Value, ...]
    none_of: tuple[Value, ...]
    low: Bound
    high: Bound


@dataclass(frozen=True, slots=True)
class CheckedFilter:
    """All ``checks`` hold, at least one of ``any`` when there are some, none of ``none``."""

    checks: tuple[Check, ...]
    any: tuple[CheckedFilter, ...]
    none: tuple[CheckedFilter, ...]


def checked(filter: Filter, place: str = "filter", depth: int = 0) -> CheckedFilter:
    """Raises BadQuery naming the place and what is known, for unknown fields and values of another type."""
    if depth > DEEPEST:
        raise BadQuery(f"Filters are nested deeper than {DEEPEST}.", place=place, hint="Flatten any and none.")
    return CheckedFilter(
        tuple(c for condition in filter.conditions for c in _checks(condition, f"{place}.{condition.field}")),
        tuple(checked(f, f"{place}.any[{i}]", depth + 1) for i, f in enumerate(filter.any)),
        tuple(checked(f, f"{place}.none[{i}]", depth + 1) for i, f in enumerate(filter.none)),
    )


def _checks(condition: Condition, place: str) -> tuple[Check, ...]:
    if condition.field.startswith(fields.COUNT) and len(condition.field) > len(fields.COUNT):
        return _count_checks(condition, place)
    kind = _kind(condition.field, place)
    if len(condition.any_of) + len(condition.none_of) > MOST_VALUES:
        raise BadQuery(f"More than {MOST_VALUES} values for one field.", place=place, hint="Ask in several queries.")
    field = condition.field
    low, high = _bounds(field, condition.range, kind, place) if condition.range else (None, None)
    any_of, none_of = (
        tuple(_value(field, text, kind, place) for text in texts) for texts in (condition.any_of, condition.none_of)
    )
    return (Check(field, kind, any_of, none_of, low, high),)


def _count_checks(condition: Condition, place: str) -> tuple[Check, ...]:
    """How many objects of a label the image holds, as terms of ``label_counts``.

    Images that were stored before counts were kept match no such condition: they are told by ``objects``.
    """
    bounds, label = condition.range or Range(), condition.field.removeprefix(fields.COUNT)
    if condition.any_of or condition.none_of:
        raise BadQuery("A count takes a range, not values.", place=place, hint="Give gte and lte.")
    least = math.ceil(_amount(bounds.gte, place)) if bounds.gte is not None else 0
    most = math.floor(_amount(bounds.lte, place)) if bounds.lte is not None else None
    if most is not None and most < 0:
        raise BadQuery("A count cannot be below 0.", place=place, hint="Give 0 or more.")
    any_of = (f"{label}:{least}",) if least > 0 else ()
    none_of = (f"{label}:{most + 1}",) if most is not None else ()
    return (
        Check("label_counts", "word", any_of, none_of, None, None),
        Check("objects", "number", (), (), 0.0, None),
    )


def _amount(value: float | str, place: str) -> float:
    return max(-1.0, min(float(LARGEST_COUNT), fields.number(value, place)))


def _kind(field: str, place: str) -> FieldKind:
    if field.startswith(fields.ATTRIBUTES) and len(field) > len(fields.ATTRIBUTES) and "\0" not in field:
        return "word"
    if field not in FIELDS:
        known = ", ".join([*FIELDS, "attributes.NAME", "count.LABEL"])
        raise BadQuery(f"There is no field {field!r} to filter by.", place=place, hint=f"Known fields: {known}.")
    return FIELDS[field]


def _bounds(field: str, bounds: Range, kind: FieldKind, place: str) -> tuple[Bound, Bound]:
    gte, lte = bounds.gte, bounds.lte
    if kind == "number":
        return (
            None if gte is None else _number(field, gte, place),
            None if lte is None else _number(field, lte, place),
        )
    if kind == "date":
        return (
            None if gte is None else period(str(gte), place).first,
            None if lte is None else period(str(lte), place).last,
        )
    raise BadQuery("This field takes values, not a range.", place=place, hint="Give a list of values.")


def _value(field: str, text: str, kind: FieldKind, place: str) -> Value:
    if kind == "number":
        return _number(field, text, place)
    if kind == "date":
        return period(text, place)
    if kind == "place":
        return _circle(text, place) if text.endswith(fields.KM) else _area(text, place)
    if kind == "text":
        return _words(text, place)
    return str(text)


def _words(text: str, place: str) -> Words:
    tokens = frozenset(query_tokens(text))
    if not tokens:
        raise BadQuery(f"{text[:80]!r} holds no word.", place=place, hint="Give letters, digits or characters.")
    return Words(tokens)


def _circle(text: str, place: str) -> Circle:
    try:
        circle = Circle(*(float(part) for part in text.removesuffix(fields.KM).split(",")))
    except (TypeError, ValueError):
        circle = Circle(math.nan, 0, 0)
    if not (abs(circle.lat) <= 90 and abs(circle.lon) <= 180 and 0 < circle.km < math.inf):
        hint = "Give latitude,longitude,kilometres such as 39.9,116.4,5km."
        raise BadQuery(f"{text[:80]!r} is not a place and a distance.", place=place, hint=hint)
    return replace(circle, km=min(circle.km, FARTHEST_KM))


def _number(field: str, value: float | str, place: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise BadQuery(f"{value!r} is not a number.", place=place, hint="Give a finite number.")
    return max(-_NUMBERS[field], min(_NUMBERS[field], number))


def _area(text: str, place: str) -> Area:
    try:
        area = Area(*(float(part) for part in text.split(",")))
    except (TypeError, ValueError):
        area = Area(math.nan, 0, 0, 0)
    if not (-90 <= area.south <= area.north <= 90 and abs(area.west) <= 180 and abs(area.east) <= 180):
        hint = "Give west,south,east,north in degrees."
        raise BadQuery(f"{text[:80]!r} is not an area on the globe.", place=place, hint=hint)
    return area


def period(text: str, place: str) -> Period:
    """What a date text means to Elasticsearch. Raises BadQuery."""
    return Period(*(utc_milliseconds(moment) for moment in fields.period(text, place)))


def utc_milliseconds(moment: datetime) -> datetime:
    """The moment as Elasticsearch compares it: UTC (no zone means UTC), whole milliseconds."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(microsecond=aware.microsecond // 1000 * 1000)
