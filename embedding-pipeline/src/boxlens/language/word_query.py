"""What a person typed, as words to look for: labels, colours, and the tokens of the rest.

A colour tells which of the things that match is meant: it ranks them, and does not make a match of its own, so that
"red unicorn" is no red car. Only where nothing but colours is asked for do they decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from boxlens.domain.filters import Filter
from boxlens.domain.objects import LabelName
from boxlens.domain.queries import WordQuery
from boxlens.imaging.colours import COLOURS
from boxlens.language.asking_words import without_asking_words
from boxlens.language.kind_names import ACTIVITIES
from boxlens.language.kinds import classes_of_kinds, find_kinds
from boxlens.language.label_recognition import find_labels, recognize_labels
from boxlens.language.query_parsing.vocabulary import MADE_OF, MADE_OF_ZH, MEASURES, MODIFIERS, NUMBERS
from boxlens.language.segmentation import Segment, is_word, segment_chinese
from boxlens.language.tokens import STOP_WORDS, normalize, query_tokens, segments

# one character alone is part of other words too (黄 of 黄山): it is a colour where it stands for itself
_NAMED = tuple(LabelName(c.id, c.en, tuple(name for name in c.zh if len(name) > 1)) for c in COLOURS)
_ALONE = {name: c.id for c in COLOURS for name in c.zh if len(name) == 1}
_OF = "的"
_DOER = "person"
_BEFORE_COLOUR = re.compile(r"^(?:[打骑牵开抱撑遛穿戴背]着?)?[大小老新旧]?(?=.$)")
_ZH_COLOUR = f"[{''.join(_ALONE)}]"
_ZH_STUFF = "|".join((*MADE_OF_ZH, *"大小老新旧高矮长短花"))
_COLOURED_ZH = re.compile(
    rf"[深浅淡亮暗鲜]?(?P<colours>(?:{_ZH_COLOUR}色?){{1,2}})(?:相间|条纹|[两双]色|颜色)?(?P<of>的)?(?:(?:{_ZH_STUFF})的?)*$"
)
_BEFORE_ONE = frozenset(
    "的又很太真最更是着大小老新旧深浅淡亮暗鲜有和与跟打骑牵开抱撑遛穿戴背拿系坐" + "".join(MEASURES)
)
"""What may stand before a colour of one character that describes a name: 很红的苹果, but not 李白的书."""
_EN_COLOURS = "|".join(name for c in COLOURS for name in c.en)
_EN_STUFF = "|".join(sorted((MODIFIERS - {*_EN_COLOURS.split("|")}) | MADE_OF))
_COLOURED_EN = re.compile(
    rf"\b(?:(?:light|dark|pale|deep|bright)[\s-]+)?(?P<colours>(?:{_EN_COLOURS})(?:[\s,&/-]+(?:and[\s-]+)?(?:{_EN_COLOURS}))*)(?:[\s-]colou?red)?"
    rf"[\s-]+(?:(?:{_EN_STUFF})[\s-]+)*$"
)
_OTHERS_COLOUR = re.compile(
    rf"\b(?:{_EN_COLOURS})(?=[\s-](?:eyed|haired|skinned|faced|tailed|nosed|legged|winged|bellied|breasted|rimmed|collar)\b)"
    r"|\b(?:red|white)(?=\s+wine\b)|\b(?:green|black|white|grey)(?=\s+tea\b)|\bblack(?=\s+coffee\b)|\borange(?=\s+juice\b)"
    r"|[红白](?=葡萄酒|酒)|[红绿黑白](?=茶)|黑(?=咖啡|啤)|橙(?=汁)"
)
"""A colour of a part of what is named, or of what it holds: a blue-eyed cat is not blue, nor is 红酒瓶 red."""
_QUOTED = re.compile(r"[\"“「『](?P<text>[^\"“”「」『』]+)[\"”」』]")
_TELLING = ("n", "v", "a", "z", "x", "s", "l", "i")
"""Tags of Chinese words that say what is shown, of places (草地上) and of what passes for a saying (手拿着) too."""
_DOING = "uz"
"""The tag of a verb together with its particle: 骑着."""


MAX_NAMES = 8
"""Things of one text that have a list of their own; of more, as in a pasted page, those named first."""

UNNAMED_SHARE = 0.35
"""What a word that names no class counts beside a name: of what it says nothing is known but where it is written. Of
the captions of photographs, by YOLOX-Nano's labels alone, 0.25 leaves 25 in a hundred wrong first hits unmarked, this
leaves 13, and 0.5 leaves 5 but marks nine in ten right ones too."""


@dataclass(frozen=True, slots=True)
class NamedPart:
    """One of several things that a text asks for: objects of a class, or what holds the other words (``label`` None).
    ``share``: how much of what is asked it is, 0..1."""

    label: str | None
    share: float


class PartQuery(NamedTuple):
    """A word query and the part of the text that it stands for; None where it stands for all of it."""

    query: WordQuery
    part: NamedPart | None = None


def to_word_queries(text: str, labels: Sequence[LabelName], filter: Filter) -> tuple[PartQuery, ...]:
    """What a text is looked for by, the ``k`` not yet set: one query for a name or for words alone, and one for each
    part of several names or of names among other words. Empty when there is nothing in it to look for."""
    if (exact := quoted_text(text)) is not None:
        phrase = tuple(query_tokens(exact))
        return (PartQuery(WordQuery((), (), 0, filter, phrase=phrase)),) if phrase else ()
    text = _asked_for(text, labels)
    named = _named(text, labels)
    if len(named.names) < 2 and (not named.labels or named.unnamed <= 0):
        query = to_word_query(text, labels, filter)
        return () if query is None else (PartQuery(query),)
    names = named.names[:MAX_NAMES]
    others = _others_colours(text)
    words = UNNAMED_SHARE * named.unnamed
    share = 1 / (len(names) + words)
    parts = []
    for name in names:
        beside = tuple((other, share) for other in names if other != name)
        ids: tuple[str, ...] = (name,) if name in named.labels else ()
        kinds = () if ids else (name,)
        colours = named.colours.get(name, ()) or (to_colours(named.rest)[0] if len(names) == 1 else ())
        colours = tuple(colour for colour in colours if colour not in others)
        tokens = tuple(query_tokens(named.written[name]))
        query = WordQuery(ids, tokens, 0, filter, colours=colours, kinds=kinds, beside=beside)
        parts.append(PartQuery(query, NamedPart(name, share)))
    if words:
        beside = tuple((name, share) for name in names)
        query = WordQuery(
            (), tuple(query_tokens(named.rest)), 0, filter, beside=beside, phrase=tuple(query_tokens(text))
        )
        parts.append(PartQuery(query, NamedPart(None, words * share)))
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a text names: ids of classes, ``labels`` of them by their names and the others by kinds; how each is
    written, and in which colours. ``rest`` is the text without labels and their colours, ``unnamed`` the number of its
    words that say something else."""

    names: tuple[str, ...]
    labels: frozenset[str]
    written: Mapping[str, str]
    colours: Mapping[str, tuple[str, ...]]
    rest: str
    unnamed: int


