from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedding_pipeline.domain import LabelName
from embedding_pipeline.queries import RankedObject, Signal, VectorQuery, WordQuery
from embedding_pipeline.search.fusion import RANK_CONSTANT, Wanted, by_image, fuse
from embedding_pipeline.search.fusion_weights import EXAMPLE, TEXT, words_weight
from embedding_pipeline.text.wanted_words import named_share

VECTOR = VectorQuery("vit", np.ones(2, np.float32), 5)


def wanted(clause: int, signal: Signal, weight: float) -> Wanted:
    return Wanted(clause, signal, weight, WordQuery((), (), 5) if signal == "words" else VECTOR)


def ranked(*ids: str) -> list[RankedObject]:
    return [RankedObject(i, i.split("-")[0], 1.0 - n / 10) for n, i in enumerate(ids)]


def test_scores_are_weighted_reciprocal_ranks_and_their_reasons_add_up() -> None:
    fused = fuse([wanted(0, "vit", 1.0), wanted(1, "words", 0.5)], [ranked("a-1", "b-1"), ranked("b-1", "c-2")])
    scores = {f.object_id: f.score for f in fused}
    assert scores["b-1"] == pytest.approx(1 / (RANK_CONSTANT + 2) + 0.5 / (RANK_CONSTANT + 1))
    assert [f.object_id for f in fused] == ["b-1", "a-1", "c-2"]
    for found in fused:
        assert sum(w.contribution for w in found.why) == pytest.approx(found.score)
    assert [(w.signal, w.clause, w.rank) for w in fused[0].why] == [("vit", 0, 2), ("words", 1, 1)]


def test_a_negative_weight_pushes_away() -> None:
    fused = fuse([wanted(0, "vit", 1.0), wanted(1, "vit", -1.0)], [ranked("a-1", "b-1"), ranked("a-1")])
    assert [f.object_id for f in fused] == ["b-1"]


def test_images_come_in_the_order_of_their_best_object() -> None:
    groups = by_image(fuse([wanted(0, "vit", 1.0)], [ranked("a-3", "b-1", "a-1")]))
    assert [[f.object_id for f in g] for g in groups] == [["a-3", "a-1"], ["b-1"]]


ids = st.lists(st.sampled_from([f"{c}-{n}" for c in "abcdef" for n in range(3)]), unique=True, max_size=12)


@given(st.lists(st.tuples(ids, st.floats(-2, 2, allow_nan=False)), max_size=4))
def test_every_ranking_is_positive_falling_and_explained(lists: list[tuple[list[str], float]]) -> None:
    fused = fuse([wanted(i, "vit", w) for i, (_, w) in enumerate(lists)], [ranked(*found) for found, _ in lists])
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
