"""Names in both languages for classes of a pack that brings English ones alone."""

from __future__ import annotations

from collections.abc import Sequence

from embedding_pipeline.domain import LabelName
from embedding_pipeline.models.coco import COCO
from embedding_pipeline.text.words import fold, singular

_COMMON = {fold(name): known for known in COCO for name in known.en}


def completed(classes: Sequence[LabelName]) -> tuple[LabelName, ...]:
    """The classes with the names of our COCO table (written for this project) added where one has no Chinese name and
    is called as a COCO class is: in such a pack, "sofa" is then found by couch and 沙发 too.

    A class with a Chinese name stays as its pack says: it may be another thing (a mouse may be an animal). A name that
    another class has is not taken from it.
    """
    taken = {fold(name) for each in classes for name in (each.id, *each.en, *each.zh)}
    return tuple(each if each.zh else _with_common_names(each, taken) for each in classes)


def _with_common_names(each: LabelName, taken: set[str]) -> LabelName:
    called = (fold(name.replace("_", " ")) for name in (each.id, *each.en))
    known = next((_COMMON[form] for name in called for form in (name, singular(name)) if form in _COMMON), None)
    if known is None:
        return each
    english = tuple(name for name in known.en if fold(name) not in taken)
    chinese = tuple(name for name in known.zh if fold(name) not in taken)
    taken.update(fold(name) for name in (*english, *chinese))
    return LabelName(each.id, (*each.en, *english), chinese)
