"""Words as people write them: plurals, spellings, classifiers, marks; and several names in one text."""

from __future__ import annotations

import unicodedata

import pytest
from tests.words import rows

from boxlens.domain.filters import Filter
from boxlens.language.kinds import classes_of_kinds
from boxlens.language.label_recognition import recognize_labels
from boxlens.language.tokens import index_tokens, query_tokens
from boxlens.language.word_query import to_word_queries
from boxlens.models.coco_labels import COCO


def named(text: str) -> tuple[str, ...]:
    return recognize_labels(text, COCO)[0] or classes_of_kinds(text, COCO)


@pytest.mark.parametrize(("text", "label"), rows("spellings.tsv"))
def test_a_word_names_its_class_however_it_is_written(text: str, label: str) -> None:
    expected = () if label == "-" else (label,)
    assert named(text) == expected
    assert named(unicodedata.normalize("NFD", text)) == expected


@pytest.mark.parametrize(("text", "labels"), rows("together.tsv"))
def test_every_name_of_a_text_has_a_list_of_its_own_that_prefers_the_others(text: str, labels: str) -> None:
    queries = [(query, part.label) for query, part in to_word_queries(text, COCO, Filter()) if part and part.label]
    names = [label for _, label in queries]
    assert set(labels.split(";")) <= set(names)
    assert {name for name in names if name not in labels.split(";")} <= set(classes_of_kinds(text, COCO))
    assert all({other for other, _ in query.beside} == set(names) - {label} for query, label in queries)


def test_the_shares_of_a_text_add_up_to_all_of_it() -> None:
    for text, _ in rows("together.tsv"):
        assert sum(part.share for _, part in to_word_queries(text, COCO, Filter()) if part) == pytest.approx(1.0)


@pytest.mark.parametrize(("text", "label"), rows("requests.tsv"))
def test_what_people_say_around_a_thing_is_no_part_of_what_they_ask_for(text: str, label: str) -> None:
    ((query, part),) = to_word_queries(text, COCO, Filter())
    assert (query.labels, part) == ((label,), None)


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Köln", "koln"),
        ("Köln", "Köln"),
        ("l'été", "ete"),
        ("Wi-Fi", "wifi"),
        ("Wi-Fi", "wi-fi"),
        ("T-shirts", "tshirt"),
        ("7,999", "7999"),
        ("7999", "7,999"),
        ("¥7,999.00", "7999.00"),
        ("cafe\u0301", "café"),
        ("caf\u00e9", "cafe"),
    ],
)
def test_what_is_written_is_found_as_people_type_it(written: str, typed: str) -> None:
    assert set(query_tokens(typed)) <= set(index_tokens([written]))
