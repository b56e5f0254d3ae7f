"""Several collections searched at once, on both indices: as if all were in one, where their packs agree."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from tests.contract.objects import frame, record, thing
from tests.parts import PACK, HistogramEncoder, MemoryStore, indexer, networks, png, scene, searcher

from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import NotFound, PackMismatch
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject, Vector, object_id
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import ObjectClause, PictureClause, Query, TextClause, VectorQuery
from boxlens.domain.references import ImageRef

LEFT = Box(10, 20, 60, 80)


def ref(n: int, colour: str) -> ImageRef:
    return ImageRef(f"test:{n}", data=png(scene((colour, LEFT), seed=n)), file_name=f"{n}.png")


@pytest.fixture
def both(index: ObjectIndex) -> CollectionSet:
    """Two collections of one pack and different index types; picture 1 is in both."""
    take_in = indexer(index, networks(), MemoryStore())
    index.create("photos", PACK, "int8_hnsw")
    index.create("shop", PACK, "hnsw")
    take_in.ingest([ref(0, "red"), ref(1, "red"), ref(2, "blue")], collection="photos")
    take_in.ingest([ref(1, "red"), ref(3, "red"), ref(4, "green")], collection="shop")
    return CollectionSet.of(["photos", "shop", "photos"])


def test_hits_of_all_come_ranked_together_and_say_where_they_are(index: ObjectIndex, both: CollectionSet) -> None:
    search = searcher(index, networks())
    for clause in (TextClause("red"), PictureClause(scene(("red", LEFT), seed=9))):
        answer = search.search(both, Query((clause,), size=10, collapse_duplicates=False))
        collections = {hit.image.file_name: hit.objects[0].object.collection for hit in answer.hits}
        assert collections["0.png"] == "photos"
        assert collections["3.png"] == "shop"
        assert collections["1.png"] in ("photos", "shop")
        assert len(answer.hits) == len(collections)
        assert {hit.objects[0].object.label for hit in answer.hits[:3]} == {"red"}
    answer = search.search(both, Query((), filter=Filter((Condition("label", any_of=("green", "blue")),)), size=10))
    assert {hit.image.file_name for hit in answer.hits} == {"2.png", "4.png"}


def test_nothing_comes_twice_and_counts_are_of_all(index: ObjectIndex, both: CollectionSet) -> None:
    (vector,) = HistogramEncoder().encode_images([scene(("red", LEFT), seed=1)])
    (near,) = index.search(both, [VectorQuery("vit", vector, 50)])
    ids = [entry.object_id for entry in near]
    assert len(ids) == len(set(ids)) == 10
    assert len(index.objects(both, ids)) == 10
    assert index.info(both).name == "photos,shop"


def test_packs_that_differ_are_refused_and_both_named(index: ObjectIndex, both: CollectionSet) -> None:
    index.create("other", replace(PACK, name="pebbles", revision="9" * 64))
    with pytest.raises(PackMismatch, match=r"'photos' was .* blocks .*'other' with pack pebbles") as refused:
        index.setup(CollectionSet.of(["photos", "other"]))
    assert refused.value.place == "collections"
    with pytest.raises(NotFound, match="nowhere"):
        index.setup(CollectionSet.of(["photos", "nowhere"]))


KINDS = 8  # of things, each with a look of its own


def held(n: int) -> tuple[int, int]:
    """The two kinds of things in picture number ``n``."""
    return n % KINDS, (n + 1 + n // KINDS % (KINDS - 1)) % KINDS


def looking_like(kind: int, rng: np.random.Generator) -> Vector:
    dims = HistogramEncoder.dims
    vector = np.eye(dims)[kind] + 0.1 * rng.standard_normal(dims)
    unit: Vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


def pictured(n: int) -> list[IndexedObject]:
    """A picture of two things that are told by their looks alone; its frame looks like nothing."""
    rng, image = np.random.default_rng(n), record(f"picture {n}")
    looks = [looking_like(kind, rng) for kind in (KINDS, *held(n))]
    made = [frame(image), thing(image, 1, "thing"), thing(image, 2, "thing")]
    return [replace(o, vit_vector=look, clip_vector=look) for o, look in zip(made, looks, strict=True)]


@pytest.mark.parametrize("collections", [["photos"], ["photos", "shop"]])
def test_no_picture_holds_what_is_excluded_by_its_looks_and_most_others_stay(
    index: ObjectIndex, collections: list[str]
) -> None:
    for i, name in enumerate(collections):
        index.create(name, PACK)
        mine = [o for n in range(i, 120, len(collections)) for o in pictured(n)]
        assert all(result.ok for result in index.write(name, mine))
        index.refresh(name)
    search = searcher(index, networks())
    names = {record(f"picture {n}").image_id: n for n in range(120)}
    right = stayed = 0
    for included, unwanted in permutations(range(4), 2):
        first = {kind: next(n for n in range(120) if held(n)[0] == kind) for kind in (included, unwanted)}
        like = {kind: object_id(record(f"picture {n}").image_id, 1) for kind, n in first.items()}
        clauses = (ObjectClause(like[included]), ObjectClause(like[unwanted], -0.5))
        answer = search.search(
            CollectionSet.of(collections), Query(clauses, size=120, collapse_duplicates=False, min_relevance=0.2)
        )
        hit_names = {names[hit.image.image_id] for hit in answer.hits}
        free = {n for n in range(120) if included in held(n) and unwanted not in held(n)}
        assert hit_names <= free
        right, stayed = right + len(free), stayed + len(hit_names)
    assert stayed >= 0.9 * right  # what looks a little like it by chance goes too
