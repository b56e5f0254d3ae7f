from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxlens.domain.objects import LabelName
from boxlens.domain.queries import RankedObject, Signal, VectorQuery, WordQuery
from boxlens.language.word_query import named_share
from boxlens.search.group import by_image
from boxlens.search.requests import RankedList, RankedListRequest
from boxlens.search.scoring.fuse import LABEL_BONUS, RANK_CONSTANT, fuse
from boxlens.search.scoring.fusion_weights import EXAMPLE, TEXT, words_weight

VECTOR = VectorQuery("vit", np.ones(2, np.float32), 5)


def ranked(clause: int, signal: Signal, weight: float, *ids: str) -> RankedList:
    query = WordQuery((), (), 5) if signal == "words" else VECTOR
    objects = [RankedObject(i, i.split("-")[0], 1.0 - n / 10) for n, i in enumerate(ids)]
    return RankedList(RankedListRequest(clause, signal, weight, query), objects)


def test_scores_are_weighted_reciprocal_ranks_and_their_reasons_add_up() -> None:
    fused = fuse([ranked(0, "vit", 1.0, "a-1", "b-1"), ranked(1, "words", 0.5, "b-1", "c-2")])
    scores = {f.object_id: f.score for f in fused}
    assert scores["b-1"] == pytest.approx(1 / (RANK_CONSTANT + 2) + 0.5 / (RANK_CONSTANT + 1))
    assert [f.object_id for f in fused] == ["b-1", "a-1", "c-2"]
    for entry in fused:
        assert sum(w.contribution for w in entry.why) == pytest.approx(entry.score)
    assert [(w.signal, w.clause, w.rank) for w in fused[0].why] == [("vit", 0, 2), ("words", 1, 1)]


def test_a_negative_weight_pushes_away() -> None:
    fused = fuse([ranked(0, "vit", 1.0, "a-1", "b-1"), ranked(1, "vit", -1.0, "a-1")])
    assert [f.object_id for f in fused] == ["b-1"]


def test_the_label_of_an_example_lifts_objects_that_have_it() -> None:
    objects = [
        RankedObject(f"{name}-1", name, 0.9, label=label) for name, label in zip("abc", ("cat", "", "dog"), strict=True)
    ]
    request = RankedListRequest(0, "vit", 2.0, VECTOR, label="dog")
    fused = fuse([RankedList(request, objects)])
    assert [f.object_id for f in fused] == ["c-1", "a-1", "b-1"]
    assert fused[0].score == pytest.approx(2 * (1 / (RANK_CONSTANT + 3) + LABEL_BONUS))
    assert fused[0].why[0].contribution == pytest.approx(fused[0].score)


def test_the_very_object_that_was_asked_with_stays_first() -> None:
    objects = [RankedObject("a-1", "a", 1.0), RankedObject("b-1", "b", 0.9, label="dog")]
    request = RankedListRequest(0, "vit", 1.0, VECTOR, own_object="a-1", label="dog")
    assert [f.object_id for f in fuse([RankedList(request, objects)])] == ["a-1", "b-1"]


def test_an_object_that_is_left_out_is_not_ranked() -> None:
    fused = fuse([ranked(0, "vit", 1.0, "a-1", "b-1")], leave_out="a-1")
    assert [(f.object_id, f.why[0].rank) for f in fused] == [("b-1", 2)]


def test_images_come_in_the_order_of_their_best_object() -> None:
    groups = by_image(fuse([ranked(0, "vit", 1.0, "a-3", "b-1", "a-1")]))
    assert [[f.object_id for f in g] for g in groups] == [["a-3", "a-1"], ["b-1"]]


ids = st.lists(st.sampled_from([f"{c}-{n}" for c in "abcdef" for n in range(3)]), unique=True, max_size=12)


@given(st.lists(st.tuples(ids, st.floats(-2, 2, allow_nan=False)), max_size=4))
def test_every_ranking_is_positive_falling_and_explained(lists: list[tuple[list[str], float]]) -> None:
    fused = fuse([ranked(i, "vit", weight, *some) for i, (some, weight) in enumerate(lists)])
    scores = [f.score for f in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(s > 0 for s in scores)
    assert all(abs(sum(w.contribution for w in f.why) - f.score) < 1e-12 for f in fused)
    assert len({f.object_id for f in fused}) == len(fused)


LABELS = (
    LabelName("dog", ("dog",), ("狗",)),
    LabelName("person", ("man",), ("男人",)),
    LabelName("car", (), ("汽车",)),
)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("dogs", 1),
        ("红色汽车", 1),
        ("红 汽车", 1),
        ("红色的汽车", 1),
        ("Toyota", 1),
        ("an old man repairs a bicycle", 1 / 6),
        ("男人在骑马", 2 / 5),
    ],
)
def test_words_count_as_much_as_the_text_is_names(text: str, share: float) -> None:
    assert named_share(text, LABELS) == pytest.approx(share)
    assert words_weight(text, LABELS) == pytest.approx(max(TEXT["clip"] / 2, TEXT["words"] * share**2))


def test_clauses_of_all_kinds_stand_level() -> None:
    assert sum(EXAMPLE.values()) == pytest.approx(sum(TEXT.values())) == pytest.approx(2)
