"""Conditions read from the words of a query, as the JSON of a query would give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from boxlens.api.schemas.read_conditions import ReadAway, ReadCondition, ReadCount, ReadPart, ReadRelation
from boxlens.domain import queries
from boxlens.domain.filters import Filter, NumberRange, Period, iso


def read_conditions(readings: Sequence[queries.Reading]) -> list[ReadCondition]:
    """The entries of ``read_from_text``."""
    return [
        ReadCondition(
            key=reading.key,
            text=reading.text,
            clause=reading.clause,
            start=reading.start,
            end=reading.end,
            read_as="all_of" if reading.parts else "not" if reading.away else "filter",
            all_of=[_part(part) for part in reading.parts],
            filter=None if reading.filter.empty else _filter(reading.filter),
            away=ReadAway(text=reading.away.text, weight=reading.away.weight) if reading.away else None,
            admits_nothing=not reading.admits,
        )
        for reading in readings
    ]


def _part(part: queries.Part) -> ReadPart:
    relation = part.relation
    return ReadPart(
        text=part.clause.text if isinstance(part.clause, queries.TextClause) else "",
        count=ReadCount(min=part.min_count, max=part.max_count),
        relation=ReadRelation(**{"is": relation.name}, other=relation.other) if relation else None,
    )


def _filter(filter: Filter) -> dict[str, Any]:
    """The JSON of a filter that was read from words; it has conditions and no nested filters."""
    values: dict[str, Any] = {}
    for condition in filter.conditions:
        if condition.range is not None:
            bounds = _bounds(condition.range)
            values[condition.field] = {name: value for name, value in bounds.items() if value is not None}
        else:
            values[condition.field] = {"any": list(condition.any_of), "none": list(condition.none_of)}
    return values


def _bounds(range: NumberRange | Period) -> dict[str, float | str | None]:
    if isinstance(range, NumberRange):
        return {"gte": range.gte, "lte": range.lte}
    if range.local:
        edges = (edge.date().isoformat() if edge else None for edge in (range.first, range.last))
        return dict(zip(("gte", "lte"), edges, strict=True))
    return {"gte": iso(range.first) if range.first else None, "lte": iso(range.last) if range.last else None}
