"""How words find an object: the tokens of its word fields, their weights, and when enough of them match."""

from __future__ import annotations

from collections.abc import Sequence

from boxlens.domain.objects import IndexedObject
from boxlens.language.tokens import index_tokens
from boxlens.language.word_fields import word_texts

LABEL_WEIGHT = 100.0
"""Score of an exact label: above anything that tokens can add up to in practice."""

FIELD_WEIGHTS = {"label_names": 4.0, "tags": 4.0, "ocr_text": 3.0, "caption": 2.0, "file_name": 1.0}
"""Weight of a token by the field it was found in; the best field of a token counts."""

WHOLE_WEIGHT = 50.0
"""Added where one field holds all of several tokens: above what a part of them adds up to in practice. Rarity alone
does not tell: it is counted in each field, and in a collection with few read texts no word of theirs is rare."""

PHRASE_WEIGHT = 4 * LABEL_WEIGHT
"""Score of what holds the whole text in one field: above a part of it that happens to be the name of a class."""

KIND_WEIGHT = 1.0
"""Score of an object of a class of which the words name a kind: below what is written anywhere."""

COLOUR_WEIGHT = 3.0
"""Score of an object of a wanted colour; a colour may also be found as a word."""

MOST_TOKENS = 64


def needed(tokens: int) -> int:
    """How many of so many tokens an object must hold: half of them, rounded up."""
    return (tokens + 1) // 2


def distinct(tokens: Sequence[str]) -> list[str]:
    """Each token once, at most ``MOST_TOKENS``: a pasted page must not become a query of thousands of clauses."""
    return list(dict.fromkeys(tokens))[:MOST_TOKENS]


def fields_for(labels: Sequence[str]) -> dict[str, float]:
    """Word fields and their weights for a query: where a label was recognised, its name is found by the label alone,
    so that "dog" does not also find the name of a hot dog. ``labels``: what was recognised."""
    return {name: weight for name, weight in FIELD_WEIGHTS.items() if not (labels and name == "label_names")}


def object_tokens(obj: IndexedObject) -> dict[str, list[str]]:
    """Index-side tokens of every word field of an object."""
    texts = word_texts(obj)
    return {name: index_tokens(texts.get(name, ())) for name in FIELD_WEIGHTS}
