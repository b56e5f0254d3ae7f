"""Queries without clauses: what a filter admits, in the order of the index, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from boxlens.domain.collections import CollectionSet
from boxlens.domain.filters import Condition, Filter, both
from boxlens.domain.ports import SearchIndex
from boxlens.domain.queries import Query, RankedObject
from boxlens.search.cursor import SearchAfter, as_of
from boxlens.search.group import RankedHit
from boxlens.search.scoring.fuse import FusedObject

_BATCH = 4  # times the page: what is read at once, because several boxes may make one image
_ALL = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class BrowsePage:
    """One page of a listing; ``after`` is where the next one goes on, None when there is none."""

    hits: tuple[RankedHit, ...]
    after: SearchAfter | None


def browse(
    index: SearchIndex, collections: CollectionSet, query: Query, after: SearchAfter | None, now: int
) -> BrowsePage:
    """The hits behind a place. An image stands where the first of its objects stands, with all of its objects under the
    filter. What came in after the first page was asked for is not seen. ``now`` in milliseconds since 1970.

    Raises BadQuery for a filter that cannot be, NotFound, ElasticsearchAway.
    """
    moment = after.as_of if after else now
    filter = as_of(_listed(query), moment) if after else _listed(query)
    object_id, value = (after.object_id, after.value) if after else (None, None)
    hits: list[RankedHit] = []
    firsts: list[RankedObject] = []
    full = True
    while full and len(hits) <= query.size:
        batch = index.matching(collections, filter, _BATCH * query.size, object_id, sort=query.sort, after_value=value)
        full = len(batch) == _BATCH * query.size
        for first, objects in _images(index, collections, query, filter, batch):
            firsts.append(first)
            hits.append(_hit(objects, query))
        if batch:
            object_id, value = batch[-1].object_id, batch[-1].value
    if len(hits) <= query.size:
        return BrowsePage(tuple(hits), None)
    last, before = firsts[query.size - 1], after.count if after else 0
    reached = SearchAfter(moment, last.object_id, last.value, before + query.size)
    return BrowsePage(tuple(hits[: query.size]), reached)


def _listed(query: Query) -> Filter:
    """The filter; an empty one lists images by their frames, unless these have no place in the order. Proposals are
    listed where they are asked for by kind."""
    if query.filter.empty and query.sort.field != "box_area":
        return replace(query.filter, conditions=(Condition("kind", any_of=("frame",)),))
    if any(condition.field == "kind" for condition in query.filter.conditions):
        return query.filter
    return both((query.filter, Filter(none=(Filter((Condition("kind", any_of=("proposal",)),)),))))


def _images(
    index: SearchIndex, collections: CollectionSet, query: Query, filter: Filter, batch: Sequence[RankedObject]
) -> list[tuple[RankedObject, list[RankedObject]]]:
    """The hits that begin in this batch, by their first object, each with all its objects in order."""
    if query.group_by == "object":
        return [(obj, [obj]) for obj in batch]
    firsts: dict[str, RankedObject] = {}
    for obj in batch:
        firsts.setdefault(obj.image_id, obj)
    if not firsts:
        return []
    whole: dict[str, list[RankedObject]] = {}
    of_images = both((filter, Filter((Condition("image_id", any_of=tuple(firsts)),))))
    for obj in index.matching(collections, of_images, _ALL, sort=query.sort):
        whole.setdefault(obj.image_id, []).append(obj)
    begun = [(first, whole.get(image_id, [first])) for image_id, first in firsts.items()]
    # an image whose first object lies before this batch stood on an earlier page or in an earlier batch
    return [(first, objects) for first, objects in begun if objects[0].object_id == first.object_id]


def _hit(objects: Sequence[RankedObject], query: Query) -> RankedHit:
    key = objects[0].object_id if query.group_by == "object" else objects[0].image_id
    return RankedHit(key, tuple(FusedObject(o.object_id, o.image_id, 0.0, (), o.value) for o in objects))
