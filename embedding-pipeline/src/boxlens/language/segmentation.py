"""Chinese cut into words, by rjieba: a frequency dictionary and, for what it does not hold, a hidden Markov model.

rjieba is a build of jieba-rs (MIT) with the dictionary of jieba (MIT). The part-of-speech tags are those of ICTCLAS, as
that dictionary gives them: n… nouns, v… verbs, m numerals, q measure words, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

_NAME_FREQUENCY = 5000
"""Occurrences given to a name of a class that the dictionary lacks: enough to win over its parts."""

_opening = Lock()


@dataclass(frozen=True, slots=True)
class Segment:
    """One Chinese word at characters ``start`` to ``end`` of the run it was cut from, with its part-of-speech tag."""

    text: str
    tag: str
    start: int
    end: int


def segment_chinese(run: str, names: frozenset[str] = frozenset()) -> tuple[Segment, ...]:
    """The words of a run of CJK characters, in order and without gaps. ``names`` are words besides the dictionary's."""
    segments: list[Segment] = []
    start = 0
    for text, tag in _segmenter(names).tag(run):
        segments.append(Segment(text, tag, start, start + len(text)))
        start += len(text)
    return tuple(segments)


def is_word(text: str) -> bool:
    """Whether the dictionary holds the text as one word."""
    return bool(_segmenter(frozenset()).has_word(text))


@lru_cache(maxsize=8)
def _made(names: frozenset[str]) -> Any:
    from rjieba import Jieba  # loads its dictionary in 0.2 s: only when Chinese is met

    segmenter = Jieba()
    for name in sorted(names):
        if len(name) > 1 and not segmenter.has_word(name):
            segmenter.add_word(name, _NAME_FREQUENCY, "n")
    return segmenter


def _segmenter(names: frozenset[str]) -> Any:
    with _opening:
        return _made(names)
