"""Everyday words for kinds of the classes: found by the class, and not so for sure."""

from __future__ import annotations

import pytest

from boxlens.domain.filters import Filter
from boxlens.domain.objects import LabelName
from boxlens.language.kinds import classes_of_kinds
from boxlens.language.word_query import to_word_queries, to_word_query
from boxlens.models.coco_labels import COCO


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("taxi", ("car",)),
        ("taxis", ("car",)),
        ("a yellow taxi", ("car",)),
        ("baby", ("person",)),
        ("ducks", ("bird",)),
        ("duck pond", ()),
        ("school bus", ("bus",)),
        ("fire truck", ("truck",)),
        ("婴儿", ("person",)),
        ("鸭子", ("bird",)),
        ("书桌", ("dining table",)),
        ("校车", ("bus",)),
        ("消防车", ("truck",)),
        ("面包", ()),
        ("qwertyuiop", ()),
        ("man with glasses", ()),
        ("glasses of water", ("cup",)),
        ("a glass vase", ()),
        ("magnifying glass", ()),
        ("baby elephant", ()),
        ("a baby and an elephant", ("person",)),
        ("family dog", ()),
        ("guard dog", ()),
        ("a boxer dog", ()),
        ("shepherd dogs", ()),
        ("pilot boat", ()),
        ("a guard and a dog", ("person",)),
        ("a family with a dog", ("person",)),
        ("turkey sandwich", ("sandwich",)),
        ("fried chicken", ()),
        ("tree trunk", ()),
        ("儿童书包", ()),
        ("儿童和狗", ("person",)),
        ("爷爷奶奶和孙子", ("person",)),
        ("苹果手机", ("cell phone",)),
        ("remote control car", ("car",)),
        ("toy bear", ("teddy bear",)),
        ("车队", ("car",)),
        ("computer mouse", ()),
        ("crane fly", ()),
        ("table runner", ()),
        ("phone book", ("book",)),
        ("人影", ()),
        ("cycling path", ()),
        ("two swans and a goose", ("bird",)),
    ],
)
def test_a_kind_names_its_class(text: str, classes: tuple[str, ...]) -> None:
    assert classes_of_kinds(text, COCO) == classes


def test_a_named_class_leaves_no_kinds() -> None:
    query = to_word_query("car", COCO, Filter())
    assert query is not None
    assert (query.labels, query.kinds) == (("car",), ())


def test_a_pack_without_the_class_knows_no_kind_of_it() -> None:
    assert classes_of_kinds("taxi", (LabelName("dog", ("dog",), ("狗",)), LabelName("cat", ("cat",), ("猫",)))) == ()
    assert classes_of_kinds("taxi", (LabelName("thing", ("thing",), ("物品",)),)) == ()


def test_kinds_of_several_classes_are_asked_for_together() -> None:
    queries = to_word_queries("a baby with a hamburger", COCO, Filter())
    assert [(query.kinds, part and part.label) for query, part in queries] == [
        (("person",), "person"),
        (("sandwich",), "sandwich"),
    ]
