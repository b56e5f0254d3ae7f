"""The key of a query: 16 hex digits of everything that decides its answer, by which cursors and sessions know it.

What goes in is spelled out here under names of its own, so that renaming a field of a query changes no key. Whoever
adds a field to a query adds it here; whoever changes what a field means counts ``VERSION`` up.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSet
from boxlens.domain.filters import Area, Circle, Filter, NumberRange, Period, Value, Words, iso
from boxlens.domain.queries import Clause, ObjectClause, Part, PictureClause, Query, TextClause

VERSION = 1
"""Of the serialisation."""

_STRIDE = 8  # every eighth pixel of every eighth row tells pictures apart


def query_key(collections: CollectionSet, query: Query, leave_out: str | None = None) -> str:
    """The key of a query over collections, whatever their order; ``leave_out``: id of an object that is left out.

    The cursor of the query is no part of it.
    """
    plain = serialized(query) | {"v": VERSION, "collections": sorted(collections.names), "leave_out": leave_out}
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def serialized(query: Query) -> dict[str, Any]:
    """Everything of a query but its cursor, as values of JSON."""
    return {
        "clauses": [_clause(clause) for clause in query.clauses],
        "all_of": [_part(part) for part in query.all_of],
        "filter": _filter(query.filter),
        "signals": dict(query.signals),
        "size": query.size,
        "min_relevance": query.min_relevance,
        "min_similarity": dict(query.min_similarity),
        "read_text": query.read_text,
        "ignore": list(query.ignore),
        "sort": [query.sort.field, query.sort.descending],
        "group_by": query.group_by,
        "fold": query.collapse_duplicates,
        "groups": query.groups,
    }


def _clause(clause: Clause) -> dict[str, Any]:
    if isinstance(clause, TextClause):
        return {"text": clause.text, "weight": clause.weight}
    if isinstance(clause, ObjectClause):
        return {"object": clause.object_id, "weight": clause.weight}
    assert isinstance(clause, PictureClause)
    pixels = hashlib.sha256(clause.pixels[::_STRIDE, ::_STRIDE].tobytes()).hexdigest()
    return {
        "picture": pixels,
        "shape": list(clause.pixels.shape),
        "box": _box(clause.box),
        "image": clause.image_id,
        "weight": clause.weight,
    }


def _box(box: Box | None) -> list[float] | None:
    return None if box is None else [float(side) for side in box.as_list()]


def _part(part: Part) -> dict[str, Any]:
    return {
        "clause": _clause(part.clause),
        "min": part.min_count,
        "max": part.max_count,
        "relation": [part.relation.name, part.relation.other] if part.relation else None,
    }


def _filter(filter: Filter) -> dict[str, Any]:
    conditions = [
        {
            "field": condition.field,
            "any_of": [_value(value) for value in condition.any_of],
            "none_of": [_value(value) for value in condition.none_of],
            **_bounds(condition.range),
        }
        for condition in filter.conditions
    ]
    return {
        "all": conditions,
        "any": [_filter(part) for part in filter.any],
        "none": [_filter(part) for part in filter.none],
    }


def _value(value: Value) -> str | dict[str, Any]:
    match value:
        case Words(tokens):
            return {"words": list(tokens)}
        case Area(west, south, east, north):
            return {"area": [west, south, east, north]}
        case Circle(lat, lon, km):
            return {"circle": [lat, lon, km]}
        case text:
            return text


def _bounds(range: NumberRange | Period | None) -> dict[str, Any]:
    match range:
        case NumberRange(gte, lte):
            return {"gte": gte, "lte": lte}
        case Period(first, last, local):
            moments = {"gte": iso(first) if first else None, "lte": iso(last) if last else None}
            return moments | ({"local": True} if local else {})
        case None:
            return {"gte": None, "lte": None}
