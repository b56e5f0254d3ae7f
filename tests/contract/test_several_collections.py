"""Several collections searched at once, on both indices: as if all were in one, where their packs agree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.parts import PACK, HistogramEncoder, MemoryStore, indexer, networks, png, scene, searcher

from embedding_pipeline.domain import Box, ImageRef
from embedding_pipeline.errors import NotFound, PackMismatch
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Condition, Filter, PictureClause, Query, TextClause, VectorQuery, together

LEFT = Box(10, 20, 60, 80)


def ref(n: int, colour: str) -> ImageRef:
    return ImageRef(f"test:{n}", data=png(scene((colour, LEFT), seed=n)), file_name=f"{n}.png")


@pytest.fixture
def both(index: ObjectIndex) -> str:
    """Two collections of one pack and different index types; picture 1 is in both."""
    take_in = indexer(index, networks(), MemoryStore())
    index.create("photos", PACK, "int8_hnsw")
    index.create("shop", PACK, "hnsw")
    take_in.ingest([ref(0, "red"), ref(1, "red"), ref(2, "blue")], collection="photos")
    take_in.ingest([ref(1, "red"), ref(3, "red"), ref(4, "green")], collection="shop")
    return together(["photos", "shop", "photos"])


def test_hits_of_all_come_ranked_together_and_say_where_they_are(index: ObjectIndex, both: str) -> None:
    search = searcher(index, networks())
    for clause in (TextClause("red"), PictureClause(scene(("red", LEFT), seed=9))):
        answer = search.search(both, Query((clause,), size=10, fold=False))
        found = {hit.image.file_name: hit.objects[0].object.collection for hit in answer.hits}
        assert found["0.png"] == "photos"
        assert found["3.png"] == "shop"
        assert found["1.png"] in ("photos", "shop")
        assert len(answer.hits) == len(found)
        assert {hit.objects[0].object.label for hit in answer.hits[:3]} == {"red"}
    answer = search.search(both, Query((), filter=Filter((Condition("label", any_of=("green", "blue")),)), size=10))
    assert {hit.image.file_name for hit in answer.hits} == {"2.png", "4.png"}


def test_nothing_comes_twice_and_counts_are_of_all(index: ObjectIndex, both: str) -> None:
    (vector,) = HistogramEncoder().encode_images([scene(("red", LEFT), seed=1)])
    (near,) = index.search(both, [VectorQuery("vit", vector, 50)])
    ids = [found.object_id for found in near]
    assert len(ids) == len(set(ids)) == 10
    assert len(index.objects(both, ids)) == 10
    assert index.info(both).name == both


def test_packs_that_differ_are_refused_and_both_named(index: ObjectIndex, both: str) -> None:
    index.create("other", replace(PACK, name="pebbles", revision="9" * 64))
    with pytest.raises(PackMismatch, match=r"'photos' was .* blocks .*'other' with pack pebbles") as refused:
        index.setup("photos,other")
    assert refused.value.place == "collections"
    with pytest.raises(NotFound, match="nowhere"):
        index.setup("photos,nowhere")