def _named(text: str, labels: Sequence[LabelName]) -> _Named:
    normalized = normalize(text)
    places, kinds = find_labels(normalized, labels), find_kinds(normalized, labels)
    ids = dict.fromkeys(label for label, _, _ in places)
    written: dict[str, str] = {}
    colours: dict[str, tuple[str, ...]] = {}
    rest = [*normalized]
    for label, start, end in (*places, *kinds):
        written.setdefault(label, normalized[start:end])
        span, own = _colours_before(normalized, start, places)
        if own:
            colours.setdefault(label, own)
            rest[span:start] = " " * (start - span)
        if label in ids:
            rest[start:end] = " " * (end - start)
    without_kinds = [*rest]
    for _, start, end in kinds:
        without_kinds[start:end] = " " * (end - start)
    others = [label for label, _, _ in kinds if label not in ids]
    names = tuple(dict.fromkeys((*ids, *others)))
    unnamed = _unnamed_words("".join(without_kinds), single=len(names) == 1)
    return _Named(names, frozenset(ids), written, colours, " ".join("".join(rest).split()), unnamed)


def _colours_before(normalized: str, name: int, places: Sequence[tuple[str, int, int]]) -> tuple[int, tuple[str, ...]]:
    """Where the colours of the name that begins at ``name`` begin, and their ids: 打红伞的女人 has a red umbrella."""
    before = normalized[:name]
    if normalized[name].isascii():
        match = _COLOURED_EN.search(before)
        if match is None or any(start <= match.start() < end for _, start, end in places):  # apple, orange, banana
            return name, ()
        if _OTHERS_COLOUR.match(normalized, match.start()):
            return name, ()
        return match.start(), recognize_labels(match["colours"], _NAMED, modifiers=True)[0]
    match = _COLOURED_ZH.search(before)
    if match is None or not _is_colour_zh(match, before) or _OTHERS_COLOUR.match(normalized, match.start()):
        return name, ()
    return match.start(), tuple(dict.fromkeys(_ALONE[c] for c in match["colours"].replace("粉红", "粉") if c != "色"))


