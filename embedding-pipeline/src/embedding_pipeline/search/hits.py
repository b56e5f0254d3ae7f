"""Entries of a ranking or a listing into hits, with what is stored of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from embedding_pipeline.answers import Hit, HitObject
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.search.ranking import Entry
from embedding_pipeline.search.relevance import WEAK


def fill_page(
    index: ObjectIndex, collection: str, entries: Sequence[Entry], size: int, relevance: Mapping[str, float]
) -> tuple[list[Hit], list[Entry]]:
    """The first ``size`` hits, and the entries that were used up for them. What was deleted since it was ranked is
    simply not there any more, and the next takes its place."""
    hits: list[Hit] = []
    used: list[Entry] = []
    coming = iter(entries)
    while len(hits) < size and (batch := list(islice(coming, size - len(hits)))):
        hits.extend(hits_of(index, collection, batch, relevance))
        used.extend(batch)
    return hits, used


def hits_of(
    index: ObjectIndex, collection: str, entries: Sequence[Entry], relevance: Mapping[str, float]
) -> Iterator[Hit]:
    """A hit for each entry of which anything is still stored. ``relevance`` is 0..1 by object id."""
    wanted = [found.object_id for entry in entries for found in entry.objects]
    stored = {o.object_id: o for o in index.objects(collection, wanted)}
    for entry in entries:
        objects = tuple(
            HitObject(stored[f.object_id], f.score, f.why, relevance=relevance.get(f.object_id))
            for f in entry.objects
            if f.object_id in stored
        )
        if objects:
            most = max((o.relevance for o in objects if o.relevance is not None), default=None)
            yield Hit(
                objects[0].object.image,
                max(o.score for o in objects),
                objects,
                entry.near_duplicates,
                relevance=most,
                weak=most is not None and most < WEAK,
            )
