"""Similarities on one scale, the cut, and what happens where nothing can be calibrated."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from tests.contract.objects import PACK, VIT, frame, record, thing

from embedding_pipeline.domain import CollectionSettings, Vector
from embedding_pipeline.queries import (
    Condition,
    Filter,
    ObjectClause,
    Query,
    RankedObject,
    TextClause,
    VectorQuery,
    WordQuery,
)
from embedding_pipeline.search.calibration import EVEN, LEAST_SAMPLE, Sample
from embedding_pipeline.search.fusion import Wanted, fuse
from embedding_pipeline.search.relevance import AUTO_FIRST, AUTO_REST, Judged, Relevance, similar_enough, threshold
from embedding_pipeline.stores.exact import ExactIndex

SIZE = 400


def units(rng: np.random.Generator, count: int, dims: int) -> Vector:
    rows = rng.standard_normal((count, dims)).astype(np.float32)
    made: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def filled(count: int) -> ExactIndex:
    """A collection of frames whose vectors point anywhere."""
    index = ExactIndex()
    index.create("c", PACK)
    assert all(result.ok for result in index.write("c", [frame(record(f"{n}")) for n in range(count)]))
    return index


def nearest(index: ExactIndex, vector: Vector) -> tuple[Wanted, list[RankedObject]]:
    asked = VectorQuery("vit", vector, 20)
    return Wanted(0, "vit", 1.0, asked), index.search("c", [asked])[0]


def judged_of(
    index: ExactIndex, wanted: Wanted, answer: list[RankedObject], least: float | Literal["auto"] | None
) -> Judged:
    query, fused = Query((), min_relevance=least), fuse([wanted], [answer])
    return Relevance(index).judge("c", index.info("c"), query, [wanted], [answer], fused)


def test_a_small_sample_tells_nothing() -> None:
    rng = np.random.default_rng(1)
    vectors = units(rng, LEAST_SAMPLE, 64)
    assert Sample(vectors[:-1]).scale(vectors[0], 100) is None
    assert Sample(vectors).scale(vectors[0], 100) is not None
    assert Sample(np.empty((0, 0), np.float32)).scale(vectors[0], 100) is None


def test_relevance_rises_with_similarity_and_is_half_at_its_height() -> None:
    rng = np.random.default_rng(2)
    scale = Sample(units(rng, 1000, 64)).scale(units(rng, 1, 64)[0], 1000)
    assert scale is not None
    assert scale.middle == pytest.approx(0, abs=0.02)
    assert scale.spread == pytest.approx(1 / 8, rel=0.1)  # cosines of random directions of 64 dims
    told = [scale.relevance(s) for s in np.linspace(-1, 1, 50)]
    assert told == sorted(told)
    assert told[0] < 0.001
    assert told[-1] == 1.0
    high = Sample(units(rng, 1000, 512)).scale(units(rng, 1, 512)[0], 1000)
    assert high is not None
    assert high.relevance(high.middle + (high.chance + EVEN) * high.spread) == pytest.approx(0.5)


def test_more_objects_ask_for_more() -> None:
    """What chance brings among so many objects is worth the same, whatever their number, and about what ``auto`` asks
    of the best."""
    rng = np.random.default_rng(7)
    sample = Sample(units(rng, 1000, 512))
    query = units(rng, 1, 512)[0]
    scales = [sample.scale(query, objects) for objects in (1000, 100_000)]
    few, many = (scale for scale in scales if scale is not None)
    assert few.chance == pytest.approx(3.09, abs=0.01)
    assert many.chance == pytest.approx(4.26, abs=0.01)
    for scale in (few, many):
        assert scale.relevance(scale.middle + scale.chance * scale.spread) == pytest.approx(0.057, abs=0.005)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_what_a_query_is_about_is_no_background(share: float) -> None:
    """However much of the collection shows the thing, up to a third, it is as relevant as if it were rare."""
    rng = np.random.default_rng(3)
    meaning = units(rng, 1, 256)[0]
    meant = rng.random(1000) < share
    rows = units(rng, 1000, 256) + meant[:, None] * 0.9 * meaning
    scale = Sample((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)).scale(meaning, 1000)
    assert scale is not None
    assert scale.spread == pytest.approx(1 / 16, rel=0.15)
    assert scale.relevance(0.6) > 0.9


def test_where_all_pictures_are_alike_the_nearest_are_near() -> None:
    rng = np.random.default_rng(4)
    rows = units(rng, 1, 256) + 0.3 * units(rng, 300, 256)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    sample = Sample(rows)
    scale = sample.scale(rows[0], 300)
    assert scale is not None
    assert scale.relevance(sample.neighbour) >= AUTO_FIRST
    assert scale.relevance(scale.middle) < 0.1


def test_a_collection_of_one_picture_still_finds_it() -> None:
    one = units(np.random.default_rng(5), 1, 64)[0]
    scale = Sample(np.repeat(one[None], 200, axis=0)).scale(one, 200)
    assert scale is not None
    assert scale.relevance(1.0) == 1.0


def test_a_stored_vector_finds_itself_and_a_stranger_finds_nothing() -> None:
    index = filled(SIZE)
    stored = index.objects("c", [frame(record("7")).object_id], vectors=True)[0].vit_vector
    assert stored is not None
    stranger = units(np.random.default_rng(11), 1, VIT)[0]
    wanted, answer = nearest(index, stored)
    judged = judged_of(index, wanted, answer, "auto")
    assert judged.ranked[0].object_id == frame(record("7")).object_id
    assert judged.relevance[judged.ranked[0].object_id] == 1.0
    wanted, answer = nearest(index, stranger)
    judged = judged_of(index, wanted, answer, 0.9)
    assert judged.ranked == []
    assert judged.cut is not None
    assert (judged.cut.relevance, judged.cut.dropped) == (0.9, 20)
    assert judged.complete


@pytest.mark.parametrize("least", [None, "auto", 0.0, 1.0])
def test_a_small_collection_is_not_cut_and_says_so(least: float | Literal["auto"] | None) -> None:
    index = filled(LEAST_SAMPLE - 1)
    wanted, answer = nearest(index, units(np.random.default_rng(3), 1, VIT)[0])
    judged = judged_of(index, wanted, answer, least)
    assert judged.ranked == fuse([wanted], [answer])
    assert (judged.relevance, judged.cut, judged.notes) == ({}, None, ("relevance_off",))


def test_words_are_evidence_in_a_collection_of_any_size() -> None:
    index = filled(3)
    wanted = Wanted(0, "words", 1.0, WordQuery(("dog",), ("red",), 5))
    answer = [RankedObject("a-1", "a", 103.0), RankedObject("b-1", "b", 2.0)]
    judged = judged_of(index, wanted, answer, 0.95)
    assert [f.object_id for f in judged.ranked] == ["a-1"]
    assert judged.cut is not None
    assert judged.cut.dropped == 1


def test_auto_asks_more_of_the_best_than_of_the_rest() -> None:
    assert threshold("auto", AUTO_FIRST) == AUTO_REST < AUTO_FIRST
    assert threshold("auto", AUTO_FIRST - 0.01) == AUTO_FIRST
    assert threshold(0.3, 0.0) == threshold(0.3, 1.0) == 0.3
    assert threshold(None, 0.0) is None


def test_a_picture_is_asked_for_what_looks_like_it() -> None:
    """Where words would find nothing, the nearest that chance brings are shown, and marked."""
    index = filled(SIZE)
    vector = units(np.random.default_rng(8), 1, VIT)[0]
    asked = VectorQuery("vit", vector, 20)
    wanted, answer = Wanted(0, "vit", 1.0, asked), index.search("c", [asked])[0][3:]
    shown = {}
    for clause in (TextClause("x"), ObjectClause(answer[0].object_id)):
        query = Query((clause,), min_relevance="auto")
        judged = Relevance(index).judge("c", index.info("c"), query, [wanted], [answer], fuse([wanted], [answer]))
        assert judged.cut is not None
        shown[type(clause)] = judged.cut.relevance, len(judged.ranked)
    assert shown[TextClause][0] == AUTO_FIRST
    assert shown[ObjectClause][0] == AUTO_REST
    assert shown[TextClause][1] == 0 < shown[ObjectClause][1]


def test_an_image_that_holds_an_excluded_thing_goes_as_a_whole() -> None:
    """Also where a filter shows the wanted box alone, and where nothing can be calibrated, as labels need no sample."""
    index = ExactIndex()
    index.create("c", PACK)
    both, one = record("both"), record("one")
    world = [frame(both), thing(both, 1, "dog"), thing(both, 2, "cat"), frame(one), thing(one, 1, "dog")]
    assert all(result.ok for result in index.write("c", world))
    dogs = Filter((Condition("label", any_of=("dog",)),))
    lists = [
        Wanted(0, "words", 1.0, WordQuery(("dog",), (), 10, dogs)),
        Wanted(1, "words", -0.01, WordQuery(("cat",), (), 10, dogs)),
    ]
    answers = index.search("c", [wanted.query for wanted in lists])
    judged = Relevance(index).judge("c", index.info("c"), Query(()), lists, answers, fuse(lists, answers))
    assert [f.image_id for f in judged.ranked] == [one.image_id]


def test_what_is_wanted_more_than_excluded_stays() -> None:
    """The excluded thing lies near the wanted one, as cats lie near dogs: only what is nearer to it goes."""
    index = filled(SIZE)
    rng = np.random.default_rng(6)
    good, bad = units(rng, 2, VIT)
    mixed = [good + 0.3 * bad, bad + 0.3 * good]
    pictures = [replace(frame(record(f"m{n}")), vit_vector=v / np.linalg.norm(v)) for n, v in enumerate(mixed)]
    assert all(result.ok for result in index.write("c", pictures))
    lists = [Wanted(0, "vit", 1.0, VectorQuery("vit", good, 50)), Wanted(1, "vit", -0.01, VectorQuery("vit", bad, 50))]
    answers = index.search("c", [wanted.query for wanted in lists])
    judged = Relevance(index).judge("c", index.info("c"), Query(()), lists, answers, fuse(lists, answers))
    left = {f.image_id for f in judged.ranked}
    assert record("m0").image_id in left
    assert record("m1").image_id not in left


def test_a_raw_cut_off_is_of_its_own_signal() -> None:
    near = Wanted(0, "vit", 1, VectorQuery("vit", np.ones(2, np.float32), 5))
    lists = [near, Wanted(0, "words", 1, WordQuery((), ("x",), 5))]
    answers = [[RankedObject("a-1", "a", 0.9), RankedObject("b-1", "b", 0.1)], [RankedObject("b-1", "b", 0.1)]]
    kept = similar_enough(lists, answers, {"vit": 0.5})
    assert [[f.object_id for f in answer] for answer in kept] == [["a-1"], ["b-1"]]


@pytest.mark.parametrize(
    ("wanted", "usual", "cut"), [("auto", None, AUTO_REST), ("auto", 0.9, 0.9), (0.2, 0.9, 0.2), (None, 0.9, None)]
)
def test_auto_means_what_the_collection_says(
    wanted: float | Literal["auto"] | None, usual: float | None, cut: float | None
) -> None:
    assert threshold(wanted, 1.0, usual) == cut
    index = filled(SIZE)
    index.configure("c", CollectionSettings(min_relevance=usual))
    asked, answer = nearest(index, index.sample("c", "vit", 1)[0])
    judged = judged_of(index, asked, answer, wanted)
    assert (judged.cut and judged.cut.relevance) == cut
