"""Filters of a query checked and typed once, for Elasticsearch and for the exact twin alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from embedding_pipeline import fields
from embedding_pipeline.domain import Condition, Filter, Range
from embedding_pipeline.errors import BadQuery

FieldKind = Literal["word", "number", "date", "place"]
DEEPEST = 8
MOST_VALUES = 10_000

_WORDS = """
object_id image_id kind label tags colours format camera file_name source_uri bucket image_key md5
collection pack pack_revision
"""
_SIDES = ("x1", "y1", "x2", "y2")
_NUMBERS: dict[str, float] = {
    **dict.fromkeys(("width", "height", "number", *(f"box.{side}" for side in _SIDES)), 2**31 - 1),
    **dict.fromkeys(("box_score", "area_share", *(f"box_norm.{side}" for side in _SIDES)), 3e38),
    "bytes": 2**62,
}
"""Number fields and the largest amount a value is clamped to, inside what their type holds."""

FIELDS: dict[str, FieldKind] = {
    **dict.fromkeys(_WORDS.split(), "word"),
    **dict.fromkeys(_NUMBERS, "number"),
    "taken_at": "date",
    "ingested_at": "date",
    "location": "place",
}


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last instant a date text means, UTC, to the millisecond: a year, month, day or moment."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Area:
    """South, west, north, east in degrees; west may lie east of east, across the date line."""

    south: float
    west: float
    north: float
    east: float


Value = str | float | Period | Area
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
        tuple(_check(condition, f"{place}.{condition.field}") for condition in filter.conditions),
        tuple(checked(f, f"{place}.any[{i}]", depth + 1) for i, f in enumerate(filter.any)),
        tuple(checked(f, f"{place}.none[{i}]", depth + 1) for i, f in enumerate(filter.none)),
    )


def _check(condition: Condition, place: str) -> Check:
    kind = _kind(condition.field, place)
    if len(condition.any_of) + len(condition.none_of) > MOST_VALUES:
        raise BadQuery(f"More than {MOST_VALUES} values for one field.", place=place, hint="Ask in several queries.")
    field = condition.field
    low, high = _bounds(field, condition.range, kind, place) if condition.range else (None, None)
    any_of, none_of = (
        tuple(_value(field, text, kind, place) for text in texts) for texts in (condition.any_of, condition.none_of)
    )
    return Check(field, kind, any_of, none_of, low, high)


def _kind(field: str, place: str) -> FieldKind:
    if field.startswith(fields.ATTRIBUTES) and len(field) > len(fields.ATTRIBUTES) and "\0" not in field:
        return "word"
    if field not in FIELDS:
        known = ", ".join([*FIELDS, "attributes.NAME"])
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
        return _area(text, place)
    return str(text)


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
        hint = "Give south,west,north,east in degrees."
        raise BadQuery(f"{text!r} is not an area on the globe.", place=place, hint=hint)
    return area


def period(text: str, place: str) -> Period:
    """What a date text means to Elasticsearch. Raises BadQuery."""
    return Period(*(utc_milliseconds(moment) for moment in fields.period(text, place)))


def utc_milliseconds(moment: datetime) -> datetime:
    """The moment as Elasticsearch compares it: UTC (no zone means UTC), whole milliseconds."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(microsecond=aware.microsecond // 1000 * 1000)
