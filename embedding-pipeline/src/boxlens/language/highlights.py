"""Where the words of a query stand in a text, in the text as it was written.

Words are compared as ``tokens`` normalizes and cuts them. Normalizing changes lengths (㎏ becomes kg, ｶﾞ becomes ガ), so
the text is normalized cluster by cluster, a cluster being a character with the marks that follow it, and every
normalized character keeps the span of the cluster it came from.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

from boxlens.language.tokens import (
    CODE_SEPARATOR,
    MAX_PIECE_LENGTH,
    MAX_WORD_LENGTH,
    MIN_PIECE_LENGTH,
    fold_diacritics,
    normalize,
    segments,
    singularize,
)

Span = tuple[int, int]
MAX_CACHED_LENGTH = 300


def find_tokens(text: str, tokens: Collection[str]) -> tuple[tuple[Span, ...], frozenset[str]]:
    """The spans of ``text`` (start and end in Unicode code points, end exclusive, in order, none touching another)
    where these query tokens stand, and which of the tokens those are.

    >>> spans, tokens = find_tokens("停在中關村", ["中关", "关村", "dog"])
    >>> spans, sorted(tokens)
    (((2, 5),), ['中关', '关村'])
    """
    cut, places = (_cut_again if len(text) <= MAX_CACHED_LENGTH else _cut)(text)
    spans: list[Span] = []
    seen: set[str] = set()
    for kind, run, start in cut:
        for first, last, token in _in_run(kind, run, tokens):
            spans.append((places[start + first][0], places[start + last - 1][1]))
            seen.add(token)
    return _merged(spans), frozenset(seen)


def _cut(text: str) -> tuple[tuple[tuple[str, str, int], ...], list[Span]]:
    """The segments of a text with their places in the normalized text, and the places of its characters in the text."""
    normalized, places = normalize_with_spans(text)
    return tuple((kind, run, start) for kind, run, start, _ in segments(normalized)), places


_cut_again = lru_cache(maxsize=1024)(_cut)  # the same captions and names come with every page and every query


def normalize_with_spans(text: str) -> tuple[str, list[Span]]:
    """The normalized text, and for each of its characters the span of ``text`` it came from."""
    if text.isascii():
        return normalize(text), [(i, i + 1) for i in range(len(text))]
    parts: list[str] = []
    places: list[Span] = []
    for start, end in _clusters(text):
        part = _normalized(text[start:end])
        parts.append(part)
        places += [(start, end)] * len(part)
    return "".join(parts), places


@lru_cache(maxsize=16384)
def _normalized(cluster: str) -> str:
    return normalize(cluster)


def _clusters(text: str) -> Iterator[Span]:
    start = 0
    for at in range(1, len(text)):
        if not _joins(text[at]):
            yield start, at
            start = at
    if text:
        yield start, len(text)


@lru_cache(maxsize=16384)
def _joins(character: str) -> bool:
    """Whether normalising may join a character to what stands before it: marks, and the later letters of a Hangul
    syllable (The Unicode Standard, 3.12; every character of NFC_Quick_Check=Maybe is one of these)."""
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first).startswith("M") or "\u1160" <= first <= "\u11ff"


def _in_run(kind: str, run: str, tokens: Collection[str]) -> Iterator[tuple[int, int, str]]:
    """Start, end and token of every match inside one run."""
    if kind == "cjk":
        yield from _pieces(run, range(1, 3), tokens)
    elif kind == "word":
        word = singularize(run[:MAX_WORD_LENGTH])
        for token in {word, singularize(fold_diacritics(word))}:
            if token in tokens:
                yield 0, len(run), token
    else:
        yield from _in_code(run, tokens)


def _in_code(run: str, tokens: Collection[str]) -> Iterator[tuple[int, int, str]]:
    start = 0
    for part in CODE_SEPARATOR.split(run):
        word = singularize(part[:MAX_WORD_LENGTH])
        if word in tokens:
            yield start, start + len(part), word
        start += len(part) + 1
    joined = CODE_SEPARATOR.sub("", run)
    if not any(token in joined for token in tokens):  # nearly always: spare the rest
        return
    letters = [i for i, character in enumerate(run) if not CODE_SEPARATOR.match(character)][:MAX_WORD_LENGTH]
    whole = "".join([run[i] for i in letters])
    sizes = {*range(MIN_PIECE_LENGTH, min(MAX_PIECE_LENGTH, len(whole)) + 1), len(whole)}
    for first, last, token in _pieces(whole, sizes, tokens):
        yield letters[first], letters[last - 1] + 1, token


def _pieces(run: str, sizes: Collection[int], tokens: Collection[str]) -> Iterator[tuple[int, int, str]]:
    for token in tokens:
        if len(token) in sizes:
            start = run.find(token)
            while start >= 0:
                yield start, start + len(token), token
                start = run.find(token, start + 1)


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
