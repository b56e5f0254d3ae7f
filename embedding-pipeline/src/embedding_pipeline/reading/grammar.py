"""Several things and how they lie to each other, read from the words of a text: a small grammar, and nothing guessed.

============================  ==========================================  =====================================
form                          examples                                    read as
============================  ==========================================  =====================================
quantity thing                two dogs, at least 3 cups, 两只狗           count
thing joint thing …           cat and dog, 猫 和 狗, 猫、狗               several parts
thing relation thing          dog left of bicycle, cat larger than a dog  relation
thing 在 thing place          杯子在电脑左边                              relation
thing [的] place 的 thing     电脑左边的杯子, 车里的人, 桌子上的杯子      relation of the second to the first
thing place 有 thing          车里有人                                    relation of the second to the first
[thing] 比 thing size [的 …]  猫比狗大, 比狗大的猫                        relation
============================  ==========================================  =====================================

What a thing is depends on the pack. Where it tells many labels apart, a thing is the name of a label, with looks
before it ("red car"), anywhere in the text; words around it stay words. Where it knows one label only, a thing is a
word or two of any kind, and then the whole text, up to punctuation, must be of such a form. Where a reading could be of
a compound ("dog and cat food", "orange and black cat") or a saying ("salt and pepper"), nothing is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embedding_pipeline.domain import LabelName
from embedding_pipeline.queries import Part, Relation, RelationName, TextClause
from embedding_pipeline.reading import tables
from embedding_pipeline.reading.tables import relation_of
from embedding_pipeline.reading.tokens import Folded, Token, tokens
from embedding_pipeline.text.words import singular

_BOUNDARY = ("end", "stop", "joint", "of", "at", "have", "relation", "than", "number", "bound", "article")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Characters ``start`` to ``end`` of the folded text, read as these parts."""

    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Thing:
    """A thing from token ``first`` up to ``next``; ``name`` is where its own words begin, behind number and article."""

    first: int
    name: int
    next: int
    least: int
    most: int | None
    counted: bool


def phrases(folded: Folded, labels: Sequence[LabelName], masked: str) -> list[Phrase]:
    """Everything that can be read, from left to right, no two of them overlapping.

    ``masked``: the folded text in which what was read otherwise already is replaced by ``|``.
    """
    many = len(labels) > 1
    reader = _Reader(folded, tokens(masked, labels if many else ()), many)
    return list(reader.phrases())


