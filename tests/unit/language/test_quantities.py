"""Quantities read from texts in two languages, and numbers that count nothing."""

from __future__ import annotations

import pytest
from tests.unit.language.test_query_parsing import MANY, TODAY
from tests.words import rows

from boxlens.domain.queries import Part, TextClause
from boxlens.language.query_parsing.conditions import parse_text
from boxlens.models.coco_labels import COCO


@pytest.mark.parametrize(
    ("text", "name", "least", "most"),
    [
        ("several dogs", "dogs", 2, None),
        ("many people", "people", 3, None),
        ("a herd of elephants", "elephants", 3, None),
        ("three or more dogs", "dogs", 3, None),
        ("a dozen birds", "birds", 12, None),
        ("几只猫", "猫", 2, None),
        ("好几只猫", "猫", 3, None),
        ("一群羊", "羊", 3, None),
        ("很多鸟", "鸟", 3, None),
        ("俩猫", "猫", 2, None),
        ("仨人", "人", 3, None),
        ("两三只狗", "狗", 2, None),
        ("十几只猫", "猫", 10, None),
        ("两只dog", "dog", 2, None),
        ("至少3个人", "人", 3, None),
        ("最多2辆车", "车", 1, 2),
        ("路上有5辆车", "车", 5, None),
    ],
)
def test_a_quantity_however_people_say_it(text: str, name: str, least: int, most: int | None) -> None:
    (reading,) = parse_text(text, MANY, TODAY).conditions
    assert reading.parts == (Part(TextClause(name), least, most),)


@pytest.mark.parametrize("text", ["a pair of scissors", "a pair of skis", "one pair of scissors"])
def test_a_pair_of_what_has_two_halves_is_one_thing(text: str) -> None:
    assert parse_text(text, COCO, TODAY).conditions == ()


@pytest.mark.parametrize(
    "text",
    ["many", "a group of people at a table", "一群人在海滩", "第3个人", "iphone3个", "7个小矮人", "several", "人很多"],
)
def test_what_counts_nothing_is_no_quantity(text: str) -> None:
    assert parse_text(text, MANY, TODAY).conditions == ()


@pytest.mark.parametrize(("text", "parts"), rows("quantities.tsv"))
def test_the_quantities_of_the_table(text: str, parts: str) -> None:
    read = [part for reading in parse_text(text, COCO, TODAY).conditions for part in reading.parts]
    written = [f"{part.clause.text}*{part.min_count}" for part in read if isinstance(part.clause, TextClause)]
    ends = ["" if p.max_count is None else "=" if p.max_count == p.min_count else f"<={p.max_count}" for p in read]
    assert ";".join(a + b for a, b in zip(written, ends, strict=True)) == parts.replace("-", "")