def _is_colour_zh(match: re.Match[str], before: str) -> bool:
    """Whether a character is a colour there and no part of another word (口红, 李白)."""
    start = match.start("colours")
    if "色" in match["colours"] or start == 0:
        return True
    previous = before[start - 1]
    alone = previous in _BEFORE_ONE or previous.isascii()
    return alone or (match["of"] is None and not is_word(previous + match["colours"][0]))


def _others_colours(text: str) -> frozenset[str]:
    """The colours that a text tells of something else alone than what it names (see ``_OTHERS_COLOUR``)."""
    normalized = normalize(text)
    words = _OTHERS_COLOUR.findall(normalized)
    if not words:
        return frozenset()
    own = recognize_labels(_OTHERS_COLOUR.sub(" ", normalized), _NAMED, modifiers=True)[0]
    others = (_ALONE.get(word) or next(iter(recognize_labels(word, _NAMED, modifiers=True)[0]), "") for word in words)
    return frozenset(others) - frozenset(own)


def quoted_text(text: str) -> str | None:
    """What stands in the quotes of a text that is nothing else: it is looked for as it is written, in one field of an
    object, and names no class. None for other texts."""
    match = _QUOTED.fullmatch(text.strip())
    return match["text"] if match else None


def to_word_query(text: str, labels: Sequence[LabelName], filter: Filter) -> WordQuery | None:
    """All of a text as one word query, its ``k`` not yet set; None when there is nothing in it to look for."""
    label_ids, rest = recognize_labels(text, labels)
    others = _others_colours(text)
    colours, left = recognize_labels(rest, _NAMED, modifiers=True)
    colours = tuple(colour for colour in colours if colour not in others)
    single = {word: _ALONE[colour] for word in left.split() if (colour := _one_colour(word, bool(label_ids))) in _ALONE}
    pairs = _colour_pairs(left) if label_ids else ()
    paired = [_ALONE[character] for pair in pairs for character in pair]
    described = [colour for own in _named(text, labels).colours.values() for colour in own]
    in_order = dict.fromkeys((*colours, *single.values(), *paired, *described))
    colour_ids = tuple(colour for colour in in_order if colour not in others)
    _, without = recognize_labels(text, [colour for colour in _NAMED if colour.id in colours], modifiers=True)
    tokens = tuple(query_tokens(without))
    if colour_ids:
        tokens = tuple(t for t in tokens if t not in single and t not in _ALONE and t not in STOP_WORDS)
    if not (label_ids or tokens or colour_ids):
        return None
    kinds = () if label_ids else classes_of_kinds(text, labels)
    beside = ((_DOER, 1.0),) if kinds and _names_activity(text, labels) else ()
    # what names no class is no part of the name of one: 面包 is no 面包机
    phrase = tokens if len(labels) > 1 and not label_ids else ()
    return WordQuery(label_ids, tokens, 0, filter, colours=colour_ids, kinds=kinds, beside=beside, phrase=phrase)


