"""Terms found by what was typed so far: by prefix, by pinyin, by a word inside, and with a typo or two."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pypinyin import lazy_pinyin
from rapidfuzz.distance import OSA

from boxlens.domain.answers.suggestions import Suggestion
from boxlens.language.tokens import normalize

MAX_PREFIX = 64
"""Characters of what was typed that count."""

_SHORTEST, _LONG = 4, 6  # characters from which one typo is forgiven, and two
_PREFIX, _PINYIN, _INSIDE, _TYPO = range(4)
_SEPARATORS = re.compile(r"[\s'’-]+")
"""Between syllables of pinyin (zi'xing'che) and parts of a word (cell phone): they may be left out."""


class _Key(NamedTuple):
    """A text under which a term is found; ``rank``: how near it is to the term as written, 0 the nearest."""

    text: str
    rank: int
    term: int


class TermMatcher:
    """Finds terms by prefix. Reading it from several threads is safe."""

    def __init__(self, terms: Sequence[Suggestion]) -> None:
        """``terms``: the most frequent first."""
        self._terms = tuple(terms)
        keys = {key for number, term in enumerate(terms) for key in _keys(term, number)}
        self._keys = sorted(keys)
        self._texts = [key.text for key in self._keys]
        self._for_typos = [key for key in self._keys if _forgives(key) and terms[key.term].kind != "file"]

    def find(self, typed: str, limit: int) -> list[Suggestion]:
        """The best ``limit`` terms: those that begin so first, then by pinyin, by a word inside, and with typos; of the
        same kind the most frequent first. Each text comes once."""
        prefix = _folded(typed)[:MAX_PREFIX]
        if not prefix:
            return []
        ranks: dict[int, int] = {}
        together = _SEPARATORS.sub("", prefix)
        for key in (*self._with_prefix(prefix), *(self._with_prefix(together) if together != prefix else ())):
            ranks[key.term] = min(key.rank, ranks.get(key.term, key.rank))
        if len(ranks) < limit and len(prefix) >= _SHORTEST:
            for key in self._with_typos(prefix):
                ranks.setdefault(key.term, _TYPO)
        best: dict[str, Suggestion] = {}
        for number in sorted(ranks, key=lambda n: (ranks[n], n)):
            term = self._terms[number]
            best.setdefault(_folded(term.text), term)
            if len(best) == limit:
                break
        return list(best.values())

    def _with_prefix(self, prefix: str) -> Iterator[_Key]:
        at = bisect_left(self._texts, prefix)
        while at < len(self._texts) and self._texts[at].startswith(prefix):
            yield self._keys[at]
            at += 1

    def _with_typos(self, prefix: str) -> Iterator[_Key]:
        """Keys that begin with what is one edit away, or two of a long text (optimal string alignment: swapped
        neighbours are one)."""
        allowed = 1 if len(prefix) < _LONG else 2
        for key in self._for_typos:
            text = key.text
            if text[:1] == prefix[:1] or text[1:2] == prefix[1:2]:
                lengths = {len(prefix), len(prefix) - 1, len(prefix) + 1}
                if any(
                    OSA.distance(text[:length], prefix, score_cutoff=allowed) <= allowed
                    for length in lengths
                    if length <= len(text)
                ):
                    yield key


def _forgives(key: _Key) -> bool:
    """Whether a typo is forgiven under this key: under a text, its pinyin, and a Latin word inside."""
    return key.rank <= _PINYIN or (key.text.isascii() and len(key.text) >= _SHORTEST)


def _keys(term: Suggestion, number: int) -> Iterator[_Key]:
    text = _folded(term.text)
    yield _Key(text, _PREFIX, number)
    if (joined := _SEPARATORS.sub("", text)) != text:
        yield _Key(joined, _PINYIN, number)
    for word in text.split()[1:]:
        yield _Key(word, _INSIDE, number)
    if any("\u3400" <= character <= "\u9fff" for character in text):
        syllables = lazy_pinyin(text)
        yield _Key("".join(syllables), _PINYIN, number)
        yield _Key("".join(syllable[:1] for syllable in syllables), _PINYIN, number)
        yield from (_Key(text[at:], _INSIDE, number) for at in range(1, len(text)))


def _folded(text: str) -> str:
    return " ".join(normalize(text).replace("_", " ").split())
