"""Several objects and how they lie to each other, read from the words of a text by a small grammar.

============================  ==========================================  =====================================
form                          examples                                    read as
============================  ==========================================  =====================================
quantity thing                two dogs, at least 3 cups, 两只狗           count
thing conjunction thing …     cat and dog, 猫 和 狗, 猫、狗               several parts
thing relation thing          dog left of bicycle, cat larger than a dog  relation
thing 在 thing place          杯子在电脑左边                              relation
thing [的] place 的 thing     电脑左边的杯子, 车里的人, 桌子上的杯子      relation of the second to the first
thing place 有 thing          车里有人, 沙发上躺着猫, 碗里三个橙子        relation of the second to the first
[thing] 比 thing size [的 …]  猫比狗大, 比狗大的猫                        relation
============================  ==========================================  =====================================

What a thing (a noun phrase) is depends on the pack. Where it tells many labels apart, a thing is the name of a label,
with modifiers before it ("red car"), anywhere in the text; words around it stay words. Where it knows one label only,
a thing is a word or two of any kind, and then the whole text, up to punctuation, must be of such a form. What could
also be a compound ("dog and cat food", "orange and black cat") or a binomial ("salt and pepper") is left as words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from boxlens.domain.objects import LabelName
from boxlens.domain.queries import Part, Relation, RelationName, TextClause
from boxlens.language.kind_names import ACTIVITIES
from boxlens.language.label_recognition import singular_of
from boxlens.language.query_parsing import vocabulary as tables
from boxlens.language.query_parsing.counts import count_range, is_vague, numbers_of
from boxlens.language.query_parsing.tokens import NormalizedText, Token, tokens
from boxlens.language.query_parsing.vocabulary import UNREAD_RELATIONS, relation_of
from boxlens.language.tokens import singularize

_TIMES = re.compile(r"^[x×]|\d\s?[x×]$")
_BEFORE_ORDINAL = tuple("第周期拜初十百千万年月号")
"""What ends a word before a number that tells which one, not how many: 第三个, 星期三."""

_BOUNDARY = ("end", "filler", "conjunction", "of", "at", "have", "relation", "than", "number", "quantifier", "article")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Characters ``start`` to ``end`` of the normalized text, read as these parts."""

    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _NounPhrase:
    """A thing from token ``first`` up to ``next``; ``name`` to ``name_end`` are its own words, without number and
    article."""

    first: int
    name: int
    name_end: int
    next: int
    least: int
    most: int | None
    counted: bool


def parse_phrases(normalized: NormalizedText, labels: Sequence[LabelName], masked: str) -> list[Phrase]:
    """Everything that can be read, from left to right, no two of them overlapping.

    ``masked``: the normalized text in which what was read otherwise already is replaced by ``|``.
    """
    by_label = len(labels) > 1
    parser = _Parser(normalized, tokens(masked, labels if by_label else ()), by_label)
    return list(parser.phrases())


