"""Chinese names and synonyms for a pack whose classes are named in English alone."""

from __future__ import annotations

from boxlens.domain.objects import LabelName
from boxlens.language.label_names import both_names
from boxlens.language.label_recognition import recognize_labels
from boxlens.models.coco_labels import COCO
from boxlens.models.common_names import add_common_names


def english(*names: str) -> tuple[LabelName, ...]:
    return tuple(LabelName(name, (name,), ()) for name in names)


def test_classes_called_as_in_coco_get_its_names() -> None:
    classes = add_common_names(english("Sofa", "cell_phone", "Televisions", "Bike", "submarine"))
    for text, label in (
        ("沙发", "Sofa"),
        ("couch", "Sofa"),
        ("手机", "cell_phone"),
        ("smartphone", "cell_phone"),
        ("电视", "Televisions"),
        ("television", "Televisions"),
        ("自行车", "Bike"),
        ("bicycle", "Bike"),
        ("submarine", "submarine"),
    ):
        assert recognize_labels(text, classes)[0] == (label,), text
    assert both_names(classes)["Sofa"].zh == "沙发"
    assert both_names(classes)["submarine"].zh == "submarine"


def test_what_a_pack_says_stays() -> None:
    animal = LabelName("mouse", ("mouse",), ("老鼠",))
    assert add_common_names((animal, *COCO[:3])) == (animal, *COCO[:3])
    assert add_common_names(COCO) == COCO


def test_no_name_is_taken_from_another_class() -> None:
    car, van, bus = add_common_names((*english("car", "sedan"), LabelName("bus", ("bus",), ("车", "公交车"))))
    assert "sedan" not in car.en
    assert "车" not in car.zh
    assert not set(van.zh) & set(car.zh)
    assert recognize_labels("sedan", (car, van, bus))[0] == ("sedan",)
    assert recognize_labels("汽车", (car, van, bus))[0] == ("car",)
