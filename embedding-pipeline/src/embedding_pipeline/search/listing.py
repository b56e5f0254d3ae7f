"""Queries without clauses: what a filter admits, in the order of the index, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from embedding_pipeline.filters import both
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Condition, Filter, Query, RankedObject
from embedding_pipeline.search.cursors import Behind, until
from embedding_pipeline.search.fusion import Fused
from embedding_pipeline.search.ranking import Entry

_BATCH = 4  # times the page: what is read at once, because several boxes may make one image


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """One page of a listing; ``behind`` is where the next one goes on, None when there is none."""

    entries: tuple[Entry, ...]
    behind: Behind | None


def list_page(index: ObjectIndex, collection: str, query: Query, behind: Behind | None, now: int) -> Listed:
    """The hits behind that place. An image stands where the first of its objects stands, with all of its objects under
    the filter. What came in after the first page was asked for is not seen."""
    moment = behind.moment if behind else now
    filter = until(_shown(query), moment) if behind else _shown(query)
    after, value = (behind.object_id, behind.value) if behind else (None, None)
    entries: list[Entry] = []
    places: list[RankedObject] = []
    full = True
    while full and len(entries) <= query.size:
        batch = index.matching(collection, filter, _BATCH * query.size, after, sort=query.sort, after_value=value)
        full = len(batch) == _BATCH * query.size
        for first, objects in _hits(index, collection, query, filter, batch):
            places.append(first)
            entries.append(_entry(objects, query))
        if batch:
            after, value = batch[-1].object_id, batch[-1].value
    if len(entries) <= query.size:
        return Listed(tuple(entries), None)
    last, before = places[query.size - 1], behind.count if behind else 0
    reached = Behind(moment, last.object_id, last.value, before + query.size)
    return Listed(tuple(entries[: query.size]), reached)


def _shown(query: Query) -> Filter:
    """The filter; an empty one lists images by their frames, unless these have no place in the order."""
    if query.filter.empty and query.sort.field != "box_area":
        return replace(query.filter, conditions=(Condition("kind", any_of=("frame",)),))
    return query.filter


def _hits(
    index: ObjectIndex, collection: str, query: Query, filter: Filter, batch: Sequence[RankedObject]
) -> list[tuple[RankedObject, list[RankedObject]]]:
    """The hits that begin in this batch, by their first object, each with all its objects in order."""
    if query.group_by == "object":
        return [(found, [found]) for found in batch]
    firsts: dict[str, RankedObject] = {}
    for found in batch:
        firsts.setdefault(found.image_id, found)
    if not firsts:
        return []
    whole: dict[str, list[RankedObject]] = {}
    theirs = both((filter, Filter((Condition("image_id", any_of=tuple(firsts)),))))
    for found in index.matching(collection, theirs, _ALL, sort=query.sort):
        whole.setdefault(found.image_id, []).append(found)
    begin = [(first, whole.get(image_id, [first])) for image_id, first in firsts.items()]
    # an image whose first object lies before this batch stood on an earlier page or in an earlier batch
    return [(first, objects) for first, objects in begin if objects[0].object_id == first.object_id]


def _entry(objects: Sequence[RankedObject], query: Query) -> Entry:
    key = objects[0].object_id if query.group_by == "object" else objects[0].image_id
    return Entry(key, tuple(Fused(o.object_id, o.image_id, 0.0, (), o.value) for o in objects))


_ALL = 1_000_000
