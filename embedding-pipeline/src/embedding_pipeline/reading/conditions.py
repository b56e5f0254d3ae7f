"""Conditions that a person typed into a text: several things and relations, dates, and what is not wanted.

Nothing is guessed silently: every condition says which words it was read from and what it was read as, and has a key by
which a query can switch it off; then its words are plain words again. Words in quotes are never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from embedding_pipeline.domain import LabelName
from embedding_pipeline.filters import both
from embedding_pipeline.queries import Clause, Filter, Query, Reading, TextClause
from embedding_pipeline.reading.dates import dates
from embedding_pipeline.reading.grammar import phrases
from embedding_pipeline.reading.tables import ARTICLES, says_nothing
from embedding_pipeline.reading.tokens import Folded
from embedding_pipeline.text.label_words import recognise

LONGEST = 200
"""Characters of a text that may hold conditions; a longer one was pasted, and is words."""

MOST_PARTS = 8
AWAY = -0.5
_READ = "|"  # stands for what was read, and ends every phrase beside it

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|「[^」]*」|『[^』]*』|《[^》]*》")
_WITHOUT = re.compile(
    r"(?:(?<=\s)|^)-(?P<minus>[^\W\d_][\w]*)(?!\S)"
    r"|\b(?:but\s+)?(?:without|excluding|but not|but no)\s+(?P<en>[a-z][a-z' -]*?)\s*(?=$|[,;.|])"
    r"|(?:(?<=[\s,，。|])|^|(?<=[^\sa-z]))(?:但是?|，)?(?:不要有?|没有|不含|不带)\s*(?P<zh>[^\s,，。;；|a-z]{1,6})(?=$|[\s,，。;；|])"
)
_EDGES = re.compile(
    r"^(?:\s|[,，、。;；.!?！？&]|\b(?:and|with|of|in|on|at)\b|的|和|与|跟|在)+|(?:\s|[,，、;；&]|\b(?:and|with|of)\b|和|与|跟)+$"
)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read from one text, and ``rest``, what stays of it as words ("" when nothing worth searching)."""

    conditions: tuple[Reading, ...]
    rest: str


def read(text: str, labels: Sequence[LabelName], today: date, ignore: Sequence[str] = (), clause: int = 0) -> Read:
    """The conditions in a text, from left to right. ``today`` is what "last year" counts from."""
    if len(text) > LONGEST:
        return Read((), text)
    folded = Folded(text)
    taken = [*folded.text]
    for quoted in _QUOTED.finditer(folded.text):
        taken[quoted.start() : quoted.end()] = _READ * (quoted.end() - quoted.start())
    found: list[Reading] = []

    def take(start: int, end: int, kind: str, **meaning: object) -> None:
        first, last = folded.span(start, end)
        words = text[first:last].strip()
        key = f"{kind}:{' '.join(words.split())}"
        taken[start:end] = _READ * (end - start)
        if key not in ignore:
            found.append(Reading(key, clause, first, last, words, **meaning))  # type: ignore[arg-type]

    for start, end, condition in dates("".join(taken), today):
        take(start, end, "filter", filter=Filter((condition,)))
    for start, end, name in _excluded("".join(taken), labels):
        first, last = folded.span(*name)
        take(start, end, "not", away=TextClause(text[first:last], AWAY))
    for phrase in phrases(folded, labels, "".join(taken)):
        take(phrase.start, phrase.end, "all_of", parts=phrase.parts)
    rest = _rest(text, found)
    if all(one.away for one in found) and says_nothing(rest):
        return Read((), text)
    return Read(tuple(sorted(found, key=lambda one: one.start)), rest if not found or not says_nothing(rest) else "")


def read_query(query: Query, labels: Sequence[LabelName], today: date) -> tuple[Query, tuple[Reading, ...], str | None]:
    """The query with the conditions of its texts in their places; these; and what was left of the texts to be searched
    as words (None when nothing was read)."""
    clauses: list[Clause] = []
    away: list[Clause] = []
    readings: list[Reading] = []
    all_of, filters, left = query.all_of, [query.filter], []
    for i, clause in enumerate(query.clauses):
        if not isinstance(clause, TextClause) or clause.weight <= 0:
            clauses.append(clause)
            continue
        found = read(clause.text, labels, today, query.ignore, i)
        for one in found.conditions:
            parts = tuple(
                replace(part, relation=replace(part.relation, other=part.relation.other + len(all_of)))
                if part.relation
                else part
                for part in one.parts
            )
            readings.append(replace(one, parts=parts, first_part=len(all_of)))
            all_of += parts
            filters.append(one.filter)
            if one.away is not None:
                away.append(one.away)
        if found.rest:
            left.append(found.rest)
            clauses.append(replace(clause, text=found.rest))
    if not readings or len(all_of) > MOST_PARTS:
        return query, (), None
    changed = replace(query, clauses=(*clauses, *away), filter=both(filters), all_of=all_of)
    return changed, tuple(readings), " ".join(left)


def _excluded(text: str, labels: Sequence[LabelName]) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """What is not wanted: (start, end, where its name stands). Only a word or three up to the end of a phrase."""
    for match in _WITHOUT.finditer(text):
        kind = "minus" if match["minus"] else "en" if match["en"] else "zh"
        name, start = match[kind], match.start(kind)
        if kind == "en":
            words = name.split()
            if words[0] in ARTICLES:
                start += len(words[0]) + len(name[len(words[0]) :]) - len(name[len(words[0]) :].lstrip())
                words = words[1:]
            clean = 1 <= len(words) <= 3 and "and" not in words and words != ["doubt"]
        elif kind == "zh":
            clean = "的" not in name and (len(labels) <= 1 or bool(recognise(name, labels)[0]))
        else:
            clean = True
        if clean:
            yield match.start(), match.end(), (start, match.end(kind))


def _rest(text: str, found: Sequence[Reading]) -> str:
    """The text without what was read."""
    left = [*text]
    for one in found:
        left[one.start : one.end] = " " * (one.end - one.start)
    rest = " ".join("".join(left).split())
    return _EDGES.sub("", rest) if found else text
