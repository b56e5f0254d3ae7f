"""What a person typed, as words to look for: labels, colours, and the tokens of the rest.

A colour tells which of the things that match is meant: it ranks them, and does not make a match of its own, so that
"red unicorn" is no red car. Only where nothing but colours is asked for do they decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from embedding_pipeline.domain import LabelName
from embedding_pipeline.pictures.colours import COLOURS
from embedding_pipeline.queries import Filter, WordQuery
from embedding_pipeline.text.label_words import recognise
from embedding_pipeline.text.words import EMPTY, fold, query_tokens, runs

# one character alone is part of other words too (黄 of 黄山): it is a colour where it stands for itself
_NAMED = tuple(LabelName(c.id, c.en, tuple(name for name in c.zh if len(name) > 1)) for c in COLOURS)
_ALONE = {name: c.id for c in COLOURS for name in c.zh if len(name) == 1}
_OF = "的"


def wanted_words(text: str, labels: Sequence[LabelName], filter: Filter) -> WordQuery | None:
    """The word query of a text, its ``k`` not yet set; None when there is nothing in it to look for."""
    named, rest = recognise(text, labels)
    colours, left = recognise(rest, _NAMED)
    single = {word: _ALONE[word.removesuffix(_OF)] for word in left.split() if word.removesuffix(_OF) in _ALONE}
    ids = tuple(dict.fromkeys((*colours, *single.values())))
    _, without = recognise(text, [colour for colour in _NAMED if colour.id in colours])
    tokens = tuple(query_tokens(without))
    if ids:
        tokens = tuple(token for token in tokens if token not in single and token not in _ALONE and token not in EMPTY)
    return WordQuery(named, tokens, 0, filter, colours=ids) if named or tokens or ids else None


def named_share(text: str, labels: Sequence[LabelName]) -> float:
    """How much of a text is names of labels and colours, 0..1, counted in words and CJK characters.

    1 where it has no such name: its words then find only what holds at least half of them.
    """
    named, rest = recognise(text, labels)
    colours, left = recognise(rest, _NAMED)
    alone = [word for word in left.split() if word.removesuffix(_OF) in _ALONE]
    if not (named or colours or alone):
        return 1.0
    unnamed = _units(left) - sum(len(word) for word in alone) - left.split().count(_OF)
    return 1 - unnamed / max(1, _units(fold(text)))


def _units(folded: str) -> int:
    return sum(len(run) if kind == "cjk" else 1 for kind, run, _, _ in runs(folded) if run)


@cache
def colour_tokens(colour: str) -> tuple[str, ...]:
    """The tokens by which a colour is found in captions and tags: its best name in each language."""
    (known,) = [each for each in COLOURS if each.id == colour]
    return tuple(token for name in (known.en[0], known.zh[0]) for token in query_tokens(name))
