"""A text cut into the words that matter to its conditions: labels, numbers, joints, relations, and all the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from embedding_pipeline.domain import LabelName
from embedding_pipeline.reading import tables
from embedding_pipeline.text.label_words import named
from embedding_pipeline.text.words import fold

Kind = Literal[
    "label", "number", "bound", "article", "joint", "relation", "place", "at", "of", "than", "size", "have", "look",
    "stop", "word", "end",
]  # fmt: skip

_END = re.compile(r"[,;.!?:|/()\[\]{}<>\"'，。；！？：（）《》【】…~]+|$")
_NUMBER = re.compile(rf"\d{{1,2}}(?:\s?(?:{'|'.join(tables.MEASURES)})|(?![\w.:/-]))")
_LATIN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a folded text, its characters ``start`` to ``end``; ``glued``: no space stands before it."""

    kind: Kind
    text: str
    start: int
    end: int
    glued: bool

    @property
    def latin(self) -> bool:
        return self.text[:1].isascii()


class Folded:
    """A text folded character by character, so that every place in it is a place in the text as written."""

    def __init__(self, text: str) -> None:
        pieces = [fold(character) for character in text]
        self.written, self.text = text, "".join(pieces)
        self._places = [i for i, piece in enumerate(pieces) for _ in piece]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters as written behind those of the folded text (at least one)."""
        return self._places[start], self._places[end - 1] + 1


def tokens(folded: str, labels: Sequence[LabelName]) -> list[Token]:
    """The words in order, an ``end`` last. At each place the longest wins; a label against words of equal length."""
    spans = {start: end for _, start, end in named(folded, labels)}
    found: list[Token] = []
    at = 0
    while at < len(folded):
        if folded[at].isspace():
            at += 1
            continue
        token = _at(folded, at, spans.get(at, at))
        glued = bool(found) and found[-1].end == at
        found.append(Token(token.kind, token.text, token.start, token.end, glued))
        at = token.end
    return [*_joined(found), Token("end", "", len(folded), len(folded), False)]


def _at(folded: str, at: int, label_end: int) -> Token:
    known = _vocabulary().match(folded, at)
    if label_end > at and (known is None or label_end >= known.end()):
        return Token("label", folded[at:label_end], at, label_end, False)
    if known is not None:
        text = re.sub(r"\s+", " ", known.group())
        return Token(_kinds()[text], text, at, known.end(), False)
    number = _NUMBER.match(folded, at)
    if number is not None and (at == 0 or not folded[at - 1].isalnum()):
        return Token("number", number.group(), at, number.end(), False)
    end = _END.match(folded, at)
    if end is not None and end.end() > at:
        return Token("end", end.group(), at, end.end(), False)
    latin = _LATIN.match(folded, at)
    length = latin.end() if latin is not None and folded[at].isascii() else at + 1
    return Token("word", folded[at:length], at, length, False)


def _joined(found: Sequence[Token]) -> Iterator[Token]:
    """Characters of Chinese that are no known word, joined with their like, and numbers told from mere characters."""
    run: Token | None = None
    for token in found:
        plain = token.kind == "word" and not token.latin
        if run is not None and plain and token.glued:
            run = Token("word", run.text + token.text, run.start, token.end, run.glued)
            continue
        if run is not None:
            yield run
            run = None
        if plain:
            run = token
        else:
            yield token
    if run is not None:
        yield run


@lru_cache(maxsize=1)
def _kinds() -> dict[str, Kind]:
    """Every known word and what it is; later lines win."""
    kinds: dict[str, Kind] = {}
    groups: list[tuple[Kind, Sequence[str]]] = [
        ("stop", tables.STOPS),
        ("look", [*tables.LOOKS, *tables.LOOKS_ZH]),
        ("article", list(tables.ARTICLES)),
        ("number", list(tables.NUMBERS)),
        ("bound", list(tables.BOUNDS)),
        ("joint", tables.JOINTS),
        ("relation", list(tables.RELATIONS)),
        ("place", list(tables.PLACES)),
        ("size", list(tables.SIZES)),
        ("at", ["在"]),
        ("of", ["的"]),
        ("than", ["比"]),
        ("have", ["有"]),
        ("word", tables.OTHERS),
    ]
    for kind, words in groups:
        kinds |= dict.fromkeys(words, kind)
    numbers = [word for word in tables.NUMBERS if not word.isascii()]
    kinds |= {f"{number}{measure}": "number" for number in numbers for measure in tables.MEASURES}
    return {word: kind for word, kind in kinds.items() if word not in numbers}


@lru_cache(maxsize=1)
def _vocabulary() -> re.Pattern[str]:
    """Known words, the longest first; digits before a measure word; Latin ones as whole words."""
    words = sorted(_kinds(), key=len, reverse=True)
    latin = "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in words if w[0].isascii() and w[0].isalpha())
    other = "|".join(re.escape(w) for w in words if not (w[0].isascii() and w[0].isalpha()))
    return re.compile(rf"(?<![a-z0-9])(?:{latin})(?![a-z0-9'-])|{other}")
