"""Whether a text may be words at all: keys struck at random and scripts that no network here has learned are none.

A search by looks always finds something, so what says nothing must not be asked of it. It is still looked for as it is
written: a file may well be named so.
"""

from __future__ import annotations

import re

from boxlens.language.tokens import normalize, segments

_ENGLISH = """
^abcdefghijklmnopqrstuvwyz a$bcdefghijklmnpqrstuvwxyz b$abeijlmorsuy c$acdehiklorstuy d$abcdefghijlmoprsuvwy
e$abcdefghijklmnopqrstuvwxyz f$abefilorstuy g$abeghilnoprstuy h$abcdehilmnoprstuwy i$abcdefgiklmnopqrstuvxz jaeou
k$abdeghilnoprstwy l$abcdefghiklmoprstuvwy m$abcefilmnopstuy n$abcdefghijklmnoprstuvwyz o$abcdefghiklmnoprstuvwxyz
p$aefhilmoprstuy qu r$abcdefghiklmnopqrstuvwy s$abceghiklmnopqrstuwy t$abcdefhilmnoprstuvwy u$abcdefgilmnoprstvxyz
v$aeioy w$abdefghiklmnoprsu x$acehiopt y$abcdefghilmnoprstw z$aeiloyz
"""
"""Each letter with those that follow it in at least three of the 7,992 words of English captions of photographs; ^ and
$ are the edges of a word. Two unknown pairs make no word: of 526 other words of ImageNet's names this refuses 2."""

_FOLLOWING = {row[0]: frozenset(row[1:]) for row in _ENGLISH.split()}
_UNKNOWN_PAIRS = 2
_LATIN = re.compile(r"[a-z]+")


def may_be_words(text: str) -> bool:
    """Whether anything in a text may be a word of Chinese or English.

    >>> [may_be_words(text) for text in ("unicorn", "a qwertyuiop", "qwertyuiop", "كلب", "7999", "狗")]
    [True, False, False, False, False, True]
    """
    for kind, run, _, _ in segments(normalize(text)):
        if kind == "cjk" or (kind == "word" and any(_is_plausible(word) for word in _LATIN.findall(run))):
            return True
    return False


def _is_plausible(word: str) -> bool:
    if len(word) < 3:
        return len(word) == 2  # tv
    pairs = zip(f"^{word}", f"{word}$", strict=True)
    unknown = sum(after not in _FOLLOWING.get(letter, "") for letter, after in pairs)
    return unknown < min(_UNKNOWN_PAIRS, len(word) - 2)