class _Parser:
    def __init__(self, normalized: NormalizedText, words: Sequence[Token], by_label: bool) -> None:
        self._normalized, self._tokens, self._by_label = normalized, words, by_label

    def phrases(self) -> Iterator[Phrase]:
        i = 0
        while i < len(self._tokens):
            phrase, after = self._phrase(i) if self._may_begin(i) else (None, i)
            if phrase is not None and (self._is_all(i, after) or not self._is_vague(i, after)):
                yield phrase
            i = max(after, i + 1)

    def _is_vague(self, first: int, after: int) -> bool:
        return any(token.text in tables.VAGUE_NUMBERS for token in self._tokens[first:after])

    def _is_all(self, first: int, after: int) -> bool:
        """Whether nothing else is named: in a sentence (a group of people at a table) a vague number only describes."""
        others = (*self._tokens[:first], *self._tokens[after:])
        return all(token.kind in ("end", "article", "filler", "of") for token in others)

    def _phrase(self, i: int) -> tuple[Phrase | None, int]:
        parsed = self._comparison(i) or self._from_noun_phrase(i)
        if parsed is None:
            return None, i
        parts, after = parsed
        while (more := self._joined(after)) is not None and len(parts) < 8:
            if parts[-1].relation is None and self._is_colour_pair(after):
                return None, i
            parts, after = [*parts, self._part(more)], more.next
        counted = any(part.min_count > 1 or part.max_count is not None for part in parts)
        start, end = self._tokens[i].start, self._tokens[after - 1].end
        if not counted and (len(parts) == 1 or self._is_loose(parts, i, after)):
            return None, i
        if not self._may_end(after) or self._is_binomial(start, end):
            return None, i
        return Phrase(start, end, tuple(parts)), after

    def _from_noun_phrase(self, i: int) -> tuple[list[Part], int] | None:
        """A phrase that begins with a thing."""
        first = self._noun_phrase(i)
        if first is None:
            return None
        j = self._skip(first.next, "filler", ("is", "are", "was", "were", "that is", "which is"))
        token = self._tokens[j]
        if token.kind == "relation" and self._allowed(token) and (second := self._noun_phrase(j + 1)):
            return self._related(first, relation_of(tables.RELATIONS, token.text), second), second.next
        if token.kind == "than" and (second := self._noun_phrase(j + 1)) and self._tokens[second.next].kind == "size":
            return self._related(
                first, relation_of(tables.SIZES, self._tokens[second.next].text), second
            ), second.next + 1
        if token.kind == "at" and (second := self._noun_phrase(j + 1)):
            k = self._skip(second.next, "of", ("的",))
            if self._tokens[k].kind == "place" and self._allowed(self._tokens[k]):
                return self._related(first, relation_of(tables.PLACES, self._tokens[k].text), second), k + 1
            return None
        k = self._skip(j, "of", ("的",))
        place, at = self._tokens[k], self._behind_link(k + 1)
        if place.kind == "place" and self._allowed(place) and at and (second := self._noun_phrase(at)):
            return self._related(second, relation_of(tables.PLACES, place.text), first), second.next
        return [self._part(first)], first.next

    def _behind_link(self, i: int) -> int | None:
        """The token behind what joins a place and what is there, which begins at i: 的, 有, 是, 躺着."""
        link, after = (self._tokens[min(at, len(self._tokens) - 1)] for at in (i, i + 1))
        if link.kind in ("of", "have") or link.text == "是":
            return i + 1
        if link.kind == "number":  # 碗里三个橙子
            return i
        does = link.kind in ("word", "filler") and not link.latin
        return i + 2 if does and after.text == "着" else None

    def _comparison(self, i: int) -> tuple[list[Part], int] | None:
        """比 B 大 的 A."""
        if self._tokens[i].kind != "than" or (second := self._noun_phrase(i + 1)) is None:
            return None
        size = self._tokens[second.next]
        k = self._skip(second.next + 1, "of", ("的",))
        if size.kind != "size" or k == second.next + 1 or (first := self._noun_phrase(k)) is None:
            return None
        return self._related(first, relation_of(tables.SIZES, size.text), second), first.next

    def _related(self, first: _NounPhrase, name: RelationName, second: _NounPhrase) -> list[Part]:
        subject, other = self._part(first), self._part(second)
        return [Part(subject.clause, subject.min_count, subject.max_count, Relation(name, 1)), other]

    def _joined(self, i: int) -> _NounPhrase | None:
        """The thing behind a conjunction; a kind of one, of which the labels tell little, where it is counted."""
        noun = self._noun_phrase(i + 1) if self._tokens[i].kind == "conjunction" else None
        return None if noun is not None and not noun.counted and self._names_kind(noun.first, noun.next) else noun

    def _is_loose(self, parts: Sequence[Part], first: int, after: int) -> bool:
        """Whether a phrase that counts nothing names a kind of a label, and is not all that is asked: a relation of it
        to something."""
        related = any(part.relation is not None for part in parts)
        return self._names_kind(first, after) and not (related and self._is_all(first, after))

    def _names_kind(self, first: int, after: int) -> bool:
        return any(token.of_kind for token in self._tokens[first:after])

    def _noun_phrase(self, i: int) -> _NounPhrase | None:
        """[quantifier] [number] [article] modifier … label; without labels one or two words instead of it."""
        last = len(self._tokens) - 1
        first, bound = i, ""
        if i < last and self._tokens[i].kind == "quantifier":
            bound, i = tables.QUANTIFIERS[self._tokens[i].text], i + 1
        i = self._skip(i, "article")
        number = self._tokens[i]
        counted = i < last and number.kind == "number" and not self._is_price(i)
        i = self._skip(i + counted, "of", ("的",)) if counted else i
        if (
            counted
            and not bound
            and [token.text for token in self._tokens[i : i + 2]] in (["or", "more"], ["and", "more"])
        ):
            i += 2  # a number is the fewest anyway
        if counted and self._tokens[i].text == "more":
            i += 1  # two more dogs
        if counted and not bound and self._tokens[i].text in tables.OR_MORE:
            i = self._skip(i + 1, "of", ("的",))
        i = self._skip(i, "article")
        name = i
        while (
            i < last and self._tokens[i].kind in ("modifier", "size") and self._tokens[i].text in tables.ALL_MODIFIERS
        ):
            i = self._skip(i + 1, "of", ("的",))
        after = self._head(i)
        if after is None or (bound and not counted):
            return None
        times, name_end = self._tokens[after], after
        behind = times.kind == "number" and (times.text[0] in "x×" or self._ends_behind(after))  # dogs x3, 狗两只
        if not counted and not bound and behind:
            number, counted, after = times, True, after + 1
        n, upper = numbers_of(number.text) if counted else (1, 0)
        if number.text in ("a pair of", "pair of", "一双", "一对") and self._tokens[name_end - 1].text in tables.PAIRED:
            n = 1
        in_latin = counted and number.text.isascii() and not _TIMES.search(number.text)  # two cat, but 两只 dog, 2x dog
        if n == 0 or (n > 1 and in_latin and not self._is_plural(self._tokens[name_end - 1])):
            return None
        if bound == "exactly" and is_vague(number.text):
            bound = ""  # only a few birds
        least, most = count_range(bound, n)
        if upper and not bound:
            most = upper
        if most is not None and most < least:
            return None
        return _NounPhrase(first, name, name_end, after, least, most, counted)

    def _ends_behind(self, i: int) -> bool:
        """Whether a Chinese number with its measure word ends what is said of the thing that it stands right behind."""
        number = self._tokens[i]
        return number.adjacent and number.text[-1] in tables.MEASURES and self._tokens[i + 1].kind == "end"

    def _is_price(self, i: int) -> bool:
        """Whether a number is how much a thing costs: 五十块的包."""
        return self._tokens[i].text.endswith("块") and self._tokens[i + 1].kind == "of"

    def _head(self, i: int) -> int | None:
        """The token behind the name of a thing that begins at i."""
        token = self._tokens[i]
        if self._by_label:
            return i + 1 if token.kind == "label" else None
        if token.kind != "word" or token.text in tables.COMPOUNDS:
            return None
        after = i + 1
        if token.latin and self._tokens[after].kind == "word" and self._tokens[after].latin:
            after += 1
        head = self._tokens[after - 1]
        if head.latin:
            return None if singularize(head.text) in tables.ABSTRACT_NOUNS or head.text[0].isdigit() else after
        unseen = any(token.text.startswith(word) for word in tables.ABSTRACT_NOUNS_ZH)
        return None if unseen or len(token.text) > 4 else after

    def _part(self, noun: _NounPhrase) -> Part:
        start, end = self._tokens[noun.name].start, self._tokens[noun.name_end - 1].end
        first, last = self._normalized.span(start, end)
        return Part(TextClause(self._normalized.written[first:last]), noun.least, noun.most)

    def _skip(self, i: int, kind: str, words: Sequence[str] = ()) -> int:
        token = self._tokens[min(i, len(self._tokens) - 1)]
        return i + 1 if token.kind == kind and (not words or token.text in words) else i

    def _allowed(self, token: Token) -> bool:
        return self._by_label or token.text not in tables.SCENE_RELATIONS

    @staticmethod
    def _is_modifier(token: Token) -> bool:
        return token.kind in ("modifier", "size") and token.text in tables.ALL_MODIFIERS

    @staticmethod
    def _is_plural(token: Token) -> bool:
        words = token.text.split()
        return not token.latin or words[-1] in tables.INVARIANT or singular_of(words[-1]) != words[-1]

    def _is_colour_pair(self, joint: int) -> bool:
        """ "orange and black cat": a colour that is also a thing, beside another colour."""
        before, after = self._tokens[joint - 1], self._tokens[self._skip(joint + 1, "article")]
        return before.text in tables.COLOURS and after.kind == "modifier"

    def _is_binomial(self, start: int, end: int) -> bool:
        return re.sub(r"\s*&\s*", " and ", " ".join(self._normalized.text[start:end].split())) in tables.BINOMIALS

    def _may_begin(self, i: int) -> bool:
        token = self._tokens[i]
        before = self._tokens[i - 1] if i else None
        if before is None or before.kind == "end":
            return True
        if not self._by_label:
            return before.kind == "filler" and before.latin and before.text in ("of", "with")
        if token.latin:
            by_number = token.kind in ("number", "quantifier")
            if token.kind == "number" and before.kind == "label" and before.latin and self._is_plural(before):
                return True
            by_word = before.kind == "word" and (i == 1 or UNREAD_RELATIONS.fullmatch(before.text) is None)
            return not (by_word and by_number) and before.kind not in (
                ("label", "modifier") if by_number else ("label",)
            )
        if token.kind == "number" and before.kind in ("label", "word") and not before.latin:
            return not before.text.endswith(_BEFORE_ORDINAL)
        return not token.adjacent or before.kind in ("filler", "of", "at", "have", "conjunction", "number")

    def _may_end(self, i: int) -> bool:
        """Whether a thing may end before token i: no name of something else goes on there."""
        token = self._tokens[i]
        if token.kind == "end":
            return True
        if not self._by_label:
            return token.kind == "of" and self._tokens[i + 1].text in tables.PHOTO_WORDS
        if token.kind == "of":
            return self._tokens[i + 1].text in tables.PHOTO_WORDS or self._tokens[i + 1].kind == "end"
        if token.of_kind and token.text in ACTIVITIES:
            return True
        if token.kind == "word":
            if not token.latin:  # its head would have kept the name from being one
                return UNREAD_RELATIONS.match(token.text) is None
            return token.text.endswith("ing") or self._is_done(i)
        return token.kind in _BOUNDARY

    def _is_done(self, i: int) -> bool:
        """Whether an English word is what several do ("two zebras drink"): a plural is no first part of a compound."""
        name, word = self._tokens[i - 1], self._tokens[i].text
        by_one = word.endswith("s") and not word.endswith("ss")  # seven ducks cross
        return name.kind == "label" and self._is_plural(name) and not by_one
