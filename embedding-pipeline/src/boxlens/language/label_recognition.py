"""Names of a detector's classes found in what a person typed, in Chinese and English.

A name counts as a whole word only. Chinese is cut into words first (``segmentation``); a name that is a part of a
longer word is none. A name that modifies the word behind it names another thing (``compounds``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from boxlens.domain.objects import LabelName
from boxlens.language.compounds import (
    OTHER_THINGS,
    chinese_words,
    is_chinese_head,
    is_doing,
    is_english_head,
    is_modifier,
)
from boxlens.language.kind_names import kind_names, other_names
from boxlens.language.query_parsing.vocabulary import ARTICLES, COLOURS, INVARIANT, MEASURES, NUMBERS, SIGN_TEXT
from boxlens.language.segmentation import Segment
from boxlens.language.tokens import fold_diacritics, normalize, segments, singularize

_COLOURS = COLOURS - {"orange"}
"""Names of classes that describe the word behind them and make no other thing of it; an orange tree is no orange."""

LIVING = frozenset("person bird cat dog horse sheep cow elephant bear zebra giraffe".split())
"""Classes of those who do something: what stands behind the name of one is often a verb."""

_PARTING = frozenset(",;.!?:|()[]，；。！？：、（）")
"""Punctuation over which no compound goes: "dog, house" names a dog."""

_FOOD = frozenset(("banana", "apple", "orange", "broccoli", "carrot", "sandwich", "hot dog", "pizza", "donut", "cake"))
"""Classes before which an orange is the fruit."""

_ELECTRONICS = frozenset(("laptop", "cell phone", "keyboard", "mouse", "tv", "remote"))
"""Classes before which an apple is who made them."""

_FRUIT = frozenset(("apple", "banana", "orange"))

_ONE = frozenset("a an one another".split())
_SEVERAL = frozenset("several many few some these those both all most".split()) | {str(n) for n in range(2, 100)}
"""Words that tell of several: behind them an animal of one form for both (sheep) is no first part of a compound."""

_NEAR = 4
"""Words before a name among which its article stands: a small brown dog."""

_VERBS = frozenset("watch watches tie ties sink sinks book books bowl bowls cup cups".split())
"""Names of classes that say what someone does right behind those who do it: a giraffe watches."""

_ORDERS = _VERBS | frozenset(("train", "spoon"))
"""Names of classes that, before an article at the start of a text, say what to do: book a flight."""

_IRREGULAR = {
    "neckties": "necktie",
    "birdies": "birdie",
    "oxen": "ox",
    "calves": "calf",
    "tvs": "tv",
    "foals": "foal",
    "bikes": "bike",
    "puppies": "puppy",
    "taxis": "taxi",
}


_QUOTED = re.compile(rf"{SIGN_TEXT}|(?<!\w)\"[^\"]+\"(?!\w)|“[^”]+”|「[^」]+」|『[^』]+』|《[^》]+》")
"""What is looked for as it is written names nothing; 24" is a measure."""

_MEN = re.compile(r"(?<=[bcdefgklnprstwy])men$")  # policemen, but abdomen and ramen


@dataclass(frozen=True, slots=True)
class _Word:
    """A Latin word without its plural, or a Chinese word with its tag; ``joined``: no space stands before it,
    ``parted``: punctuation does."""

    text: str
    written: str
    start: int
    end: int
    joined: bool
    cjk: bool
    tag: str = ""
    parted: bool = False


@dataclass(frozen=True, slots=True)
class _Match:
    """The words ``first`` up to ``next``, and the class they name (None: a thing that is no class)."""

    first: int
    next: int
    label: str | None


@dataclass(frozen=True, slots=True, eq=False)
class _Lexicon:
    """Names of classes as words (a Chinese name as one string), and the Chinese ones as the segmenter needs them."""

    names: dict[str, str | None]
    chinese: frozenset[str]
    longest: int


def recognize_labels(text: str, labels: Sequence[LabelName], *, modifiers: bool = False) -> tuple[tuple[str, ...], str]:
    """Ids of the labels named in the text, each once in order of appearance, and the rest of the text, normalized.

    Greedy from the left, the longest name first: "hot dog" is the hot dog and not the dog, 热狗 is not 狗. Names match
    whole words, Latin ones in singular and plural, and are no part of a compound, unless they are ``modifiers`` of what
    follows by nature, as colours are.
    """
    normalized = normalize(text)
    places = find_labels(normalized, labels, modifiers=modifiers)
    rest = list(normalized)
    for _, start, end in places:
        rest[start:end] = " " * (end - start)
    return tuple(dict.fromkeys(label for label, _, _ in places)), " ".join("".join(rest).split())


def label_of(name: str, labels: Sequence[LabelName]) -> str | None:
    """The id of the class that a whole text is a name of, or the id itself; None where it is neither."""
    if any(label.id == name for label in labels):
        return name
    return _lexicon(_Labels(tuple(labels))).names.get(_key(normalize(name)))


