"""The shape in which the readers of both languages give what a text excludes."""

from __future__ import annotations

from dataclasses import dataclass

EMOJI = r"(?:[\U0001f300-\U0001faff\u2600-\u27bf]\ufe0f?)"
"""One emoji, as the name of what it shows."""

MAX_WORDS = 3
"""English words, and three times as many Chinese characters, that the name of an excluded thing may have."""

NOBODY = frozenset(("no one", "no-one", "noone", "nobody", "无一人"))
"""Words that deny people and name them in the same breath."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Characters ``start`` to ``end`` of a normalized text exclude the things whose names stand at ``names``."""

    start: int
    end: int
    names: tuple[tuple[int, int], ...]
