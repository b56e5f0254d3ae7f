"""The words of a query: conditions read from them, what they ask of the index, and what is marked as matching."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import orjson

from boxlens.domain.errors import BoxlensError
from boxlens.domain.filters import Filter
from boxlens.domain.objects import LabelName
from boxlens.index.elasticsearch.queries import word_body
from boxlens.language.query_parsing.conditions import parse_text
from boxlens.language.word_query import quoted_text, to_word_queries, to_word_query
from tests.fuzz.targets import text_of

LABELS = (
    LabelName("dog", ("dog", "puppy"), ("狗",)),
    LabelName("cat", ("cat",), ("猫", "猫咪")),
    LabelName("traffic light", ("traffic light",), ("红绿灯",)),
    LabelName("person", ("person", "man", "woman"), ("人", "行人")),
)
PIECES = (
    "dog", "dogs", "狗", "红绿灯", "traffic light", "red", "红色", "two ", "两只", "三", "没有", "without ", " and ",
    "left of ", "左边", "at least ", "至少", "last year", "去年", "2023年7月", "july 2023", "-", '"', "「", "」", "没",
    "不要", "\u200d", "ﬁ", "İ", "99999999999", "0年", "2月30日", "between ", " and not ", "more than ",
)  # fmt: skip
TODAY = date(2026, 11, 28)

to_word_query("狗在红绿灯左边", LABELS, Filter())  # what Chinese words need is loaded at the first of them


def read(data: bytes) -> None:
    """What is typed is no mistake: it is read, asked for, and written as JSON."""
    text = text_of(data)
    parsed = parse_text(text, LABELS, TODAY)
    quoted_text(text)
    for words in (text, parsed.rest):
        query = to_word_query(words, LABELS, Filter())
        with suppress(BoxlensError):
            to_word_queries(words, LABELS, Filter())
        if query is not None:
            orjson.dumps(word_body(query))
    keys = [reading.key for reading in parsed.conditions]
    parse_text(text, LABELS, TODAY, ignore=keys)
