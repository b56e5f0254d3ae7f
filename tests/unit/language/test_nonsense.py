"""Texts that say nothing are asked of no network; an emoji that shows a thing is its name."""

from __future__ import annotations

import pytest
from tests.words import rows

from boxlens.language.emoji_names import with_emoji_names
from boxlens.language.kinds import classes_of_kinds
from boxlens.language.label_recognition import recognize_labels
from boxlens.language.plausible_words import may_be_words
from boxlens.models.coco_labels import COCO


@pytest.mark.parametrize(
    "text", ["qwertyuiop", "asdfgh jkl;", "zxcvbnm", "كلب", "собака", "🫠", "7999", "???", "x", ""]
)
def test_what_says_nothing_is_no_words(text: str) -> None:
    assert not may_be_words(text)


@pytest.mark.parametrize(
    "text", ["dog", "unicorn", "zucchini", "saxophone", "rhythm", "tv", "Köln", "狗", "いぬ", "qwertyuiop dog"]
)
def test_words_of_both_languages_are_words(text: str) -> None:
    assert may_be_words(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("🐶", "dog"),
        ("🐕", "dog"),
        ("🚲", "bicycle"),
        ("✈️", "airplane"),
        ("🧸", "teddy bear"),
        ("🌭", "hot dog"),
        ("🚕", "taxi"),
        ("🦆", "duck"),
        ("🦄", "unicorn"),
        ("狗和🐱", "狗和 cat"),
        ("two🐶🐱", "two dog cat"),
        ("😀", ""),
        ("🫠", ""),
        ("♾️", ""),
        ("👍", ""),
        ("🇨🇳", ""),
        ("dog", "dog"),
        ("©2024 狗", "2024 狗"),
    ],
)
def test_an_emoji_is_what_it_shows(text: str, words: str) -> None:
    assert with_emoji_names(text, COCO) == words


@pytest.mark.parametrize(("emoji", "classes"), rows("emoji.tsv"))
def test_an_emoji_names_the_classes_that_it_shows_and_no_others(emoji: str, classes: str) -> None:
    text = with_emoji_names(emoji, COCO)
    labels, rest = recognize_labels(text, COCO)
    named = {*labels, *classes_of_kinds(rest, COCO)}
    assert named == ({*classes.split(";")} if classes != "-" else set())
