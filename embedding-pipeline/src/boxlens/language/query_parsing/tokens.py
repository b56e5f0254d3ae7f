"""A text cut into the words that matter to its conditions: labels, numbers, conjunctions, relations, and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from boxlens.domain.objects import LabelName
from boxlens.language.emoji_names import find_emoji
from boxlens.language.highlights import normalize_with_spans
from boxlens.language.kinds import find_kinds
from boxlens.language.label_recognition import find_labels
from boxlens.language.query_parsing import vocabulary as tables

Kind = Literal[
    "label", "number", "quantifier", "article", "conjunction", "relation", "place", "at", "of", "than", "size", "have",
    "modifier", "filler", "word", "end",
]  # fmt: skip

_END = re.compile(r"[,;.!?:|/()\[\]{}<>\"'，。；！？：（）《》【】…~]+|$")
_NUMBER = re.compile(rf"\d{{1,2}}(?:\s?(?:{'|'.join(tables.MEASURES)})|\+?(?![\w.:/-]))")
_DIGITS = "".join(tables.DIGITS_ZH)
_ABOVE_TEN = (
    rf"(?:[{_DIGITS}两]百零?(?:[{_DIGITS}]?十[{_DIGITS}]?|[{_DIGITS}])?|[{_DIGITS}]{{0,2}}十[{_DIGITS}]?|[几数]十|[几数上成]百"
    rf"|[{_DIGITS}两几数上成][千万])"
    r"[几多来余]?"
)
_CHINESE_NUMBER = re.compile(rf"{_ABOVE_TEN}(?:{'|'.join(tables.MEASURES)})")
"""Numbers above ten as they are written with a measure word: 十五只, 二十多个, 几十辆, 一百二十只."""

_SMALL = rf"(?:\d{{1,2}}|{'|'.join(tables.SMALL_NUMBERS)}|[两{''.join(tables.DIGITS_ZH)}十])"
_RANGE = re.compile(
    rf"(?:between\s+)?(?P<least>{_SMALL})(?:{'|'.join(tables.MEASURES)})?"
    rf"(?:\s?[-–~]\s?|\s+(?:or|to|and)\s+|\s?[到至或]\s?)(?P<most>{_SMALL})"
    rf"(?:\s?(?:{'|'.join(tables.MEASURES)})|(?![\w.:/-]))"
)
"""From so many to so many: 2 or 3, two to four, between 2 and 4, 2-3只, 两到四个."""

_COUNTED = re.compile(rf"(?:\d{{1,2}}|{_ABOVE_TEN}|[{_DIGITS}两十])(?=[人狗猫])")
"""A number of these needs no measure word: 三人, 二十多人, 一猫两狗."""
_TIMES = re.compile(r"(?:\d{1,2}\s?[x×]|[x×]\s?\d{1,2})(?![a-z0-9.])(?!\s*\d)")
"""How often, before or behind a name: 2x dogs, 狗×2."""
_PART_OF_A_WORD = re.compile(rf"[a-z0-9第十百千零几两{_DIGITS}]")  # a digit behind it is no number of things
_LATIN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a normalized text, its characters ``start`` to ``end``; ``adjacent``: no space stands before it;
    ``of_kind``: a label that is named by a kind of it."""

    kind: Kind
    text: str
    start: int
    end: int
    adjacent: bool
    of_kind: bool = False

    @property
    def latin(self) -> bool:
        return self.text[:1].isascii()