class _Reader:
    def __init__(self, folded: Folded, found: Sequence[Token], many: bool) -> None:
        self._folded, self._tokens, self._many = folded, found, many

    def phrases(self) -> Iterator[Phrase]:
        i = 0
        while i < len(self._tokens):
            phrase, after = self._phrase(i) if self._may_begin(i) else (None, i)
            if phrase is not None:
                yield phrase
            i = max(after, i + 1)

    def _phrase(self, i: int) -> tuple[Phrase | None, int]:
        read = self._smaller_or_larger(i) or self._from_thing(i)
        if read is None:
            return None, i
        parts, after = read
        while (more := self._joined(after)) is not None and len(parts) < 8:
            if parts[-1].relation is None and self._colours(after):
                return None, i
            parts, after = [*parts, self._part(more)], more.next
        said = len(parts) > 1 or parts[0].least > 1 or parts[0].most is not None
        start, end = self._tokens[i].start, self._tokens[after - 1].end
        if not said or not self._may_end(after) or self._is_saying(start, end):
            return None, i
        return Phrase(start, end, tuple(parts)), after

    def _from_thing(self, i: int) -> tuple[list[Part], int] | None:
        """A phrase that begins with a thing."""
        one = self._thing(i)
        if one is None:
            return None
        j = self._skip(one.next, "stop", ("is", "are", "was", "were", "that is", "which is"))
        token = self._tokens[j]
        if token.kind == "relation" and self._allowed(token) and (two := self._thing(j + 1)):
            return self._related(one, relation_of(tables.RELATIONS, token.text), two), two.next
        if token.kind == "than" and (two := self._thing(j + 1)) and self._tokens[two.next].kind == "size":
            return self._related(one, relation_of(tables.SIZES, self._tokens[two.next].text), two), two.next + 1
        if token.kind == "at" and (two := self._thing(j + 1)):
            k = self._skip(two.next, "of", ("的",))
            if self._tokens[k].kind == "place" and self._allowed(self._tokens[k]):
                return self._related(one, relation_of(tables.PLACES, self._tokens[k].text), two), k + 1
            return None
        k = self._skip(j, "of", ("的",))
        place, link = self._tokens[k], self._tokens[min(k + 1, len(self._tokens) - 1)]
        if (
            place.kind == "place"
            and self._allowed(place)
            and link.kind in ("of", "have")
            and (two := self._thing(k + 2))
        ):
            return self._related(two, relation_of(tables.PLACES, place.text), one), two.next
        return [self._part(one)], one.next

    def _smaller_or_larger(self, i: int) -> tuple[list[Part], int] | None:
        """比 B 大 的 A."""
        if self._tokens[i].kind != "than" or (two := self._thing(i + 1)) is None:
            return None
        size = self._tokens[two.next]
        k = self._skip(two.next + 1, "of", ("的",))
        if size.kind != "size" or k == two.next + 1 or (one := self._thing(k)) is None:
            return None
        return self._related(one, relation_of(tables.SIZES, size.text), two), one.next

    def _related(self, one: _Thing, name: RelationName, two: _Thing) -> list[Part]:
        first, second = self._part(one), self._part(two)
        return [Part(first.clause, first.least, first.most, Relation(name, 1)), second]

    def _joined(self, i: int) -> _Thing | None:
        return self._thing(i + 1) if self._tokens[i].kind == "joint" else None

    def _thing(self, i: int) -> _Thing | None:
        """[bound] [number] [article] look … label; without labels one or two words instead of it."""
        last = len(self._tokens) - 1
        first, bound = i, ""
        if i < last and self._tokens[i].kind == "bound":
            bound, i = tables.BOUNDS[self._tokens[i].text], i + 1
        i = self._skip(i, "article")
        number = self._tokens[i]
        counted = i < last and number.kind == "number"
        i = self._skip(i + counted, "of", ("的",)) if counted else i
        i = self._skip(i, "article")
        name = i
        while i < last and self._tokens[i].kind in ("look", "size") and self._tokens[i].text in tables.ALL_LOOKS:
            i = self._skip(i + 1, "of", ("的",))
        after = self._head(i)
        if after is None or (bound and not counted):
            return None
        n = _number(number.text) if counted else 1
        if n == 0 or (n > 1 and not self._is_plural(self._tokens[after - 1])):
            return None
        least, most = _bounds(bound, n)
        if most is not None and most < least:
            return None
        return _Thing(first, name, after, least, most, counted)

    def _head(self, i: int) -> int | None:
        """The token behind the name of a thing that begins at i."""
        token = self._tokens[i]
        if self._many:
            return i + 1 if token.kind == "label" else None
        if token.kind != "word" or token.text in tables.OTHERS:
            return None
        after = i + 1
        if token.latin and self._tokens[after].kind == "word" and self._tokens[after].latin:
            after += 1
        head = self._tokens[after - 1]
        if head.latin:
            return None if singular(head.text) in tables.UNSEEN or head.text[0].isdigit() else after
        unseen = any(token.text.startswith(word) for word in tables.UNSEEN_ZH)
        return None if unseen or len(token.text) > 4 else after

    def _part(self, thing: _Thing) -> Part:
        start, end = self._tokens[thing.name].start, self._tokens[thing.next - 1].end
        first, last = self._folded.span(start, end)
        return Part(TextClause(self._folded.written[first:last]), thing.least, thing.most)

    def _skip(self, i: int, kind: str, words: Sequence[str] = ()) -> int:
        token = self._tokens[min(i, len(self._tokens) - 1)]
        return i + 1 if token.kind == kind and (not words or token.text in words) else i

    def _allowed(self, token: Token) -> bool:
        return self._many or token.text not in tables.LOOSE

    @staticmethod
    def _is_plural(token: Token) -> bool:
        words = token.text.split()
        return not token.latin or words[-1] in tables.INVARIANT or singular(words[-1]) != words[-1]

    def _colours(self, joint: int) -> bool:
        """ "orange and black cat": a colour that is also a thing, beside another colour."""
        before, after = self._tokens[joint - 1], self._tokens[self._skip(joint + 1, "article")]
        return before.text in tables.COLOURS and after.kind == "look"

    def _is_saying(self, start: int, end: int) -> bool:
        return re.sub(r"\s*&\s*", " and ", " ".join(self._folded.text[start:end].split())) in tables.BINOMIALS

    def _may_begin(self, i: int) -> bool:
        token = self._tokens[i]
        before = self._tokens[i - 1] if i else None
        if before is None or before.kind == "end":
            return True
        if not self._many:
            return before.kind == "stop" and before.latin and before.text in ("of", "with")
        if token.latin:
            by_number = token.kind in ("number", "bound")
            return before.kind not in (("label", "word", "look") if by_number else ("label",))
        return not token.glued or before.kind in ("stop", "of", "at", "have", "joint", "number")

    def _may_end(self, i: int) -> bool:
        """Whether a thing may end before token i: no name of something else goes on there."""
        token = self._tokens[i]
        if token.kind == "end":
            return True
        if not self._many:
            return token.kind == "of" and self._tokens[i + 1].text in tables.SHOTS
        if token.kind == "of":
            return self._tokens[i + 1].text in tables.SHOTS or self._tokens[i + 1].kind == "end"
        if token.kind == "word":
            return not token.glued if not token.latin else token.text.endswith("ing")
        return token.kind in _BOUNDARY


def _number(text: str) -> int:
    digits = re.match(r"\d+", text)
    if digits is not None:
        return int(digits.group())
    return tables.NUMBERS.get(text) or tables.NUMBERS[text[0]]


def _bounds(bound: str, n: int) -> tuple[int, int | None]:
    """Fewest and most for a number: "two dogs" is two or more."""
    match bound:
        case "most":
            return 1, n
        case "exactly":
            return n, n
        case "more":
            return n + 1, None
        case "fewer":
            return 1, n - 1
    return n, None
