"""What is stored in memory, which of it a filter admits, and what its facets count."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np

from boxlens.domain.filters import (
    Area,
    Circle,
    Condition,
    Filter,
    NumberRange,
    Period,
    Value,
    Words,
    utc_milliseconds,
)
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import GeoPoint
from boxlens.index.derived import DERIVED, with_count_terms
from boxlens.schema import ATTRIBUTES, BY_NAME, FACET_FIELDS, STORED_FIELDS, StoredField

EARTH_KM = 6371.0087714
"""Mean radius of the earth (IUGG), as org.apache.lucene.util.SloppyMath has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """An object as the twin keeps it, also without its vectors, with the fields an index adds. ``box_score`` is as
    float32 holds it."""

    object: IndexedObject
    without_vectors: IndexedObject
    collection: str
    pack: str
    pack_revision: str
    ingested_at: datetime
    changed_at: datetime
    tokens: dict[str, frozenset[str]]
    object_id: str
    picture_bits: int | None
    box_score: float
    label_counts: frozenset[str] = frozenset()
    objects: int = 0

    @property
    def image_id(self) -> str:
        return self.object.image.image_id


def facet_counts(passing: Sequence[Stored]) -> dict[str, dict[str, int]]:
    """Images by the values that their objects have, for each facet of the schema; dates by their year."""
    counts: dict[str, dict[str, int]] = {}
    counted = [stored for stored in passing if stored.object.kind != "proposal"]
    for field in FACET_FIELDS:
        pairs = {(_facet_text(value), stored.image_id) for stored in counted for value in field_values(stored, field)}
        images = Counter(value for value, _ in pairs)
        counts[field.facet] = dict(sorted(images.items(), key=lambda item: (-item[1], item[0])))
    return counts


def _facet_text(value: Any) -> str:
    return f"{value.year:04d}" if isinstance(value, datetime) else str(value)


def passing(stored: Iterable[Stored], filter: Filter) -> list[Stored]:
    """Those that satisfy a filter. Images that it names are looked up at once, as hundreds may be."""
    images = [frozenset(c.any_of) for c in filter.conditions if c.field == "image_id" and c.any_of]
    for ids in images:
        stored = [entry for entry in stored if entry.image_id in ids]
    rest = tuple(replace(c, any_of=()) if c.field == "image_id" else c for c in filter.conditions)
    rest = tuple(c for c in rest if c != Condition("image_id"))
    left = replace(filter, conditions=rest)
    return list(stored) if left.empty else [entry for entry in stored if passes(entry, left)]


def names_images(filter: Filter) -> bool:
    return any(condition.field == "image_id" and condition.any_of for condition in filter.conditions)


def passes(stored: Stored, filter: Filter) -> bool:
    """Whether an object satisfies a filter, by the rules Elasticsearch applies."""
    return (
        all(_holds(stored, condition) for condition in with_count_terms(filter.conditions))
        and (not filter.any or any(passes(stored, inner) for inner in filter.any))
        and not any(passes(stored, inner) for inner in filter.none)
    )


def _holds(stored: Stored, condition: Condition) -> bool:
    field = condition.field
    if isinstance(condition.range, Period) and condition.range.local:
        field = BY_NAME[field].local
    values = _condition_values(stored, field)
    if condition.any_of and not any(_is(value, admitted) for value in values for admitted in condition.any_of):
        return False
    if any(_is(value, unwanted) for value in values for unwanted in condition.none_of):
        return False
    match condition.range:
        case NumberRange(low, high):
            return any(_between(value, low, high) for value in values)
        case Period(first, last):
            return any(_between(value, first, last) for value in values)
    return True


def _is(value: Any, admitted: Value) -> bool:
    match admitted:
        case Area(west, south, east, north):
            inside = west <= value.lon <= east if west <= east else value.lon >= west or value.lon <= east
            return bool(inside and south <= value.lat <= north)
        case Circle(lat, lon, km):
            return kilometres(value, GeoPoint(lat, lon)) <= km
        case Words(tokens):
            return value.issuperset(tokens)  # type: ignore[no-any-return]
        case keyword:
            return bool(value == keyword)


def kilometres(a: GeoPoint, b: GeoPoint) -> float:
    """Distance on a sphere by the haversine formula, with the mean radius of the earth that Lucene takes."""
    south, north = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((north - south) / 2) ** 2
    half += math.cos(south) * math.cos(north) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def _between(value: Any, low: Any, high: Any) -> bool:
    if isinstance(value, np.float32):  # a float field compares what it stores: bounds are rounded alike
        low, high = (None if bound is None else np.float32(bound) for bound in (low, high))
    return (low is None or bool(value >= low)) and (high is None or bool(value <= high))


def _condition_values(stored: Stored, name: str) -> list[Any]:
    """What an object holds in the field of a condition: a text as the set of its tokens."""
    if name.startswith(ATTRIBUTES):
        value = stored.object.image.attributes.get(name.removeprefix(ATTRIBUTES))
        return [] if value is None else [value]
    field = BY_NAME[name]
    if field.filter == "words":
        return [stored.tokens[name]]
    return [value for counted in _counted_fields(name) for value in field_values(stored, counted)]


@cache
def _counted_fields(name: str) -> tuple[StoredField, ...]:
    """A field, and those whose values count as its own."""
    return (BY_NAME[name], *(other for other in STORED_FIELDS if other.counts_as == name))


def field_values(stored: Stored, field: StoredField) -> list[Any]:
    """The values of a field as the server compares them; empty when the object has none."""
    match field.source:
        case "object":
            value = getattr(stored.object, field.python_name)
        case "image":
            value = getattr(stored.object.image, field.python_name)
        case "index":
            value = getattr(stored, field.python_name)
        case "derived":
            value = DERIVED[field.name](stored.object)
    values = list(value) if field.many else [value]
    return [_compared(field, entry) for entry in values if entry is not None and entry != ""]


def _compared(field: StoredField, value: Any) -> Any:
    if field.type == "float":
        return np.float32(value)
    return utc_milliseconds(value) if field.type == "date" else value
