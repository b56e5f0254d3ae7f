"""A name counts as a whole word only: the tables of words, over the 80 classes of COCO."""

from __future__ import annotations

import pytest
from tests.words import rows

from boxlens.language import label_recognition
from boxlens.language.label_recognition import recognize_labels
from boxlens.models.coco_labels import COCO

COMPOUNDS = [text for (text,) in rows("compounds.txt")]
OUTSIDE = [name for names in rows("outside_coco.tsv") for name in names]


@pytest.mark.parametrize("text", COMPOUNDS)
def test_a_name_inside_another_word_is_no_label(text: str) -> None:
    assert recognize_labels(text, COCO)[0] == ()


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_thing_outside_the_classes_is_none_of_them(text: str) -> None:
    assert recognize_labels(text, COCO)[0] == ()


@pytest.mark.parametrize(("text", "labels"), rows("together.tsv"))
def test_all_things_of_a_sentence_are_recognised(text: str, labels: str) -> None:
    assert set(recognize_labels(text, COCO)[0]) == set(labels.split(";"))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("骑马", "horse"),
        ("车里", "car"),
        ("红车", "car"),
        ("白马", "horse"),
        ("三辆车", "car"),
        ("两本书", "book"),
        ("打伞", "umbrella"),
        ("有人", "person"),
        ("dog running", "dog"),
        ("dog in snow", "dog"),
        ("an old man repairs the roof", "person"),
        ("hand bag", "handbag"),
        ("motor-bike", "motorcycle"),
        ("TVs", "tv"),
        ("oxen", "cow"),
    ],
)
def test_a_name_beside_a_verb_a_place_a_look_or_a_number_is_a_word(text: str, label: str) -> None:
    assert recognize_labels(text, COCO)[0] == (label,)


def test_a_lexicon_is_made_once_for_labels_that_are_equal() -> None:
    recognize_labels("a dog", COCO)
    before = label_recognition._lexicon.cache_info().misses
    for text in ("a red dog", "two red dogs", "红色的狗"):
        assert recognize_labels(text, list(COCO))[0] == ("dog",)
    assert label_recognition._lexicon.cache_info().misses == before
    assert recognize_labels("a red dog", COCO[1:])[0] == recognize_labels("a red dog", COCO)[0]
    assert recognize_labels("a person", COCO[1:])[0] == ()
