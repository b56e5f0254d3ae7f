"""Which classes a text names kinds of (``kind_names``)."""

from __future__ import annotations

from collections.abc import Sequence

from boxlens.domain.objects import LabelName
from boxlens.language.kind_names import kind_names
from boxlens.language.label_recognition import LIVING, find_labels, label_of
from boxlens.language.tokens import normalize

_DESCRIBING = frozenset(
    "baby infant mother father family adult senior guard boxer shepherd pilot glass chicken turkey duck goose".split()
)
"""Kinds that, right before the name of a class, tell what it is like: a baby elephant or a guard dog is no person."""

_FOR_WHOM = frozenset("儿童 婴儿 幼儿 宝宝 学生 老人".split())
"""The same in Chinese, before a thing that is made for them: 儿童书包."""

_EYEWEAR = "glasses"  # of what is drunk from one says "glass", or what is in them: glasses of water


def classes_of_kinds(text: str, labels: Sequence[LabelName]) -> tuple[str, ...]:
    """Ids of the pack's classes of which a text names a kind, each once; a class itself is no kind."""
    return tuple(dict.fromkeys(label for label, _, _ in find_kinds(normalize(text), labels)))


def find_kinds(normalized: str, labels: Sequence[LabelName]) -> list[tuple[str, int, int]]:
    """Every place where a normalized text names a kind of one of the pack's classes: (id of the class, start, end)."""
    if len(labels) == 1:
        return []
    classes = find_labels(normalized, labels)
    begins = {start: label for label, start, _ in classes}
    kinds = []
    for name, start, end in find_labels(normalized, kind_names()):
        label = label_of(name, labels)
        if label is None or label_of(normalized[start:end], labels) is not None:
            continue
        inside = any(first < end and start < last for _, first, last in classes)
        if not inside and not _only_describes(normalized, start, end, begins):
            kinds.append((label, start, end))
    return kinds


def _only_describes(normalized: str, start: int, end: int, begins: dict[int, str]) -> bool:
    """Whether the name of a kind only tells of the class behind it, or is a pair of glasses."""
    word = normalized[start:end]
    if word == _EYEWEAR:
        return not normalized.startswith(" of ", end)
    if word in _FOR_WHOM:
        return end in begins and begins[end] not in LIVING
    return word in _DESCRIBING and end + 1 in begins and normalized[end] in " -"
