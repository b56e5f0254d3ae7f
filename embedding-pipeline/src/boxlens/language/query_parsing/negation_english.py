"""Exclusions in English, see ``negation``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from boxlens.domain.objects import LabelName
from boxlens.language.label_recognition import find_labels, label_of, singular_of
from boxlens.language.query_parsing.exclusion import EMOJI, MAX_WORDS, Exclusion
from boxlens.language.query_parsing.negation_chinese import LEFT_NAME, chinese_name
from boxlens.language.query_parsing.vocabulary import ARTICLES, COLOURS, INVARIANT, SIGN_TEXT

_NOT = r"(?:\s*n[o'’]?['’]?t|\s+not)"
_NEGATOR = re.compile(
    r"(?:[,;]\s*|(?<=[([])\s*)?\b(?:but\s+|and\s+)?(?:"
    r"without(?:\s+(?:any|even))?|w/o|w/out|sans|excluding|exclude|except(?:ing)?(?:\s+for)?|apart\s+from|aside\s+from|save\s+for"
    r"|besides|other\s+than|minus|lacking|neither|nor|(?:nothing|none)\s+(?:with|containing|showing|that\s+(?:has|shows))"
    r"|(?:the\s+)?(?:absence|lack)\s+of|(?:get(?:ting)?\s+)?rid\s+of|(?:filter|crop|leav|cut)(?:e|ing|ting)?\s+out"
    r"|(?:there\s+)?(?:is|are|was|were)\s+no\s+longer(?:\s+any)?|no\s+longer\s+any|not\s+includ(?:ed|ing)|unlike"
    r"|instead\s+of|rather\s+than|(?:free|devoid|empty|absent)\s+(?:of|from)(?:\s+any)?|no\s+(?:sign|trace)s?\s+of|none\s+of"
    r"|not\s+(?:interested\s+in|looking\s+for|searching\s+for)"
    r"|(?:that|which|who)\s+(?:is|are|has|have)\s+(?:not|no)"
    rf"|(?:(?:that|which|who|where|there)\s+)*(?:is|are|was|were)(?:{_NOT}|\s+no)(?:\s+any)?"
    rf"|(?:i\s+|please\s+)*(?:do{_NOT}\s+)(?:show|want|need)(?:\s+me)?(?:\s+to\s+see)?(?:\s+any)?"
    rf"|(?:(?:that|which|who)\s+)?(?:do|does){_NOT}\s+(?:have|show|contain|include|feature|depict|involve)(?:\s+any)?"
    r"|please\s+no"
    r"|(?P<risky>^(?:please\s+)?(?:hide|ignore|avoid|skip|omit|remove|leave\s+out)|never|zero|(?<![\w.,:/-])0)"
    r"|(?:has|have|with)\s+no|not\s+\w+ing|not(?:\s+even)?|no(?:\s+more)?"
    r"|(?<=everything )but|(?<=anything )but|(?<=all )but"
    rf")\s*:?\s+(?:(?:a|one)\s+single\s+|one\s+)?(?:(?:wearing|holding|carrying|having|with|showing|containing)\s+)?(?=[a-z\u3400-\u9fff]|{EMOJI})"
)
"""Those that are ``risky`` stand before verbs and in idioms, and deny only a class."""

_PEOPLE = frozenset(("people", "men", "women", "children", "mice", "geese"))
_EMOJI = re.compile(EMOJI)
_BUT = re.compile(
    r"\b(?:any|every|all)\s+(?:(?:of\s+)?(?:the|these|those|my|our)\s+)?\w+\s+(?P<negator>but\s+(?!not\b|no\b|with))"
)
_NAME = re.compile(r"[a-z][a-z'-]*(?:\s+[a-z][a-z'-]*)*")
_ENDS = frozenset(
    "and or nor but with without in on at near by beside behind under above over from of for to is are that which who "
    "no not a an the show except while during left right next inside outside around here there visible anywhere please "
    "thanks whatsoever".split()
)
_JOINT = re.compile(rf"\s*(?:,\s*(?:or|and|nor)\s+|\s(?:or|nor|and)\s+)(?=[a-z]|{EMOJI})")
_LISTED = re.compile(
    r"\s*,\s*(?=(?P<things>[a-z][a-z' -]*(?:,\s*[a-z][a-z' -]*)*?),?\s+(?P<joint>or|nor|and)\s+(?P<last>[a-z]+))"
)
"""The comma of a list that ends in "or" or "and": no cats, dogs or horses."""

_TAIL = re.compile(
    r"[\s,]+(?:(?:in|on|at|around)\s+(?:it|them|(?:the\s+)?(?:sight|view|picture|photo|image|frame|background))"
    r"|around|here|there|visible|anywhere|please|at\s+all|whatsoever)(?!\S)|\s*[)\]]"
)
_AFTER = re.compile(
    r"(?P<name>[a-z][a-z'-]*)\s+(?:(?:is|are)\s+)?(?:not|never)\s+"
    r"(?:allowed|permitted|visible|present|included|wanted|welcome|shown|there|in\s+(?:sight|view|it))(?![\w-])"
)
_NOBODY = re.compile(r"(?:,\s*|\bwith\s+|\b(?:and|but)\s+|\bthere\s+is\s+)*\b(?P<name>nobody|no[\s-]?one)\b")
_PART = re.compile(r"(?<![\w-])(?:non[\s-](?P<behind>[a-z]+)|(?P<free>[a-z]+)(?:-free|less))(?![\w-])")
NO_NEGATION = re.compile(
    r"\bno\.?\s*\d"
    rf"|{SIGN_TEXT}"
    r"|\bno[\s-]+(?:parking|smoking|entry|exit|entrance|stopping|waiting|standing|swimming|trespassing|fishing"
    r"|diving|littering|dumping|photography|photos?|pictures?|way|signal|doubt|problem|matter|idea|wonder|man['’]s\s+land)\b"
    r"|\bno\s+(?:longer|more|fewer|less)\s+than\b|\bnot\s+more\s+than\b"
    r"|\bnot\s+(?:for|only|just|at all|found|without|bad|yet)\b|\bnothing\s+but\b"
    r"|\bforget[\s-]me[\s-]not|\btouch[\s-]me[\s-]not|\bwithout\s+(?:an?y?\s+)?(?:doubt|fail)\b"
    r"|\b(?:zero|0)\s+(?:to|degrees?|percent)\b|\bsans[\s-]serif\b|\bnever\s+(?:give|mind|say|ending)\b"
    r"|\bdo not\s+(?!have|show|contain|want|need)\w+"
)
"""Warnings, idioms and double denials."""

DENIAL = re.compile(
    r"\b(?:without|except|excluding|not|no|nor|neither|never|none|nobody|lacking|cannot|rid\s+of|rather\s+than|instead\s+of"
    r"|absence|unlike|(?:hardly|barely|scarcely)\s+any)\b"
    r"|(?<![\w])w/o(?!\w)|\w+n['’]t\b"
)


def exclusions(text: str, labels: Sequence[LabelName]) -> Iterator[Exclusion]:
    """All that a normalized text excludes in English, in any order; some may overlap."""
    yield from _nobody(text)
    yield from _parts_of_words(text, labels)
    yield from (Exclusion(m.start(), m.end(), (m.span("name"),)) for m in _AFTER.finditer(text))
    negators = [(*match.span(), match["risky"] is not None) for match in _NEGATOR.finditer(text)]
    negators += [(*match.span("negator"), False) for match in _BUT.finditer(text)]
    for start, name_start, risky in negators:
        names = list(_names(text, name_start, labels))
        if names and not (risky and find_labels(text[slice(*names[0])], labels) == []):
            tail = _TAIL.match(text, names[-1][1])
            yield Exclusion(start, tail.end() if tail else names[-1][1], tuple(names))


def _names(text: str, start: int, labels: Sequence[LabelName]) -> Iterator[tuple[int, int]]:
    """The things that are denied together, each where it stands."""
    name = _name(text, start, labels)
    while name is not None:
        yield name
        joint = _JOINT.match(text, name[1]) or _listed(text, name[1])
        if joint is None:
            return
        again = _NEGATOR.match(text, joint.end())
        name = _name(text, again.end() if again else joint.end(), labels)


def _listed(text: str, start: int) -> re.Match[str] | None:
    """The comma at ``start`` where a list goes on; in "no dogs, a cat and a horse" something else begins behind it."""
    match = _LISTED.match(text, start)
    if match is None or (match["joint"] == "and" and ARTICLES & {*match["things"].split(), match["last"]}):
        return None
    return match


def _name(text: str, start: int, labels: Sequence[LabelName]) -> tuple[int, int] | None:
    """Where the name of a thing stands that begins at ``start``: up to three words, an article before them. The plural
    of a class ends it, as no compound begins with one: of "no people kitchen" a kitchen is left."""
    if LEFT_NAME.match(text, start) or _EMOJI.match(text, start):
        return chinese_name(text, start, {})
    run = _NAME.match(text, start)
    words = list(re.finditer(r"\S+", run.group())) if run else []
    while words and words[0].group() in ARTICLES:
        del words[0]
    last = next((i for i, word in enumerate(words) if word.group() in _ENDS), len(words))
    if last > 1 and _is_plural(words[0].group(), labels):
        last = 1
    if not 1 <= last <= MAX_WORDS:
        return None
    return start + words[0].start(), start + words[last - 1].end()


def _is_plural(word: str, labels: Sequence[LabelName]) -> bool:
    """Whether a word is a plural of the name of a class, and of no one form for one and several (scissors, skis)."""
    return singular_of(word) != word and word not in INVARIANT - _PEOPLE and label_of(word, labels) is not None


def _nobody(text: str) -> Iterator[Exclusion]:
    for match in _NOBODY.finditer(text):
        tail = _TAIL.match(text, match.end())
        yield Exclusion(match.start(), tail.end() if tail else match.end(), (match.span("name"),))


def _parts_of_words(text: str, labels: Sequence[LabelName]) -> Iterator[Exclusion]:
    """A class denied by a part of a word: car-free, dogless, non dog; by "non" a colour as well."""
    for match in _PART.finditer(text):
        group = "free" if match["free"] else "behind"
        name = match[group]
        if label_of(name, labels) is not None or (group == "behind" and name in COLOURS):
            yield Exclusion(match.start(), match.end(), (match.span(group),))
