"""Words as tokens, the same at index and at query time, because no analyzer plugin may be assumed in Elasticsearch.

Text is normalized (NFKC, case, width, traditional to simplified Chinese character by character) and cut into segments:

=====================  ===========================================  ==========================================
segment                index side emits                             query side emits
=====================  ===========================================  ==========================================
CJK, kana, hangul      every character and every pair               pairs; the character itself when alone
Latin and other words  the word without its plural, and without     the word without its plural
                       its marks too
codes (with a digit)   every piece of 2 to 8 characters, the whole  the whole up to 8 characters, else pieces of 8
=====================  ===========================================  ==========================================

So 中关 is found in 中关村 and RE16 in the plate ABRE16X. Everything else (emoji, controls, punctuation) parts words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from threading import Lock
from typing import Any

MIN_PIECE_LENGTH, MAX_PIECE_LENGTH = 2, 8
MAX_WORD_LENGTH = 64

_CJK = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = rf"(?:(?![{_CJK}_])\w)"
# a code may be written with one separator between its parts (AB-12.3, 京A·12345, 7,999): it is one word without them
_RUN = re.compile(rf"(?P<cjk>[{_CJK}]+)|(?P<word>{_WORD}+(?:(?:[-._/·•]|(?<=\d),(?=\d{{3}}(?!\d))){_WORD}+)*)")
CODE_SEPARATOR = re.compile(r"[-._/·•,]")
_HYPHENED = re.compile(r"(?<![\w-])[a-z]{1,8}-[a-z]{1,8}(?![\w-])")  # Wi-Fi is also written wifi
_DIGIT = re.compile(r"\d")
_ASCII_LETTERS = re.compile(r"[a-z]+")

# words of nearly every sentence, which tell pictures apart no better than chance
_STOP_WORDS = """
a an the of on in at to by for and or with is are was were be it its this that there his her their as from
的 了 在 和 与 是 有 着 一 个 只 张 上 里 中 这 那
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "knives": "knife",
    "leaves": "leaf",
    "wolves": "wolf",
    "buses": "bus",
    "skies": "sky",
    "skis": "ski",
    "ties": "tie",
    "pies": "pie",
    "movies": "movie",
    "cookies": "cookie",
    "potatoes": "potato",
    "tomatoes": "tomato",
}

_opening = Lock()


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC  # loads its dictionaries: only when Chinese is met

    return OpenCC("t2s")


@lru_cache(maxsize=65536)
def _simplified(character: str) -> str:
    """One character alone, so that a part of a text is normalized exactly like the whole."""
    with _opening:
        return str(_converter().convert(character))


def normalize(text: str) -> str:
    """One spelling for all: NFKC, case, width, simplified characters; controls and lone surrogates become spaces.

    >>> normalize("ＡＢ紅色")
    'ab红色'
    """
    clean = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Cf") else c for c in text)
    flat = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", clean).casefold())
    return "".join(_simplified(c) if "\u3400" <= c <= "\u9fff" or c >= "\U00020000" else c for c in flat)


def fold_diacritics(word: str) -> str:
    """A word without the marks of its Latin letters, as people type it.

    >>> [fold_diacritics(word) for word in ("köln", "été", "が")]
    ['koln', 'ete', 'が']
    """
    if word.isascii():
        return word
    folded = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return folded if folded.isascii() else word


def singularize(word: str) -> str:
    """A simple English plural without its ending; other words as they are.

    >>> [singularize(w) for w in ("dogs", "buses", "cherries", "glass", "bus", "people")]
    ['dog', 'bus', 'cherry', 'glass', 'bus', 'person']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not _ASCII_LETTERS.fullmatch(word) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zzes", "ches", "shes")):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) else word[:-1]


def segments(normalized: str) -> Iterator[tuple[str, str, int, int]]:
    """The segments of a normalized text as (kind, text, start, end); kind is cjk, word or code."""
    for match in _RUN.finditer(normalized):
        text = match.group()
        if match.lastgroup == "cjk":
            yield "cjk", text, match.start(), match.end()
        elif _DIGIT.search(text):
            yield "code", text, match.start(), match.end()
        else:
            start = match.start()
            for part in CODE_SEPARATOR.split(text):
                yield "word", part, start, start + len(part)
                start += len(part) + 1


def index_tokens(texts: Iterable[str]) -> list[str]:
    """Every token under which these texts shall be found, each once, in order of appearance.

    >>> index_tokens(["中关村 dogs"])
    ['中', '关', '村', '中关', '关村', 'dog']
    """
    tokens: dict[str, None] = {}
    for text in texts:
        tokens.update(dict.fromkeys(_tokens_of(text)))
    return list(tokens)


@lru_cache(maxsize=1024)  # a caption and a file name come again with every object of their image
def _tokens_of(text: str) -> tuple[str, ...]:
    normalized = normalize(text)
    tokens = [token for kind, run, _, _ in segments(normalized) for token in _index_side(kind, run)]
    return (*tokens, *(singularize(match.group().replace("-", "")) for match in _HYPHENED.finditer(normalized)))


def query_tokens(text: str) -> list[str]:
    """The tokens to look for, each once, words that tell nothing left out (unless there are no others).

    >>> query_tokens("the 中关村 RE16")
    ['中关', '关村', 're16']
    """
    tokens: dict[str, None] = {}
    for kind, run, _, _ in segments(normalize(text)):
        tokens.update(dict.fromkeys(_query_side(kind, run)))
    return [token for token in tokens if token not in STOP_WORDS] or list(tokens)


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _joined(run: str) -> str:
    return CODE_SEPARATOR.sub("", run)[:MAX_WORD_LENGTH]


def _index_side(kind: str, run: str) -> list[str]:
    if kind == "cjk":
        return [*run, *_pairs(run)]
    if kind == "word":
        word = singularize(run[:MAX_WORD_LENGTH])
        return [word] if word.isascii() else list(dict.fromkeys((word, singularize(fold_diacritics(word)))))
    parts = [singularize(part[:MAX_WORD_LENGTH]) for part in CODE_SEPARATOR.split(run)]
    whole = _joined(run)
    sizes = range(MIN_PIECE_LENGTH, min(MAX_PIECE_LENGTH, len(whole)) + 1)
    pieces = [whole[i : i + size] for size in sizes for i in range(len(whole) - size + 1)]
    return [*parts, whole, *pieces]


def _query_side(kind: str, run: str) -> list[str]:
    if kind == "cjk":
        return _pairs(run) or [run]
    if kind == "word":
        return [singularize(run[:MAX_WORD_LENGTH])]
    whole = _joined(run)
    if len(whole) <= MAX_PIECE_LENGTH:
        return [whole]
    return [whole[i : i + MAX_PIECE_LENGTH] for i in range(len(whole) - MAX_PIECE_LENGTH + 1)]
