"""How much each ranked list counts before a person says otherwise. Measured; docs/evaluation.md has the table.

The signals of one clause share a weight of 2, whatever its kind, so that clauses of different kinds stand level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from boxlens.domain.objects import LabelName
from boxlens.language.word_query import named_share

EXAMPLE: Final = {"vit": 0.7, "clip": 1.3}
"""Of example pictures and stored objects."""

TEXT: Final = {"clip": 0.3, "words": 1.7}
"""Of texts that words can answer: names and tags are right nearly always where they match at all."""


def words_weight(text: str, labels: Sequence[LabelName]) -> float:
    """Of the words of a text: less, by the square, the less of it is names of things and colours, but half of CLIP's.

    "dog" found as a label is all that was asked for; the person in "a person repairs an old bicycle at night" is a
    small part of it, and CLIP, which reads all of it, must lead.
    """
    share = named_share(text, labels)
    return max(TEXT["clip"] / 2, TEXT["words"] * share * share)
