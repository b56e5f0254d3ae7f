"""Names of classes in filters."""

from __future__ import annotations

import pytest

from boxlens.domain.errors import BadQuery
from boxlens.domain.objects import LabelName
from boxlens.filters.expression import parse_expression
from boxlens.language.label_ids import with_label_ids

LABELS = (
    LabelName("hot_dog", ("hot dog", "frankfurter"), ("热狗",)),
    LabelName("dog", ("dog", "puppy"), ("狗", "小狗")),
    LabelName("mouse", ("mouse",), ("老鼠",)),
    LabelName("computer_mouse", ("computer mouse", "mouse"), ("鼠标",)),
    LabelName("traffic light", ("traffic light",), ("红绿灯",)),
    LabelName("light", ("lamp",), ("灯",)),
)


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ("label:熱狗", "label:hot_dog"),
        ('label:"Hot Dogs"', "label:hot_dog"),
        ('label:"hot dog"', "label:hot_dog"),
        ("label:hot_dog,puppies", "label:hot_dog,dog"),
        ("label:dog,狗,小狗", "label:dog"),
        ("-label:Ｄｏｇ", "-label:dog"),
        ("label:mouse", "label:mouse"),
        ("label:鼠标", "label:computer_mouse"),
        ("label:traffic-light", 'label:"traffic light"'),
        ("label:lamp", "label:light"),
        ('count."红绿灯">=2', 'count."traffic light">=2'),
        ("tag:狗 position:left", "tag:狗 position:left"),
    ],
)
def test_names_become_ids(expression: str, meant: str) -> None:
    assert with_label_ids(parse_expression(expression), LABELS) == parse_expression(meant)


@pytest.mark.parametrize("name", ["cat", "dog house", "的", "???", "狗粮", "熊猫", "d" * 1000])
def test_what_names_no_class_is_refused(name: str) -> None:
    with pytest.raises(BadQuery) as refused:
        with_label_ids(parse_expression(f'label:"{name}"'), LABELS)
    assert refused.value.place == "filter.label"
    assert len(refused.value.detail) < 200


def test_without_classes_every_label_is_taken_as_it_is() -> None:
    filter = parse_expression("label:anything count.more:2")
    assert with_label_ids(filter, ()) == filter
