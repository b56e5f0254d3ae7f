"""What a text says is not wanted, in the common forms of both languages.

==============================  ======================================================  =========================
form                            examples                                                left of the text
==============================  ======================================================  =========================
negator thing                   no dogs, without a cat, except people, 没有狗, 除了人    nothing, or what stands before
thing negator thing             beach without people, animals but not dogs, 狗没有猫     the first thing
negator thing 的 thing          没有猫的狗, 没戴帽子的人, 除了狗以外的动物                the second thing
negator thing and/or thing      no cats or dogs, 没有人和车的街道, 既没有猫也没有狗       as above; both are excluded
thing negator                   红色的车除外, 狗以外的动物, 一个人也没有的街             what follows 的
part of a word                  car-free street, dogless, non-red car, 非狗动物          the rest
nobody                          no one, nobody, 空无一人                                 people are excluded
minus thing                     -dog, !dog, -"hot dog"                                  as above
sign of prohibition             🚫🐶, 🐶❌                                               as above
==============================  ======================================================  =========================

What holds the character or the word of a negation and is none (别墅, 无人机, no parking, no. 5, not only) is left
alone, and what is denied twice (not without) is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from boxlens.domain.objects import LabelName
from boxlens.language.query_parsing import negation_chinese, negation_english
from boxlens.language.query_parsing.exclusion import EMOJI, Exclusion

_DESCRIBED = re.compile(r"[^\s，。；,.;|]*的(?=[\u3400-\u9fff])")
_FORBIDDEN = "(?:[\u26d4\u274c\U0001f6ab]\ufe0f?)"
_BARRED = re.compile(
    rf"{_FORBIDDEN}\s*(?P<name>(?!{_FORBIDDEN}){EMOJI}|[a-z]+|[\u3400-\u9fff]{{1,4}})|(?P<before>(?!{_FORBIDDEN}){EMOJI})\s*{_FORBIDDEN}"
)
_MINUS = re.compile(rf"(?:(?<=\s)|^)(?:[-–—−]{{1,2}}|!)(?P<name>[^\W\d_][\w]*|{EMOJI}|\"[^\"]+\"|“[^”]+”)(?!\S)")


def find_exclusions(text: str, labels: Sequence[LabelName]) -> list[Exclusion]:
    """The exclusions of a normalized text from left to right, no two of them overlapping."""
    exclusions: list[Exclusion] = []
    blocked = [match.span() for traps in _TRAPS for match in traps.finditer(text)]
    places = (
        *_minus(text),
        *_barred(text),
        *negation_english.exclusions(text, labels),
        *negation_chinese.exclusions(text, labels),
    )
    for exclusion in sorted(places, key=lambda place: place.start):
        taken = [*blocked, *((earlier.start, earlier.end) for earlier in exclusions)]
        if all(exclusion.end <= start or end <= exclusion.start for start, end in taken):
            exclusions.append(exclusion)
    return exclusions


def find_negation(text: str) -> tuple[int, int] | None:
    """Where a normalized text, its exclusions taken out, still denies something: from the word that denies up to where
    its say ends, in Chinese before what it describes (不会飞 of 不会飞的鸟). None where it denies nothing."""
    plain = text
    for traps in _TRAPS:
        plain = traps.sub(lambda trap: " " * len(trap.group()), plain)
    english, chinese = negation_english.DENIAL.search(plain), negation_chinese.DENIAL.search(plain)
    if chinese is None or (english is not None and english.start() < chinese.start()):
        return None if english is None else (english.start(), len(text))
    described = _DESCRIBED.match(text, chinese.end())
    return chinese.start(), described.end() if described else len(text)


def _barred(text: str) -> Iterator[Exclusion]:
    """What a sign of prohibition stands before or behind."""
    for match in _BARRED.finditer(text):
        yield Exclusion(match.start(), match.end(), (match.span("name" if match["name"] else "before"),))


def _minus(text: str) -> Iterator[Exclusion]:
    for match in _MINUS.finditer(text):
        start, end = match.span("name")
        quoted = text[start] in '"“'
        yield Exclusion(match.start(), match.end(), ((start + quoted, end - quoted),))


_TRAPS = (negation_english.NO_NEGATION, negation_chinese.NO_NEGATION)