def find_labels(normalized: str, labels: Sequence[LabelName], *, modifiers: bool = False) -> list[tuple[str, int, int]]:
    """Every place where a label is named in a normalized text: (label id, start, end). See ``recognize_labels``."""
    return [*_places(normalized, _Labels(tuple(labels)), modifiers)]


class _Labels:
    """Labels as the key of a cache, equal where they are: to hash them all would take longer than to look for them."""

    __slots__ = ("names",)

    def __init__(self, names: tuple[LabelName, ...]) -> None:
        self.names = names

    def __hash__(self) -> int:
        return hash((len(self.names), *(label.id for label in self.names[:1] + self.names[-1:])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Labels) and self.names == other.names


@lru_cache(maxsize=512)  # a query is read for its conditions, its names and its weights
def _places(normalized: str, labels: _Labels, modifiers: bool) -> tuple[tuple[str, int, int], ...]:
    lexicon = _lexicon(labels)
    words = list(_words(normalized, lexicon.chinese))
    matches = list(_matches(words, lexicon))
    matches = [m for m in matches if m.label is not None and (modifiers or not _ends_compound(words, m, lexicon))]
    matches = [
        m
        for m in matches
        if not any(is_none(words, m, matches) for is_none in (_is_colour, _is_brand, _is_done, _is_order))
    ]
    quoted = [place.span() for place in _QUOTED.finditer(normalized)]
    matches = [m for m in matches if not any(start < words[m.first].start < end for start, end in quoted)]
    starts = {match.first for match in matches}
    return tuple(
        (match.label or "", words[match.first].start, words[match.next - 1].end)
        for match in matches
        if modifiers or not _begins_compound(words, match, starts)
    )


def _matches(words: Sequence[_Word], lexicon: _Lexicon) -> Iterator[_Match]:
    at = 0
    while at < len(words):
        length = _match(words, at, lexicon)
        if length:
            yield _Match(at, at + length, lexicon.names[_text(words[at : at + length])])
        at += max(length, 1)


def _match(words: Sequence[_Word], at: int, lexicon: _Lexicon) -> int:
    """How many words from ``at`` form the longest known name; 0 when none does."""
    for length in range(min(lexicon.longest, len(words) - at), 0, -1):
        part = words[at : at + length]
        whole = all(word.joined if word.cjk else not word.parted for word in part[1:])
        if whole and _text(part) in lexicon.names:
            return length
    return 0


def _ends_compound(words: Sequence[_Word], match: _Match, lexicon: _Lexicon) -> bool:
    """Whether the name is the last character of a longer word; two names of a character stand beside one another."""
    name = words[match.next - 1]
    if match.first == 0 or match.next - match.first > 1 or not name.cjk or len(name.text) > 1 or not name.joined:
        return False
    before = words[match.first - 1]
    beside = len(before.text) == 1 and lexicon.names.get(before.text) is not None
    return before.cjk and not beside and is_modifier(before.text, before.tag, name.text)


def _begins_compound(words: Sequence[_Word], match: _Match, starts: set[int]) -> bool:
    """Whether the name only modifies the word behind it."""
    head = words[match.next - 1]
    if match.next == len(words) or match.next in starts:
        return False
    if match.next - match.first == 1 and head.text in _COLOURS:
        return False
    behind = words[match.next]
    if behind.parted:
        return False
    if head.cjk and behind.cjk:
        if match.label == "person" and is_doing(behind.text):
            return False
        return behind.joined and is_chinese_head(behind.text, behind.tag, last=_ends_phrase(words, match.next))
    if not head.cjk and not behind.cjk and not behind.joined:
        if (
            _is_subject(words, match)
            or _does_to(words, match, starts)
            or (behind.written == "s" and match.next + 1 == len(words))
        ):
            return False
        if match.label in _FRUIT and behind.text == "fruit":
            return False
        after = words[match.next + 1].written if match.next + 1 < len(words) else ""
        return is_english_head(behind.written) and after not in ARTICLES  # "man repairs a bicycle": a verb
    return False


def _is_colour(words: Sequence[_Word], match: _Match, matches: Sequence[_Match]) -> bool:
    """Whether the name of the fruit tells the colour of the thing right behind it: an orange cat, but apple orange
    banana."""
    if words[match.first].written != "orange" or match.next - match.first > 1:
        return False
    behind = next((other for other in matches if other.first == match.next), None)
    listed = any(other.next == match.first for other in matches)
    if behind is None or listed or behind.label in _FOOD or words[behind.first].parted or words[behind.first].cjk:
        return False
    return words[behind.first].written not in COLOURS


def _is_brand(words: Sequence[_Word], match: _Match, matches: Sequence[_Match]) -> bool:
    """Whether an apple tells who made the thing right behind it: an apple keyboard, 苹果鼠标."""
    head = words[match.next - 1]
    if match.label != "apple" or head.text != head.written:
        return False
    behind = next((other for other in matches if other.first == match.next), None)
    if behind is None or behind.label not in _ELECTRONICS or words[behind.first].parted:
        return False
    return words[behind.first].cjk == head.cjk and (words[behind.first].joined or not head.cjk)


def _is_done(words: Sequence[_Word], match: _Match, matches: Sequence[_Match]) -> bool:
    """Whether the name is the verb of the one right before it."""
    before = next((other for other in matches if other.next == match.first), None)
    return before is not None and words[match.first].written in _VERBS and _is_subject(words, before)


def _is_order(words: Sequence[_Word], match: _Match, _matches: Sequence[_Match]) -> bool:
    """Whether the name is a verb before an article, at the start of the text: book a flight."""
    return (
        match.first == 0
        and words[0].written in _ORDERS
        and len(words) > match.next
        and not words[match.next].parted
        and words[match.next].written in ARTICLES
    )


def _is_subject(words: Sequence[_Word], match: _Match) -> bool:
    """Whether what stands behind the English name of someone is what they do, by its form: "three boys play", "three
    sheep graze" and "a man and a woman walk", as the first part of a compound is no plural, and "a dog leaps", as there
    are no several of what is one."""
    if match.label not in LIVING:
        return False
    head, behind = words[match.next - 1], words[match.next].written
    in_s = behind.endswith("s") and not behind.endswith(("ss", "us"))
    before = [word.written for word in words[max(0, match.first - _NEAR) : match.first]]
    several = head.written in INVARIANT and any(NUMBERS.get(word, 1) > 1 or word in _SEVERAL for word in before)
    if several or head.written != head.text or (match.label == "person" and "and" in before):
        return not in_s and behind not in INVARIANT
    return in_s and not _ONE.isdisjoint(before)


def _does_to(words: Sequence[_Word], match: _Match, starts: set[int]) -> bool:
    """Whether the name of someone, what one does, and another name stand behind one another: boy throws frisbee."""
    verb = words[match.next].written
    does = len(verb) > 1 and verb.endswith("s") and not verb.endswith(("ss", "us")) and match.label in LIVING
    return does and match.next + 1 in starts and not words[match.next + 1].parted


def _ends_phrase(words: Sequence[_Word], at: int) -> bool:
    return at + 1 == len(words) or not words[at + 1].cjk or not words[at + 1].joined


@lru_cache(maxsize=16)
def _lexicon(labels: _Labels) -> _Lexicon:
    other = (*OTHER_THINGS, *(name for kind in kind_names() for name in (*kind.en, *kind.zh)))
    names: dict[str, str | None] = {_key(normalize(thing)): None for thing in other}
    for label in labels.names:
        for name in (*label.en, *label.zh, label.id.replace("_", " ")):
            key = _key(normalize(name))
            if key and names.get(key) is None:
                names[key] = label.id
    for name, label_id in other_names():
        owner = names.get(_key(normalize(label_id)))
        if owner is not None:
            names.setdefault(_key(normalize(name)), owner)
    chinese = frozenset(key for key in names if key and not key[0].isascii())
    return _Lexicon(names, chinese, 6)


def _key(normalized: str) -> str:
    """A name as it is looked up: words without plural, and nothing between them, so that "hand bag" is a handbag."""
    return "".join(run if kind == "cjk" else singular_of(run) for kind, run, _, _ in segments(normalized))


def singular_of(word: str) -> str:
    """A Latin word as it is in the singular, without the marks of its letters; also where English has a form of its
    own."""
    folded = fold_diacritics(word)
    return _IRREGULAR.get(folded) or singularize(_MEN.sub("man", folded))


def _text(words: Sequence[_Word]) -> str:
    return "".join(word.text for word in words)


def _chinese_words(run: str, names: frozenset[str], *, counted: bool) -> Iterator[Segment]:
    """The words of a run; behind a number the measure word is one of its own (3个人: no 个人)."""
    if counted:
        yield Segment(run[0], "q", 0, 1)
        run = run[1:]
    for part in chinese_words(run, names):
        yield replace(part, start=part.start + counted, end=part.end + counted)


def _words(normalized: str, names: frozenset[str]) -> Iterator[_Word]:
    end_before = -1
    for kind, run, start, end in segments(normalized):
        if kind == "cjk":
            counted = start == end_before and normalized[start - 1].isdecimal() and run[0] in MEASURES
            for i, part in enumerate(_chinese_words(run, names, counted=counted)):
                joined = i > 0 or start == end_before
                yield _Word(part.text, part.text, start + part.start, start + part.end, joined, True, part.tag)
        else:
            between = normalized[max(end_before, 0) : start]
            parted = end_before >= 0 and between != "." and not _PARTING.isdisjoint(between)
            yield _Word(singular_of(run), run, start, end, start == end_before, False, parted=parted)
        end_before = end
