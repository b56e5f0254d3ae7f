"""Similarities on one scale, the cut, and what happens where nothing can be calibrated."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from tests.contract.objects import PACK, VIT, frame, record, thing

from boxlens.domain.collections import CollectionSet, CollectionSettings
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import Vector
from boxlens.domain.queries import ObjectClause, Query, RankedObject, TextClause, VectorQuery, WordQuery
from boxlens.index.memory.index import InMemoryIndex
from boxlens.search.cursor import SeenCursor
from boxlens.search.requests import RankedList, RankedListRequest, RankingRequest
from boxlens.search.retrieve import similar_enough
from boxlens.search.scoring.calibrate import EVEN, MIN_SAMPLE, Calibrator, Sample
from boxlens.search.scoring.fuse import fuse
from boxlens.search.scoring.thresholds import (
    HIGH_THRESHOLD,
    LOW_THRESHOLD,
    ThresholdedRanking,
    Thresholds,
    gap,
    threshold,
)

SIZE = 400


def units(rng: np.random.Generator, count: int, dims: int) -> Vector:
    rows = rng.standard_normal((count, dims)).astype(np.float32)
    made: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def filled(count: int) -> InMemoryIndex:
    """A collection of frames whose vectors point anywhere."""
    index = InMemoryIndex()
    index.create("c", PACK)
    assert all(result.ok for result in index.write("c", [frame(record(f"{n}")) for n in range(count)]))
    return index


def nearest(index: InMemoryIndex, vector: Vector) -> RankedList:
    query = VectorQuery("vit", vector, 20)
    return RankedList(RankedListRequest(0, "vit", 1.0, query), index.search("c", [query])[0])


def cut(index: InMemoryIndex, query: Query, *lists: RankedList) -> ThresholdedRanking:
    request = RankingRequest(CollectionSet.of("c"), index.info("c"), query, SeenCursor(0))
    calibrator = Calibrator(index)
    relevances = calibrator.calibrate(request.collections, request.info, lists)
    return Thresholds(index, calibrator).apply(request, lists, relevances, fuse(lists))


def cut_at(index: InMemoryIndex, ranked: RankedList, least: float | Literal["auto"] | None) -> ThresholdedRanking:
    return cut(index, Query((TextClause("x"),), min_relevance=least), ranked)


def test_a_small_sample_tells_nothing() -> None:
    rng = np.random.default_rng(1)
    vectors = units(rng, MIN_SAMPLE, 64)
    assert Sample(vectors[:-1]).scale(vectors[0], 100) is None
    assert Sample(vectors).scale(vectors[0], 100) is not None
    assert Sample(np.empty((0, 0), np.float32)).scale(vectors[0], 100) is None


def test_relevance_rises_with_similarity_and_is_half_at_its_height() -> None:
    rng = np.random.default_rng(2)
    scale = Sample(units(rng, 1000, 64)).scale(units(rng, 1, 64)[0], 1000)
    assert scale is not None
    assert scale.mean == pytest.approx(0, abs=0.02)
    assert scale.std == pytest.approx(1 / 8, rel=0.1)  # cosines of random directions of 64 dims
    relevances = [scale.relevance(s) for s in np.linspace(-1, 1, 50)]
    assert relevances == sorted(relevances)
    assert relevances[0] < 0.001
    assert relevances[-1] == 1.0
    high = Sample(units(rng, 1000, 512)).scale(units(rng, 1, 512)[0], 1000)
    assert high is not None
    assert high.relevance(high.mean + (high.chance + EVEN) * high.std) == pytest.approx(0.5)


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
        assert scale.relevance(scale.mean + scale.chance * scale.std) == pytest.approx(0.057, abs=0.005)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_what_a_query_is_about_is_no_background(share: float) -> None:
    """However much of the collection shows the thing, up to a third, it is as relevant as if it were rare."""
    rng = np.random.default_rng(3)
    meaning = units(rng, 1, 256)[0]
    meant = rng.random(1000) < share
    rows = units(rng, 1000, 256) + meant[:, None] * 0.9 * meaning
    scale = Sample((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)).scale(meaning, 1000)
    assert scale is not None
    assert scale.std == pytest.approx(1 / 16, rel=0.15)
    assert scale.relevance(0.6) > 0.9


def test_where_all_pictures_are_alike_the_nearest_are_near() -> None:
    rng = np.random.default_rng(4)
    rows = units(rng, 1, 256) + 0.3 * units(rng, 300, 256)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    sample = Sample(rows)
    scale = sample.scale(rows[0], 300)
    assert scale is not None
    assert scale.relevance(sample.neighbour) >= HIGH_THRESHOLD
    assert scale.relevance(scale.mean) < 0.1


def test_a_collection_of_one_picture_still_finds_it() -> None:
    vector = units(np.random.default_rng(5), 1, 64)[0]
    scale = Sample(np.repeat(vector[None], 200, axis=0)).scale(vector, 200)
    assert scale is not None
    assert scale.relevance(1.0) == 1.0


def test_a_stored_vector_finds_itself_and_a_stranger_finds_nothing() -> None:
    index = filled(SIZE)
    stored = index.objects("c", [frame(record("7")).object_id], vectors=True)[0].vit_vector
    assert stored is not None
    stranger = units(np.random.default_rng(11), 1, VIT)[0]
    answer = cut_at(index, nearest(index, stored), "auto")
    assert answer.objects[0].object_id == frame(record("7")).object_id
    assert answer.relevance[answer.objects[0].object_id] == 1.0
    answer = cut_at(index, nearest(index, stranger), 0.9)
    assert answer.objects == []
    assert answer.cut is not None
    assert (answer.cut.relevance, answer.cut.dropped) == (0.9, 20)
    assert answer.complete


def test_a_list_that_has_ended_asks_for_no_more_however_relevant_its_last_hit_is() -> None:
    index = filled(SIZE)
    looks = nearest(index, units(np.random.default_rng(11), 1, VIT)[0])
    shown = RankedObject(frame(record("7")).object_id, record("7").image_id, 1.0, exact_label=True, box_score=1.0)
    words = RankedListRequest(0, "words", 1.0, WordQuery(("dog",), (), 20))
    assert cut(index, Query((TextClause("x"),), min_relevance=0.9), looks, RankedList(words, [shown], True)).complete
    assert not cut(index, Query((TextClause("x"),), min_relevance=0.9), looks, RankedList(words, [shown])).complete


@pytest.mark.parametrize("least", [None, "auto", 0.0, 1.0])
def test_a_small_collection_is_not_cut_and_says_so(least: float | Literal["auto"] | None) -> None:
    index = filled(MIN_SAMPLE - 1)
    ranked = nearest(index, units(np.random.default_rng(3), 1, VIT)[0])
    answer = cut_at(index, ranked, least)
    assert answer.objects == fuse([ranked])
    assert (answer.relevance, answer.cut, answer.notes) == ({}, None, ("relevance_off",))


def test_words_are_evidence_in_a_collection_of_any_size() -> None:
    index = filled(3)
    request = RankedListRequest(0, "words", 1.0, WordQuery(("dog",), ("red",), 5))
    rare_words, label = RankedObject("b-1", "b", 151.0), RankedObject("a-1", "a", 103.0, exact_label=True)
    answer = cut_at(index, RankedList(request, [rare_words, label]), 0.95)
    assert [f.object_id for f in answer.objects] == ["a-1"]
    assert answer.cut is not None
    assert answer.cut.dropped == 1


def test_auto_asks_more_of_the_best_than_of_the_rest() -> None:
    assert threshold("auto", HIGH_THRESHOLD) == LOW_THRESHOLD < HIGH_THRESHOLD
    assert threshold("auto", HIGH_THRESHOLD - 0.01) == HIGH_THRESHOLD
    assert threshold(0.3, 0.0) == threshold(0.3, 1.0) == 0.3
    assert threshold(None, 0.0) is None


def test_a_picture_is_asked_for_what_looks_like_it() -> None:
    """Where words would find nothing, the nearest that chance brings are shown, and marked."""
    index = filled(SIZE)
    vector = units(np.random.default_rng(8), 1, VIT)[0]
    ranked = nearest(index, vector)
    ranked = RankedList(ranked.request, ranked.objects[3:])
    by_name = {}
    for clause in (TextClause("x"), ObjectClause(ranked.objects[0].object_id)):
        thresholded = cut(index, Query((clause,), min_relevance="auto"), ranked)
        assert thresholded.cut is not None
        by_name[type(clause)] = thresholded.cut.relevance, len(thresholded.objects)
    assert by_name[TextClause][0] == HIGH_THRESHOLD
    assert by_name[ObjectClause][0] == LOW_THRESHOLD
    assert by_name[TextClause][1] == 0 < by_name[ObjectClause][1]


def test_an_image_that_holds_an_excluded_thing_goes_as_a_whole() -> None:
    """Also where a filter shows the wanted box alone, and where nothing can be calibrated, as labels need no sample."""
    index = InMemoryIndex()
    index.create("c", PACK)
    both, single = record("both"), record("one")
    world = [frame(both), thing(both, 1, "dog"), thing(both, 2, "cat"), frame(single), thing(single, 1, "dog")]
    assert all(result.ok for result in index.write("c", world))
    dogs = Filter((Condition("label", any_of=("dog",)),))
    requests = [
        RankedListRequest(0, "words", 1.0, WordQuery(("dog",), (), 10, dogs)),
        RankedListRequest(1, "words", -0.01, WordQuery(("cat",), (), 10, dogs)),
    ]
    answers = index.search("c", [request.query for request in requests])
    answer = cut(index, Query((TextClause("dog"), TextClause("cat", -0.01))), *map(RankedList, requests, answers))
    assert [f.image_id for f in answer.objects] == [single.image_id]


def test_what_is_wanted_more_than_excluded_stays() -> None:
    """The excluded thing lies near the wanted one, as cats lie near dogs: only what is nearer to it goes."""
    index = filled(SIZE)
    rng = np.random.default_rng(6)
    good, bad = units(rng, 2, VIT)
    mixed = [good + 0.3 * bad, bad + 0.3 * good]
    pictures = [replace(frame(record(f"m{n}")), vit_vector=v / np.linalg.norm(v)) for n, v in enumerate(mixed)]
    assert all(result.ok for result in index.write("c", pictures))
    requests = [
        RankedListRequest(0, "vit", 1.0, VectorQuery("vit", good, 50)),
        RankedListRequest(1, "vit", -0.01, VectorQuery("vit", bad, 50)),
    ]
    answers = index.search("c", [request.query for request in requests])
    answer = cut(index, Query((TextClause("good"), TextClause("bad", -0.01))), *map(RankedList, requests, answers))
    left = {f.image_id for f in answer.objects}
    assert record("m0").image_id in left
    assert record("m1").image_id not in left


def test_a_raw_cut_off_leaves_out_what_is_less_similar() -> None:
    request = RankedListRequest(0, "vit", 1, VectorQuery("vit", np.ones(2, np.float32), 5))
    ranked = RankedList(request, [RankedObject("a-1", "a", 0.9), RankedObject("b-1", "b", 0.1)])
    assert [o.object_id for o in similar_enough(ranked, 0.5).objects] == ["a-1"]
    assert similar_enough(ranked, None) is ranked


@pytest.mark.parametrize(
    ("min_relevance", "default", "expected"),
    [("auto", None, LOW_THRESHOLD), ("auto", 0.9, 0.9), (0.2, 0.9, 0.2), (None, 0.9, None)],
)
def test_auto_means_what_the_collection_says(
    min_relevance: float | Literal["auto"] | None, default: float | None, expected: float | None
) -> None:
    assert threshold(min_relevance, 1.0, default) == expected
    index = filled(SIZE)
    index.configure("c", CollectionSettings(min_relevance=default))
    answer = cut_at(index, nearest(index, index.sample("c", "vit", 1)[0]), min_relevance)
    if (min_relevance, default) == ("auto", None):  # ends at a gap too
        assert answer.cut is not None
        assert answer.cut.relevance >= LOW_THRESHOLD
    else:
        assert (answer.cut and answer.cut.relevance) == expected


@pytest.mark.parametrize(
    ("facts", "relevance"),
    [
        ({"exact_label": True}, 1.0),
        ({"exact_label": True, "colours_met": False}, 0.4),
        ({"whole": True}, 0.9),
        ({"whole": False}, 0.4),
        ({"whole": True, "colours_met": False}, 0.4),
        ({"exact_label": True, "whole": False}, 1.0),
        ({"whole": False, "phrase": True}, 0.9),
    ],
)
def test_a_part_of_the_words_is_weak(facts: dict[str, bool], relevance: float) -> None:
    from boxlens.search.scoring.calibrate import _words_relevance

    assert _words_relevance(RankedObject("a-1", "a", 12.0)._replace(**facts)) == relevance  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("falling", "last"),
    [
        ((), 0.0),
        ((0.9, 0.8), 0.0),
        ((0.9,) * 9 + (0.609, 0.1), 0.6),
        ((0.9,) * 5 + (0.2, 0.18, 0.17, 0.16, 0.155, 0.05, 0.04), 0.15),
        ((0.9, 0.8, 0.7, 0.66, 0.609, 0.1, 0.09), 0.0),
        ((0.9, 0.1, 0.09), 0.0),
        ((0.9,) * 9 + (0.6, 0.55, 0.5), 0.0),
        ((0.4,) * 8 + (0.15, 0.1, 0.05, 0.03), 0.0),
    ],
)
def test_a_gap_is_where_a_weak_hit_is_far_below_the_one_before(falling: tuple[float, ...], last: float) -> None:
    assert gap(falling) == last
