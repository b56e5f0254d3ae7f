"""Ranked hits into hits of an answer, with what is stored of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from boxlens.domain.answers.hits import Hit, HitObject
from boxlens.domain.collections import CollectionSet
from boxlens.domain.ports import IndexReader
from boxlens.search.group import RankedHit
from boxlens.search.scoring.thresholds import WEAK


def hydrate_page(
    index: IndexReader,
    collections: CollectionSet,
    ranked: Sequence[RankedHit],
    size: int,
    relevance: Mapping[str, float],
    hit_relevance: Mapping[str, float],
) -> tuple[list[Hit], list[RankedHit]]:
    """The first ``size`` hits, and the ranked hits that were used up for them. What was deleted since it was ranked is
    passed over, and the next takes its place. ``relevance`` is 0..1 by object id, ``hit_relevance`` by the key of a
    hit. Raises ElasticsearchAway."""
    hits: list[Hit] = []
    used: list[RankedHit] = []
    remaining = iter(ranked)
    while len(hits) < size and (batch := list(islice(remaining, size - len(hits)))):
        hits.extend(hydrate(index, collections, batch, relevance, hit_relevance))
        used.extend(batch)
    return hits, used


def hydrate(
    index: IndexReader,
    collections: CollectionSet,
    ranked: Sequence[RankedHit],
    relevance: Mapping[str, float],
    hit_relevance: Mapping[str, float],
) -> Iterator[Hit]:
    """A hit for each ranked hit of which anything is still stored. ``relevance`` is 0..1 by object id,
    ``hit_relevance`` by the key of a hit."""
    object_ids = [entry.object_id for hit in ranked for entry in hit.objects]
    stored = {obj.object_id: obj for obj in index.objects(collections, object_ids)}
    for hit in ranked:
        objects = tuple(
            HitObject(stored[entry.object_id], entry.score, entry.why, relevance=relevance.get(entry.object_id))
            for entry in hit.objects
            if entry.object_id in stored
        )
        if objects:
            own = hit_relevance.get(hit.key)
            yield Hit(
                objects[0].object.image,
                max(o.score for o in objects),
                objects,
                hit.near_duplicates,
                relevance=own,
                weak=own is not None and own < WEAK,
            )