class NormalizedText:
    """A text normalized character by character, marks with their letters, so that every place in it is a place in the
    text as written."""

    def __init__(self, text: str) -> None:
        self.written = text
        self.text, self._places = normalize_with_spans(text)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters as written behind those of the normalized text (at least one)."""
        return self._places[start][0], self._places[end - 1][1]


def tokens(normalized: str, labels: Sequence[LabelName]) -> list[Token]:
    """The words in order, an ``end`` last. At each place the longest wins; a label against words of equal length."""
    spans = {start: end for _, start, end in find_labels(normalized, labels)}
    kinds = {start: end for _, start, end in find_kinds(normalized, labels)} if labels else {}
    emoji = dict(find_emoji(normalized, labels)) if labels else {}
    spans = emoji | kinds | spans
    words: list[Token] = []
    at = 0
    while at < len(normalized):
        if normalized[at].isspace():
            at += 1
            continue
        token = _at(normalized, at, spans)
        adjacent = bool(words) and words[-1].end == at
        of_kind = token.kind == "label" and kinds.get(token.start) == token.end
        words.append(replace(token, adjacent=adjacent, of_kind=of_kind))
        at = token.end
    return [*_joined(words), Token("end", "", len(normalized), len(normalized), False)]


def _at(normalized: str, at: int, labels_at: Mapping[int, int]) -> Token:
    listed, label_end = _vocabulary().match(normalized, at), labels_at.get(at, at)
    if label_end > at and (listed is None or label_end >= listed.end()):
        return Token("label", normalized[at:label_end], at, label_end, False)
    number = _ranged(normalized, at) or _CHINESE_NUMBER.match(normalized, at) or _counted(normalized, at, labels_at)
    counts = number is not None and not _PART_OF_A_WORD.match(normalized[:at][-1:])
    if number is not None and counts and (listed is None or number.end() > listed.end()):
        return Token("number", number.group(), at, number.end(), False)
    if listed is not None:
        text = re.sub(r"\s+", " ", listed.group())
        return Token(_kinds()[text], text, at, listed.end(), False)
    number = _TIMES.match(normalized, at) or _NUMBER.match(normalized, at)
    if number is not None and not _PART_OF_A_WORD.match(normalized[:at][-1:]):
        return Token("number", number.group(), at, number.end(), False)
    end = _END.match(normalized, at)
    if end is not None and end.end() > at:
        return Token("end", end.group(), at, end.end(), False)
    latin = _LATIN.match(normalized, at)
    length = latin.end() if latin is not None and normalized[at].isascii() else at + 1
    return Token("word", normalized[at:length], at, length, False)


def _ranged(normalized: str, at: int) -> re.Match[str] | None:
    """From so many to so many; "two and two" is none, and neither is what goes on from letters or digits."""
    number = _RANGE.match(normalized, at)
    if number is None or number.group() in tables.NUMBERS or _PART_OF_A_WORD.match(normalized[:at][-1:]):
        return None  # twenty-five is one number
    joined_by_and = re.search(r"\sand\s", number.group()) is not None
    return number if joined_by_and == number.group().startswith("between") else None


def bounds_of_range(text: str) -> tuple[str, str] | None:
    """The two numbers of a text such as "2 or 3" or 两到四个; None for other texts."""
    number = _RANGE.fullmatch(text)
    return (number["least"], number["most"]) if number is not None and text not in tables.NUMBERS else None


def _counted(normalized: str, at: int, labels_at: Mapping[int, int]) -> re.Match[str] | None:
    """A number right before one of ``_COUNTED`` that is a name by itself there."""
    number = _COUNTED.match(normalized, at)
    return number if number is not None and labels_at.get(number.end()) == number.end() + 1 else None


def _joined(words: Sequence[Token]) -> Iterator[Token]:
    """Characters of Chinese that are no known word, joined with their like, and numbers told from mere characters."""
    run: Token | None = None
    for token in words:
        plain = token.kind == "word" and not token.latin
        if run is not None and plain and token.adjacent:
            run = Token("word", run.text + token.text, run.start, token.end, run.adjacent)
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
        ("filler", tables.FILLER_WORDS),
        ("modifier", [*tables.MODIFIERS, *tables.MODIFIERS_ZH]),
        ("article", list(tables.ARTICLES)),
        ("number", [*tables.NUMBERS, *tables.VAGUE_NUMBERS]),
        ("quantifier", list(tables.QUANTIFIERS)),
        ("conjunction", tables.CONJUNCTIONS),
        ("relation", list(tables.RELATIONS)),
        ("place", list(tables.PLACES)),
        ("size", list(tables.SIZES)),
        ("at", ["在"]),
        ("of", ["的"]),
        ("than", ["比"]),
        ("have", ["有"]),
        ("word", (*tables.COMPOUNDS, *tables.OR_MORE)),
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
