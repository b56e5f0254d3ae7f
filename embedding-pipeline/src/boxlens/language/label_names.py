"""One best name in each language for a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from boxlens.domain.objects import LabelName


@dataclass(frozen=True, slots=True)
class BothNames:
    """What to call a label in English and in Chinese; the label itself where a language has no name for it."""

    en: str
    zh: str


def both_names(labels: Iterable[LabelName]) -> Mapping[str, BothNames]:
    """The best names of each label by its id."""
    return {label.id: BothNames((*label.en, label.id)[0], (*label.zh, *label.en, label.id)[0]) for label in labels}


def names_of(label: str, stored: Iterable[str]) -> BothNames | None:
    """The best names among those stored with an object, English ones before Chinese ones; None without a label.

    >>> names_of("dog", ["dog", "puppy", "狗", "小狗"])
    BothNames(en='dog', zh='狗')
    """
    if not label:
        return None
    names = list(stored)
    chinese = [name for name in names if any("\u3400" <= character <= "\u9fff" for character in name)]
    english = [name for name in names if name not in chinese]
    return BothNames((*english, label)[0], (*chinese, *english, label)[0])
