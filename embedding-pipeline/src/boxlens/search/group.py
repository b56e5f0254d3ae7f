"""Ranked objects into hits: one an image or one a box, images that look the same in one, in the order asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from boxlens.domain.collections import CollectionSet
from boxlens.domain.ports import IndexReader
from boxlens.domain.queries import Sort
from boxlens.imaging.perceptual_hash import group_duplicates, near_duplicates
from boxlens.search.cursor import SeenCursor, token
from boxlens.search.requests import RankingRequest
from boxlens.search.scoring.fuse import FusedObject


@dataclass(frozen=True, slots=True, eq=False)
class RankedHit:
    """A hit before its documents are read: its image id (its object id where each box is a hit), its objects, and the
    ids of the images that look the same, best first."""

    key: str
    objects: tuple[FusedObject, ...]
    near_duplicates: tuple[str, ...] = ()


def group(index: IndexReader, request: RankingRequest, ranked: Sequence[FusedObject]) -> tuple[RankedHit, ...]:
    """The hits of a ranking, in the order of the query's ``sort``. Raises ElasticsearchAway."""
    query = request.query
    if query.group_by == "object":
        hits = [RankedHit(entry.object_id, (entry,)) for entry in ranked]
    else:
        hits = [RankedHit(objects[0].image_id, tuple(objects)) for objects in by_image(ranked)]
        if query.collapse_duplicates:
            hits = collapse_duplicates(index, request.collections, hits, request.seen)
    return tuple(sort_hits(hits, query.sort))


def by_image(ranked: Sequence[FusedObject]) -> list[list[FusedObject]]:
    """The same objects grouped by image, images in the order of their best object."""
    groups: dict[str, list[FusedObject]] = {}
    for entry in ranked:
        groups.setdefault(entry.image_id, []).append(entry)
    return list(groups.values())


def collapse_duplicates(
    index: IndexReader, collections: CollectionSet, hits: Sequence[RankedHit], seen: SeenCursor
) -> list[RankedHit]:
    """Images that look like a better one go into its hit; one that was shown already stays a hit of its own. The whole
    hashes are read of those images alone whose first bits are near to another's."""
    order = hits if not seen.tokens else sorted(hits, key=lambda hit: token(hit.key) not in seen.tokens)
    doubtful = [order[place].key for place in near_duplicates([hit.objects[0].picture_bits for hit in order])]
    frames = index.stored(collections, doubtful) if doubtful else {}
    hashes = [frames[hit.key].image.picture_hash if hit.key in frames else "" for hit in order]
    return [
        replace(order[i], near_duplicates=tuple(order[j].key for j in others)) if others else order[i]
        for i, others in group_duplicates(hashes)
    ]


def sort_hits(hits: Sequence[RankedHit], sort: Sort) -> list[RankedHit]:
    """Hits and the objects in each by the values of ``sort``; what has none comes last, ties go by id."""
    if sort.field == "relevance":
        return list(hits)

    def place(entry: FusedObject) -> tuple[bool, float, str]:
        value = entry.value
        return (value is None, 0.0 if value is None else -value if sort.descending else value, entry.object_id)

    ordered = [replace(hit, objects=tuple(sorted(hit.objects, key=place))) for hit in hits]
    return sorted(ordered, key=lambda hit: place(hit.objects[0]))
