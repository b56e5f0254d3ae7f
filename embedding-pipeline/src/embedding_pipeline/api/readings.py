"""Conditions read from texts, in the form in which a query would say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embedding_pipeline import queries
from embedding_pipeline.api import schemas


def readings(read: Sequence[queries.Reading]) -> list[schemas.ReadCondition]:
    """The entries of ``read_from_text``."""
    return [
        schemas.ReadCondition(
            key=one.key,
            text=one.text,
            clause=one.clause,
            start=one.start,
            end=one.end,
            read_as="all_of" if one.parts else "not" if one.away else "filter",
            all_of=[_part(part) for part in one.parts],
            filter=None if one.filter.empty else _filter(one.filter),
            away=schemas.ReadAway(text=one.away.text, weight=one.away.weight) if one.away else None,
            admits_nothing=not one.admits,
        )
        for one in read
    ]


def _part(part: queries.Part) -> schemas.ReadPart:
    relation = part.relation
    return schemas.ReadPart(
        text=part.clause.text if isinstance(part.clause, queries.TextClause) else "",
        count=schemas.ReadCount(min=part.least, max=part.most),
        relation=schemas.ReadRelation(**{"is": relation.name}, other=relation.other) if relation else None,
    )


def _filter(filter: queries.Filter) -> dict[str, Any]:
    """As JSON; what is read are conditions alone."""
    said: dict[str, Any] = {}
    for condition in filter.conditions:
        if condition.range is not None:
            bounds = {"gte": condition.range.gte, "lte": condition.range.lte}
            said[condition.field] = {name: value for name, value in bounds.items() if value is not None}
        else:
            said[condition.field] = {"any": list(condition.any_of), "none": list(condition.none_of)}
    return said
