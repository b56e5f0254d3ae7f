"""Conditions that a person typed into a text: several things and relations, dates, and what is not wanted.

Nothing is guessed silently: every condition says which words it was read from and what it was read as, and has a key by
which a query can switch it off; then its words are plain words again. Words in quotes are never read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from boxlens.domain.filters import Condition, Filter, NumberRange, both
from boxlens.domain.objects import LabelName
from boxlens.domain.queries import Clause, Part, Query, Reading, TextClause
from boxlens.language.emoji_names import with_emoji_names
from boxlens.language.kinds import classes_of_kinds
from boxlens.language.label_recognition import label_of, recognize_labels
from boxlens.language.query_parsing.dates import find_dates
from boxlens.language.query_parsing.exclusion import NOBODY
from boxlens.language.query_parsing.grammar import parse_phrases
from boxlens.language.query_parsing.negation import find_exclusions, find_negation
from boxlens.language.query_parsing.tokens import NormalizedText
from boxlens.language.query_parsing.vocabulary import UNREAD_RELATIONS, only_stop_words
from boxlens.language.tokens import normalize

MAX_PARSED_LENGTH = 200
"""Characters of a text that may hold conditions; a longer one was pasted, and is words."""

MAX_PARTS = 8
"""Objects that the conditions of one query may ask for."""

NEGATION_WEIGHT = -0.5
"""Weight of the clause that what is not wanted becomes."""

_MASK = "|"  # stands for what was read, and ends every phrase beside it

_QUOTED = re.compile(r"(?<!-)\"[^\"]*\"|(?<!-)“[^”]*”|「[^」]*」|『[^』]*』|《[^》]*》")
_EDGES = re.compile(
    r"^(?:\s|[,，、。;；.!?！？&()\[\]–—-]|\b(?:and|with|of|in|on|at)\b|的|和|与|跟|在)+"
    r"|(?:\s|[,，、;；&()\[\]–—-]|\b(?:and|with|of|that|which|who|where|there)\b|和|与|跟)+$"
)


@dataclass(frozen=True, slots=True)
class ParsedText:
    """The conditions of one text, and ``rest``, what stays of it as words ("" when only stop words stay)."""

    conditions: tuple[Reading, ...]
    rest: str


def parse_text(
    text: str, labels: Sequence[LabelName], today: date, ignore: Sequence[str] = (), clause: int = 0
) -> ParsedText:
    """The conditions in a text, from left to right.

    ``today``: what "last year" counts from. ``ignore``: keys of conditions that are to stay words. ``clause``: the
    place of the text in its query. A text of more than ``MAX_PARSED_LENGTH`` characters has no conditions.
    """
    if len(text) > MAX_PARSED_LENGTH:
        return ParsedText((), text)
    normalized = NormalizedText(text)
    masked = [*normalized.text]
    for quoted in _QUOTED.finditer(normalized.text):
        masked[quoted.start() : quoted.end()] = _MASK * (quoted.end() - quoted.start())
    readings: list[Reading] = []

    def take(start: int, end: int, kind: str, **meaning: object) -> None:
        first, last = normalized.span(start, end)
        words = text[first:last].strip()
        key = f"{kind}:{' '.join(words.split())}"
        masked[start:end] = _MASK * (end - start)
        if key not in ignore:
            readings.append(Reading(key, clause, first, last, words, **meaning))  # type: ignore[arg-type]

    for start, end, condition in find_dates("".join(masked), today):
        take(start, end, "filter", filter=Filter((condition,)))
    for exclusion in find_exclusions("".join(masked), labels):
        for number, (first, last) in enumerate(normalized.span(*name) for name in exclusion.names):
            name = text[first:last]
            if normalize(name) in NOBODY:
                name = "person"
            meaning = {"away": TextClause(name, NEGATION_WEIGHT), "filter": _without(name, labels)}
            start = exclusion.start if number == 0 else exclusion.names[number][0]
            last_one = number == len(exclusion.names) - 1
            take(start, exclusion.end if last_one else exclusion.names[number + 1][0], "not", **meaning)
    if not any(key.startswith("not:") for key in ignore):
        _mask_denied(masked)
    for phrase in parse_phrases(normalized, labels, "".join(masked)):
        take(phrase.start, phrase.end, "all_of", parts=phrase.parts)
    rest = _rest(text, readings)
    in_order = tuple(sorted(readings, key=lambda reading: reading.start))
    return ParsedText(in_order, "" if readings and only_stop_words(with_emoji_names(rest, labels)) else rest)


def parse_query(
    query: Query, labels: Sequence[LabelName], today: date
) -> tuple[Query, tuple[Reading, ...], str | None]:
    """The query with the conditions of its texts in their places, these conditions, and the words that are left.

    The words are None when no condition was read; the query is then the one that was given. ``labels``: those of the
    pack. ``today``: what "last year" counts from.
    """
    clauses: list[Clause] = []
    excluded: list[Clause] = []
    readings: list[Reading] = []
    all_of, filters, words = query.all_of, [query.filter], []
    for i, clause in enumerate(query.clauses):
        if not isinstance(clause, TextClause) or clause.weight <= 0:
            clauses.append(clause)
            continue
        parsed = parse_text(clause.text, labels, today, query.ignore, i)
        for reading in parsed.conditions:
            shifted = replace(reading, parts=_shifted(reading.parts, len(all_of)), first_part=len(all_of))
            readings.append(shifted)
            all_of += shifted.parts
            filters.append(reading.filter)
            if reading.away is not None:
                excluded.append(reading.away)
        if parsed.rest:
            words.append(parsed.rest)
            clauses.append(replace(clause, text=parsed.rest))
    if not readings or len(all_of) > MAX_PARTS:
        return query, (), None
    if not clauses and not all_of and all(not reading.filter.empty for reading in readings):
        excluded = []  # the filters alone exclude: everything else is listed
    changed = replace(query, clauses=(*clauses, *excluded), filter=both(filters), all_of=all_of)
    return changed, tuple(readings), " ".join(words)


def without_denied(query: Query) -> tuple[Query, bool]:
    """The query without what its texts still deny in a form that is not read, and whether there was any: what is denied
    would be answered with its opposite.

    ``query``: as ``parse_query`` left it. A text in quotes denies nothing.
    """
    if any(key.startswith("not:") for key in query.ignore):
        return query, False
    clauses = tuple(_without_denied(clause) for clause in query.clauses)
    return replace(query, clauses=clauses), clauses != query.clauses


def says_unread_relation(query: Query, labels: Sequence[LabelName]) -> bool:
    """Whether a text still says of two things how they stand to each other, in words that are no relation of boxes.

    ``query``: as ``parse_query`` left it.
    """
    texts = [c.text for c in query.clauses if isinstance(c, TextClause) and c.weight > 0]
    return any(
        len(text) <= MAX_PARSED_LENGTH
        and UNREAD_RELATIONS.search(normalize(text)) is not None
        and len(query.all_of) + len(recognize_labels(text, labels)[0]) + len(classes_of_kinds(text, labels)) > 1
        for text in texts
    )


def _without_denied(clause: Clause) -> Clause:
    if not isinstance(clause, TextClause) or clause.weight <= 0 or len(clause.text) > MAX_PARSED_LENGTH:
        return clause
    normalized = NormalizedText(clause.text)
    masked = [*_QUOTED.sub(lambda quoted: _MASK * len(quoted.group()), normalized.text)]
    left = [*clause.text]
    for start, end in _mask_denied(masked):
        first, last = normalized.span(start, end)
        left[first:last] = " " * (last - first)
    text = "".join(left)
    return clause if text == clause.text else replace(clause, text=" ".join(text.split()))


def _mask_denied(masked: list[str]) -> list[tuple[int, int]]:
    """Where a normalized text denies what is not read; these places are then masked in it."""
    places = []
    while (place := find_negation("".join(masked))) is not None:
        places.append(place)
        masked[slice(*place)] = _MASK * (place[1] - place[0])
    return places


def _shifted(parts: Sequence[Part], by: int) -> tuple[Part, ...]:
    """Parts whose relations point ``by`` places further, because others stand before them."""
    return tuple(
        replace(part, relation=replace(part.relation, other=part.relation.other + by)) if part.relation else part
        for part in parts
    )


def _without(name: str, labels: Sequence[LabelName]) -> Filter:
    """The filter that admits no image with an object of the class that a text names; everything passes for others."""
    label = label_of(with_emoji_names(name, labels), labels)
    if label is None or len(labels) == 1:
        return Filter()
    return Filter(none=(Filter((Condition(f"count.{label}", range=NumberRange(1, None)),)),))


def _rest(text: str, readings: Sequence[Reading]) -> str:
    """The text without the words that conditions were read from."""
    left = [*text]
    for reading in readings:
        left[reading.start : reading.end] = " " * (reading.end - reading.start)
    rest = " ".join("".join(left).split())
    return _EDGES.sub("", rest) if readings else text
