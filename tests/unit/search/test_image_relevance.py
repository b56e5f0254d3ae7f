"""How relevant an image is, from what lists say of its objects."""

from __future__ import annotations

import numpy as np
import pytest

from boxlens.domain.queries import RankedObject, VectorQuery, WordQuery
from boxlens.language.word_query import NamedPart
from boxlens.search.requests import RankedList, RankedListRequest
from boxlens.search.scoring.thresholds import WEAK, ImageRelevance


def ranked_list(clause: int, *entries: RankedObject, part: NamedPart | None = None) -> RankedList:
    return RankedList(RankedListRequest(clause, "words", 1.0, WordQuery((), (), 5), part=part), entries)


def test_an_image_is_as_relevant_as_what_it_holds_of_the_names() -> None:
    person, horse = NamedPart("person", 0.5), NamedPart("horse", 0.5)
    lists = [
        ranked_list(0, RankedObject("both-1", "both", 1, beside=("horse",)), RankedObject("p-1", "p", 1), part=person),
        ranked_list(0, RankedObject("both-2", "both", 1, beside=("person",)), part=horse),
    ]
    images = ImageRelevance(lists, [{"both-1": 0.9, "p-1": 1.0}, {"both-2": 0.7}], {0: 1.0})
    assert images.of(["both-1", "both-2"]) == pytest.approx(0.8)
    assert images.of(["both-1"]) == pytest.approx(0.5 * 0.9 + 0.5 * 0.7)  # the horse stands further down its list
    assert images.of(["p-1"]) == pytest.approx(0.5)


def test_beside_looks_names_count_by_the_part_of_the_text_that_they_are() -> None:
    looks = RankedList(
        RankedListRequest(0, "clip", 1.0, VectorQuery("clip", np.zeros(8, np.float32), 5)),
        [RankedObject("both-0", "both", 0.3)],
    )
    for share, words in ((0.5, 1.0), (0.25, 0.5**2)):
        lists = [
            looks,
            ranked_list(0, RankedObject("both-1", "both", 1), part=NamedPart("person", share)),
            ranked_list(0, RankedObject("both-2", "both", 1), part=NamedPart("horse", share)),
        ]
        images = ImageRelevance(lists, [{"both-0": 0.4}, {"both-1": 0.8}, {"both-2": 0.8}], {0: 1.0})
        held = words * 2 * share * 0.8
        assert images.of(["both-0", "both-1", "both-2"]) == pytest.approx(1 - 0.6 * (1 - held))
        assert images.of(["both-0"]) == pytest.approx(0.4)


@pytest.mark.parametrize("others", [0, 1, 4])
def test_other_words_are_likely_of_an_only_image_that_holds_the_names_and_not_of_one_of_many(others: int) -> None:
    """Of "a man riding a horse": three names' worth, of which riding is one and no image says so."""
    names = ["own", *(f"other-{n}" for n in range(others)), "half"]
    objects = [[RankedObject(f"{name}-{n}", name, 1) for name in names[: len(names) - n]] for n in (0, 1)]
    lists = [
        ranked_list(0, *objects[0], part=NamedPart("person", 0.4)),
        ranked_list(0, *objects[1], part=NamedPart("horse", 0.4)),
        ranked_list(0, part=NamedPart(None, 0.2)),
    ]
    relevances = [{entry.object_id: 0.9 for entry in row} for row in (*objects, [])]
    hits = {name: [f"{name}-0", *([f"{name}-1"] if name != "half" else [])] for name in names}
    relevance = ImageRelevance(lists, relevances, {0: 1.0}).of_each(hits)
    assert relevance["own"] == pytest.approx(0.9 * (0.8 + 0.6 / (1 + others)) / 1.4)
    assert relevance["half"] < relevance["own"]


def test_what_holds_the_whole_text_needs_none_of_its_parts() -> None:
    words = NamedPart(None, 0.4)
    images = ImageRelevance(
        [ranked_list(0, RankedObject("a-0", "a", 1, phrase=True), part=words)], [{"a-0": 0.9}], {0: 1.0}
    )
    assert images.of(["a-0"]) == 0.9


def test_several_clauses_mean_all_of_them_by_their_weights() -> None:
    lists = [
        ranked_list(0, RankedObject("a-1", "a", 1)),
        ranked_list(1, RankedObject("a-1", "a", 1), RankedObject("b-1", "b", 1)),
    ]
    images = ImageRelevance(lists, [{"a-1": 1.0}, {"a-1": 0.5, "b-1": 0.9}], {0: 1.0, 1: 3.0})
    assert images.of(["a-1"]) == pytest.approx((1.0 + 3 * 0.5) / 4)
    assert images.of(["b-1"]) == pytest.approx(3 * 0.9 / 4)
    assert images.of(["b-1"]) > WEAK
