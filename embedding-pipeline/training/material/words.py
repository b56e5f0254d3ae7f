"""What people may type for a thing, in Chinese, English and both: the texts CLIP is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boxlens.samples.names import groups, things
from training.material.augment import COLOURS

COLOURS_ZH = ("红", "橙", "黄", "绿", "蓝", "紫", "粉", "棕", "黑", "白", "灰")
FRAMES_ZH = (
    *("{}",) * 8,
    "一个{}",
    "{}的图片",
    "一张{}的照片",
    "一张{}的图片",
    "画着{}",
    "这是{}",
    "可爱的{}",
    "有{}的图",
    "我想找{}",
    "找一找{}",
    "{}图标",
    "一只{}",
    "小{}",
)
FRAMES_EN = (
    *("{}",) * 8,
    "a {}",
    "the {}",
    "a photo of a {}",
    "a picture of a {}",
    "an image of {}",
    "a drawing of a {}",
    "{} icon",
    "find a {}",
    "cute {}",
    "small {}",
    "some {}",
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text, the things it fits (indices in ``things()``), and the colour it asks for (index in COLOURS) or -1."""

    text: str
    fits: tuple[int, ...]
    colour: int = -1


class Words:
    """Draws phrases for a thing."""

    def __init__(self) -> None:
        self._holders: dict[str, list[int]] = {}
        for number, thing in enumerate(things()):
            for word in {*thing.en, *thing.zh, *thing.keywords_en, *thing.keywords_zh}:
                self._holders.setdefault(word, []).append(number)
        self._group_words = {g.id: {"en": g.en, "zh": g.zh} for g in groups()}
        members: dict[str, list[int]] = {}
        for number, thing in enumerate(things()):
            members.setdefault(thing.group, []).append(number)
        self._members = {name: tuple(numbers) for name, numbers in members.items()}

    def draw(self, rng: np.random.Generator, number: int, language: str, colours: int = 0) -> Phrase:
        """``language``: "zh", "en" or "mixed". ``colours``: bits of the colours the picture truly has."""
        if language == "mixed":
            first, second = ("zh", "en") if rng.random() < 0.5 else ("en", "zh")
            a, b = self._word(rng, number, first), self._word(rng, number, second)
            both = a[0] + ("" if rng.random() < 0.3 else " ") + b[0]
            return Phrase(both, tuple(sorted(set(a[1]) & set(b[1]))))
        if rng.random() < 0.02:
            group = things()[number].group
            words = self._group_words[group][language]
            return Phrase(words[0], self._members[group])
        word, fits = self._word(rng, number, language)
        if colours and rng.random() < 0.4:
            held = [i for i in range(len(COLOURS)) if colours >> i & 1]
            colour = held[int(rng.integers(len(held)))]
            word = self._coloured(rng, word, colour, language)
            return Phrase(word, fits, colour)
        frames = FRAMES_ZH if language == "zh" else FRAMES_EN
        return Phrase(_cased(rng, frames[int(rng.integers(len(frames)))].format(word)), fits)

    def _word(self, rng: np.random.Generator, number: int, language: str) -> tuple[str, tuple[int, ...]]:
        thing = things()[number]
        best, loose = (thing.zh, thing.keywords_zh) if language == "zh" else (thing.en, thing.keywords_en)
        lot = rng.random()
        if lot < 0.6:
            word = best[0]
        elif lot < 0.8 or not loose:
            word = best[int(rng.integers(len(best)))]
        else:
            word = loose[int(rng.integers(len(loose)))]
        return word, tuple(self._holders[word])

    def _coloured(self, rng: np.random.Generator, word: str, colour: int, language: str) -> str:
        if language == "en":
            return f"{COLOURS[colour]} {word}" if rng.random() < 0.6 else f"a {COLOURS[colour]} {word}"
        zh = COLOURS_ZH[colour]
        return (f"{zh}{word}", f"{zh}色{word}", f"{zh}色的{word}")[int(rng.integers(3))]


def _cased(rng: np.random.Generator, text: str) -> str:
    return text.capitalize() if rng.random() < 0.05 else text


def fits_matrix(phrases: list[Phrase]) -> npt.NDArray[np.float32]:
    """(phrases, things) of 0 and 1."""
    matrix = np.zeros((len(phrases), len(things())), np.float32)
    for row, phrase in enumerate(phrases):
        matrix[row, list(phrase.fits)] = 1
    return matrix
