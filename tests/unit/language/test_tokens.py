"""Tokens at index and query time, and label names recognised in what a person typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxlens.domain.objects import LabelName
from boxlens.language.label_recognition import recognize_labels
from boxlens.language.tokens import MAX_WORD_LENGTH, index_tokens, normalize, query_tokens, singularize

LABELS = (
    LabelName("person", ("person",), ("人", "行人")),
    LabelName("dog", ("dog", "puppy"), ("狗", "犬")),
    LabelName("hot dog", ("hot dog", "hotdog"), ("热狗",)),
    LabelName("cat", ("cat",), ("猫",)),
    LabelName("bear", ("bear",), ("熊",)),
    LabelName("teddy bear", ("teddy bear",), ("泰迪熊", "玩具熊")),
    LabelName("car", ("car",), ("汽车", "轿车")),
    LabelName("bus", ("bus",), ("公共汽车", "巴士")),
    LabelName("knife", ("knife",), ("刀",)),
    LabelName("skis", ("skis",), ("滑雪板",)),
    LabelName("scissors", ("scissors",), ("剪刀",)),
)


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("ＡＢＣ　１２３", "abc 123"),
        ("紅色的汽車", "红色的汽车"),
        ("Straße", "strasse"),
        ("a\x00b\u200bc\ud800", "a b c "),
        ("ﾊﾝﾄﾞ", "ハンド"),
    ],
)
def test_normalize(text: str, normalized: str) -> None:
    assert normalize(text) == normalized


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("dogs", "dog"), ("buses", "bus"), ("boxes", "box"), ("benches", "bench"), ("cherries", "cherry"),
        ("vases", "vase"), ("oranges", "orange"), ("horses", "horse"), ("glass", "glass"), ("tennis", "tennis"),
        ("bus", "bus"), ("gas", "gas"), ("knives", "knife"), ("people", "person"), ("toothbrushes", "toothbrush"),
    ],
)  # fmt: skip
def test_singularize(plural: str, singular: str) -> None:
    assert singularize(plural) == singular


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("中关", "中关村咖啡店"),
        ("關", "中关村"),
        ("re16", "ABRE16X"),
        ("ABC123", "abc-123"),
        ("abc-123", "ABC 123 abc123"),
        ("京A12345", "京A·12345"),
        ("12345", "京A·12345"),
        ("2041", "IMG_2041.JPG"),
        ("img", "IMG_2041.JPG"),
        ("Dogs", "a dog"),
        ("1234567890", "tel. 1234567890123"),
        ("カメラ", "ｶﾒﾗ"),
        ("the", "the who"),
    ],
)
def test_what_is_typed_is_found_in_what_is_stored(typed: str, stored: str) -> None:
    assert set(query_tokens(typed)) <= set(index_tokens([stored]))


@pytest.mark.parametrize(
    ("typed", "stored"), [("关中", "中关村"), ("car", "card"), ("re17", "ABRE16X"), ("dog", "dogma")]
)
def test_what_is_not_there_is_not_found(typed: str, stored: str) -> None:
    assert not set(query_tokens(typed)) <= set(index_tokens([stored]))


def test_words_that_say_nothing_are_left_out_of_queries() -> None:
    assert query_tokens("a dog on the 草地") == ["dog", "草地"]
    assert query_tokens("🐶 !? \x00") == []


@given(st.text(max_size=200))
def test_tokens_are_clean_bounded_and_repeatable(text: str) -> None:
    tokens = index_tokens([text])
    assert len(tokens) == len(set(tokens))
    assert all(token and not any(c.isspace() or unicodedata.category(c) == "Cc" for c in token) for token in tokens)
    assert all(len(token) <= 2 * MAX_WORD_LENGTH for token in tokens)
    assert set(query_tokens(text)) <= set(tokens)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12), st.data())
def test_every_part_of_chinese_text_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    assert set(query_tokens(part)) <= set(index_tokens([text]))


@given(st.from_regex(r"[A-Z]{1,3}[0-9]{1,6}[A-Z]{0,3}", fullmatch=True), st.data())
def test_every_part_of_a_plate_is_found(plate: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(plate) - 2))
    part = plate[start : data.draw(st.integers(start + 2, len(plate)))]
    if not part.isalpha():  # a part of letters alone may be read as a plural
        assert set(query_tokens(part)) <= set(index_tokens([plate]))


def test_a_long_code_makes_a_bounded_number_of_tokens() -> None:
    assert len(index_tokens(["1a" * 5000])) < 500


@pytest.mark.parametrize(
    ("text", "ids", "rest"),
    [
        ("dog", ("dog",), ""),
        ("Dogs", ("dog",), ""),
        ("狗", ("dog",), ""),
        ("a hot dog", ("hot dog",), "a"),
        ("hot dogs and dogs", ("hot dog", "dog"), "and"),
        ("热狗", ("hot dog",), ""),
        ("熱狗和狗", ("hot dog", "dog"), "和"),
        ("hotdogma", (), "hotdogma"),
        ("红色的汽车", ("car",), "红色的"),
        ("公共汽车", ("bus",), ""),
        ("teddy bears", ("teddy bear",), ""),
        ("熊猫", (), "熊猫"),
        ("熊和猫", ("bear", "cat"), "和"),
        ("people with knives", ("person", "knife"), "with"),
        ("剪刀", ("scissors",), ""),
        ("a ski", ("skis",), "a"),
        ("狗 dog puppy", ("dog",), ""),
        ("红色 Toyota 🐶", (), "红色 toyota 🐶"),
        ("热 狗", ("dog",), "热"),
        ("", (), ""),
        ("\x00\ud800", (), ""),
    ],
)
def test_label_names_are_recognised(text: str, ids: tuple[str, ...], rest: str) -> None:
    assert recognize_labels(text, LABELS) == (ids, rest)


@settings(deadline=None)  # the first Chinese text loads the dictionaries
@given(st.text(max_size=100))
def test_recognise_takes_any_text(text: str) -> None:
    ids, rest = recognize_labels(text, LABELS)
    assert set(ids) <= {label.id for label in LABELS}
    assert len(ids) == len(set(ids))
    assert recognize_labels(text, []) == ((), " ".join(normalize(text).split()))
    assert len(rest) <= len(normalize(text))
