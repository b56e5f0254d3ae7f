"""What is not wanted, in every common form of both languages, over the 80 classes of COCO."""

from __future__ import annotations

from datetime import date

import pytest
from tests.words import rows

from boxlens.domain.filters import Condition, Filter, NumberRange
from boxlens.domain.queries import Query, TextClause
from boxlens.language.query_parsing.conditions import parse_query, parse_text, without_denied
from boxlens.language.query_parsing.negation import find_negation
from boxlens.models.coco_labels import COCO

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize("row", rows("negations.tsv"), ids=lambda row: row[0])
def test_a_negation_excludes_what_it_denies_and_leaves_the_rest(row: tuple[str, ...]) -> None:
    text, excluded, left = (*row, "")[:3]
    parsed = parse_text(text, COCO, TODAY)
    names = [reading.away.text for reading in parsed.conditions if reading.away is not None]
    assert names == ([] if excluded == "-" else excluded.split(";"))
    assert parsed.rest == left


@pytest.mark.parametrize(
    "text",
    [
        "no parking", "no smoking sign", "no. 5", "not for sale", "forget-me-not", "without a doubt", "无人机", "别墅",
        "特别的狗", "除草机", "不锈钢碗", "无花果", "no entry", "别针", "北京别墅", "没药", "告别", "分别", "no 7 bus",
        "nothing but dogs", "not only dogs but cats", "not without a dog", "hide and seek", "skip rope", "zero gravity",
        "never give up", "sans serif", "wireless keyboard", "free range eggs", "stainless steel", "non-stick pan",
        "不止狗", "不仅有狗", "非洲", "免费停车", "可以外带的咖啡", "不见不散", "不停",
    ],
)  # fmt: skip
def test_what_holds_the_word_of_a_negation_and_is_none(text: str) -> None:
    assert [reading for reading in parse_text(text, COCO, TODAY).conditions if reading.away] == []
    assert find_negation(text) is None


@pytest.mark.parametrize("text", ["狗不在草地上", "a dog that isn't on a leash", "people not looking at the camera"])
def test_a_denial_that_is_not_read_is_seen(text: str) -> None:
    assert find_negation(text) is not None
    assert [reading for reading in parse_text(text, COCO, TODAY).conditions if reading.away] == []


def test_a_class_that_is_not_wanted_leaves_no_image_with_it() -> None:
    query, readings, words = parse_query(Query((TextClause("没有狗"),), read_text=True), COCO, TODAY)
    assert query.clauses == ()
    no_dog = Filter(none=(Filter((Condition("count.dog", range=NumberRange(1, None)),)),))
    assert query.filter.none == no_dog.none
    assert [reading.key for reading in readings] == ["not:没有狗"]
    assert words == ""


def test_an_emoji_that_is_not_wanted_is_the_class_it_shows() -> None:
    query, _, _ = parse_query(Query((TextClause("🐶 -🐱"),), read_text=True), COCO, TODAY)
    assert query.filter.none == (Filter((Condition("count.cat", range=NumberRange(1, None)),)),)
    assert query.clauses[0] == TextClause("🐶")


def test_what_is_no_class_is_excluded_by_its_looks() -> None:
    query, _, words = parse_query(Query((TextClause('red -"hot sauce"'),), read_text=True), COCO, TODAY)
    assert query.clauses == (TextClause("red"), TextClause("hot sauce", -0.5))
    assert words == "red"


@pytest.mark.parametrize(("text", "left"), rows("denied.tsv"))
def test_of_a_denial_that_is_not_read_nothing_that_it_denies_is_asked_for(text: str, left: str) -> None:
    query, readings, _ = parse_query(Query((TextClause(text),), read_text=True), COCO, TODAY)
    assert readings == ()
    query, denied = without_denied(query)
    assert denied
    assert query.clauses == (TextClause(left),)
