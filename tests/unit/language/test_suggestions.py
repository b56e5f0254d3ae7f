"""Words suggested for what was typed so far: by prefix, pinyin, a word inside, and with typos."""

from __future__ import annotations

import pytest

from boxlens.domain.answers.suggestions import Suggestion
from boxlens.suggestions.matching import TermMatcher
from boxlens.suggestions.terms import caption_words

TERMS = (
    Suggestion("person", "label", 90, "person"),
    Suggestion("人", "label", 90, "person"),
    Suggestion("狗", "label", 40, "dog"),
    Suggestion("dog", "label", 40, "dog"),
    Suggestion("自行车", "label", 30, "bicycle"),
    Suggestion("bicycle", "label", 30, "bicycle"),
    Suggestion("fire hydrant", "label", 12, "fire hydrant"),
    Suggestion("Köln", "tag", 9),
    Suggestion("海滩", "word", 7),
    Suggestion("docks", "word", 6),
    Suggestion("IMG_2041.jpg", "file", 1),
    Suggestion("dog", "tag", 2),
)


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("do", ["dog", "docks"]),
        ("DOG", ["dog"]),
        ("自", ["自行车"]),
        ("行车", ["自行车"]),
        ("zixing", ["自行车"]),
        ("zxc", ["自行车"]),
        ("gou", ["狗"]),
        ("hait", ["海滩"]),
        ("hydr", ["fire hydrant"]),
        ("bycicle", ["bicycle"]),
        ("bicylce", ["bicycle"]),
        ("zixnig", ["自行车"]),
        ("zi'xing'che", ["自行车"]),
        ("zi xing", ["自行车"]),
        ("firehydr", ["fire hydrant"]),
        ("hidrant", ["fire hydrant"]),
        ("img 20", ["IMG_2041.jpg"]),
        ("xyz", []),
        ("qwertyuiop", []),
        ("  ", []),
        ("🦄", []),
    ],
)
def test_terms_are_found_by_what_was_typed(typed: str, texts: list[str]) -> None:
    assert [term.text for term in TermMatcher(TERMS).find(typed, 5)] == texts


def test_the_most_frequent_come_first_each_text_once_and_no_more_than_asked_for() -> None:
    terms = TermMatcher(TERMS).find("d", 1)
    assert [(term.text, term.kind, term.count) for term in terms] == [("dog", "label", 40)]


def test_what_begins_so_comes_before_what_only_sounds_so() -> None:
    terms = (Suggestion("狗", "label", 40, "dog"), Suggestion("gouda", "word", 2))
    assert [term.text for term in TermMatcher(terms).find("gou", 5)] == ["gouda", "狗"]


def test_words_of_captions_are_those_that_say_something() -> None:
    assert list(caption_words("A red kite over the beach, 2019")) == ["red", "kite", "over", "beach"]
    assert "海滩" in set(caption_words("一只狗在海滩上"))
