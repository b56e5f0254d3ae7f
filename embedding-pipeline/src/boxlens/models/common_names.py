"""Names in both languages for classes of a pack that brings English ones alone."""

from __future__ import annotations

from collections.abc import Sequence

from boxlens.domain.objects import LabelName
from boxlens.language.tokens import normalize, singularize
from boxlens.models.coco_labels import COCO

_COMMON = {normalize(name): label for label in COCO for name in label.en}


def add_common_names(classes: Sequence[LabelName]) -> tuple[LabelName, ...]:
    """The classes with the names of our COCO table (written for this project) added where one has no Chinese name and
    is called as a COCO class is: in such a pack, "sofa" is then found by couch and 沙发 too.

    A class with a Chinese name stays as its pack says: it may be another thing (a mouse may be an animal). A name that
    another class has is not taken from it.
    """
    taken = {normalize(name) for label in classes for name in (label.id, *label.en, *label.zh)}
    return tuple(label if label.zh else _with_common_names(label, taken) for label in classes)


def _with_common_names(label: LabelName, taken: set[str]) -> LabelName:
    names = (normalize(name.replace("_", " ")) for name in (label.id, *label.en))
    forms = (form for name in names for form in (name, singularize(name)))
    common = next((_COMMON[form] for form in forms if form in _COMMON), None)
    if common is None:
        return label
    english = tuple(name for name in common.en if normalize(name) not in taken)
    chinese = tuple(name for name in common.zh if normalize(name) not in taken)
    taken.update(normalize(name) for name in (*english, *chinese))
    return LabelName(label.id, (*label.en, *english), chinese)
