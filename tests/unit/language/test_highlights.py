"""Words of a query found in a text as it was written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxlens.language.highlights import find_tokens, normalize_with_spans
from boxlens.language.tokens import index_tokens, normalize, query_tokens


def marked(text: str, query: str) -> str:
    """The text with what matched in brackets."""
    spans, _ = find_tokens(text, query_tokens(query))
    for start, end in reversed(spans):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Two dogs are playing", "a dog", "Two [dogs] are playing"),
        ("一辆红色的公共汽车", "红色 汽车", "一辆[红色]的公共[汽车]"),
        ("停在中關村大街", "中关村", "停在[中關村]大街"),
        ("停在中关村", "關村", "停在中[关村]"),
        ("狗和猫", "狗", "[狗]和猫"),
        ("京A·ABRE16X", "re16", "京A·AB[RE16]X"),
        ("AB-12.3 here", "ab123", "[AB-12.3] here"),
        ("AB-12.3 here", "b12", "A[B-12].3 here"),
        ("ＴＯＹＯＴＡ　皇冠", "toyota", "[ＴＯＹＯＴＡ]　皇冠"),
        ("75㎏ of rice", "75kg", "[75㎏] of rice"),
        ("ｶﾞﾗｽ", "ガラス", "[ｶﾞﾗｽ]"),
        ("ｶﾞﾗｽ", "ラス", "ｶﾞ[ﾗｽ]"),
        ("cafe\u0301 noir", "café", "[cafe\u0301] noir"),
        ("STRASSE, straße", "strasse", "[STRASSE], [straße]"),
        ("ﬁne ﬁsh", "fish", "ﬁne [ﬁsh]"),
        ("🐕 dog 🐕", "dog", "🐕 [dog] 🐕"),
        ("IMG_2041.jpg", "2041", "IMG_[2041].jpg"),
        ("1234567890 and", "1234567890", "[1234567890] and"),
        ("the dog", "the", "[the] dog"),
        ("the dog", "the dog", "the [dog]"),
        ("bird", "dog", "bird"),
        ("", "dog", ""),
    ],
)
def test_what_is_marked(text: str, query: str, expected: str) -> None:
    assert marked(text, query) == expected


written = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("ab1- .·ＡＢ１中關村红狗ｶﾞﾟ\u0301\u0327\u1100\u1161\u11a8각가ßﬁ㎏ΐſİ\u200d\u0345\u09c7\u09be"),
    ),
    max_size=40,
)


@given(written)
def test_folding_by_clusters_is_folding(text: str) -> None:
    normalized, places = normalize_with_spans(text)
    assert normalized == normalize(text)
    assert len(places) == len(normalized)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)


def test_every_character_that_may_join_does() -> None:
    """All code points behind a letter and behind a Hangul letter: no cluster is cut where normalising would join."""
    for number in range(0x80, 0x110000):
        character = chr(number)
        if 0xD800 <= number < 0xE000 or unicodedata.category(character) == "Cn":
            continue
        for before in ("a", "\u1100", "\uac00"):
            joined = before + character
            if unicodedata.normalize("NFC", joined) not in (joined, before + unicodedata.normalize("NFC", character)):
                assert normalize_with_spans(joined)[0] == normalize(joined), f"U+{number:04X}"


@given(written, written)
def test_tokens_found_are_those_the_index_would_find(text: str, query: str) -> None:
    tokens = query_tokens(query)
    spans, seen = find_tokens(text, tokens)
    assert seen == set(tokens) & set(index_tokens([text]))
    assert bool(spans) == bool(seen)
    ends = [edge for span in spans for edge in span]
    assert ends == sorted(set(ends))
