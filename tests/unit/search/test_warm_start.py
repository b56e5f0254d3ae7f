"""A server that is warm: a first search reads no sample and no counts, and answers the same."""

from __future__ import annotations

from typing import Literal

import pytest

from boxlens.benchmarks.made_up import MadeUpCollection
from boxlens.benchmarks.scale import searcher_of
from boxlens.domain.collections import CollectionInfo, CollectionSet
from boxlens.domain.errors import NotFound
from boxlens.domain.objects import Vector
from boxlens.domain.queries import ObjectClause, Query
from boxlens.index.memory.index import InMemoryIndex

MADE_UP = MadeUpCollection(900, vit_dims=64, clip_dims=64)


class CountingIndex(InMemoryIndex):
    """Counts what a search reads beside its lists and hits."""

    reads = 0

    def sample(self, collection: str | CollectionSet, signal: Literal["vit", "clip"], size: int) -> Vector:
        self.reads += 1
        return super().sample(collection, signal, size)

    def info(self, collection: str | CollectionSet) -> CollectionInfo:
        self.reads += 1
        return super().info(collection)


def test_a_warm_searcher_reads_nothing_beside_lists_and_hits() -> None:
    index = CountingIndex()
    index.create("photos", MADE_UP.pack)
    assert all(result.ok for result in index.write("photos", list(MADE_UP.objects())))
    query = Query((ObjectClause(MADE_UP.examples(3)[2].object_id),), size=10, min_relevance="auto")
    cold = searcher_of(index, MADE_UP).search("photos", query)
    warm = searcher_of(index, MADE_UP)
    warm.warm("photos")
    before = index.reads
    answer = warm.search("photos", query)
    assert index.reads == before > 0
    assert [hit.image.image_id for hit in answer.hits] == [hit.image.image_id for hit in cold.hits]


def test_an_empty_collection_is_warm_and_an_unknown_one_is_named() -> None:
    index = InMemoryIndex()
    index.create("photos", MADE_UP.pack)
    searcher_of(index, MADE_UP).warm("photos")
    with pytest.raises(NotFound, match="nowhere"):
        searcher_of(index, MADE_UP).warm("nowhere")