def _names_activity(text: str, labels: Sequence[LabelName]) -> bool:
    """Whether a kind is named by what someone does with it: of the pictures of surfboards those with a surfer come
    first."""
    normalized = normalize(text)
    doer = any(label.id == _DOER for label in labels)
    return doer and any(normalized[start:end] in ACTIVITIES for _, start, end in find_kinds(normalized, labels))


def to_colours(rest: str) -> tuple[tuple[str, ...], str]:
    """The colours named in what is left of a text without labels, and what is left without them."""
    colours, left = recognize_labels(rest, _NAMED, modifiers=True)
    pairs = _colour_pairs(left)
    single = [_ALONE[colour] for word in left.split() if (colour := _one_colour(word, True)) in _ALONE]
    single += [_ALONE[character] for pair in pairs for character in pair]
    words = [w for w in left.split() if _one_colour(w, True) not in _ALONE and w.removesuffix(_OF) not in pairs]
    return tuple(dict.fromkeys((*colours, *single))), " ".join(words)


def _one_colour(word: str, named: bool) -> str:
    """A word of Chinese without what stands before its colour where a thing is ``named`` beside it: 小白 of 小白狗."""
    word = word.removesuffix(_OF)
    return _BEFORE_COLOUR.sub("", word) if named else word


def _colour_pairs(left: str) -> tuple[str, ...]:
    """Words of two characters that are two colours: 黑白 beside a cat."""
    words = (word.removesuffix(_OF) for word in left.split())
    return tuple(word for word in words if len(word) == 2 and all(character in _ALONE for character in word))


def _unnamed_words(rest: str, *, single: bool) -> int:
    """Words that say something, of what is left of a text without labels: no stop words, and of Chinese nouns, verbs
    and adjectives. A colour of a ``single`` thing is asked for with it."""
    words = to_colours(rest)[1] if single else rest
    count = 0
    for kind, run, _, _ in segments(normalize(words)):
        if kind == "cjk":
            count += sum(_is_telling(part) for part in segment_chinese(run))
        else:
            count += len(run) > 1 and run not in STOP_WORDS and run not in NUMBERS
    return count


def _is_telling(part: Segment) -> bool:
    doing = part.tag == _DOING and len(part.text) > 1
    return (doing or part.tag[:1] in _TELLING) and part.text not in STOP_WORDS


def _asked_for(text: str, labels: Sequence[LabelName]) -> str:
    """A text that names a class or a kind of one, without the words by which people ask; other texts as they are."""
    asked = without_asking_words(text)
    return asked if len(labels) > 1 and (find_labels(asked, labels) or classes_of_kinds(asked, labels)) else text


def named_share(text: str, labels: Sequence[LabelName]) -> float:
    """How much of a text is names of labels and colours, 0..1, counted in words and CJK characters.

    1 where it has no such name: its words then find only what holds at least half of them.
    """
    text = _asked_for(text, labels)
    label_ids, rest = recognize_labels(text, labels)
    colours, left = recognize_labels(rest, _NAMED, modifiers=True)
    alone = [word for word in left.split() if word.removesuffix(_OF) in _ALONE]
    if not (label_ids or colours or alone):
        return 1.0
    unnamed = _units(left) - sum(len(word) for word in alone) - left.split().count(_OF)
    return 1 - unnamed / max(1, _units(normalize(text)))


def _units(normalized: str) -> int:
    return sum(len(run) if kind == "cjk" else 1 for kind, run, _, _ in segments(normalized) if run)


@lru_cache(maxsize=len(COLOURS))
def colour_tokens(colour: str) -> tuple[str, ...]:
    """The tokens by which a colour is found in captions and tags: its best name in each language."""
    (label,) = [candidate for candidate in COLOURS if candidate.id == colour]
    return tuple(token for name in (label.en[0], label.zh[0]) for token in query_tokens(name))
