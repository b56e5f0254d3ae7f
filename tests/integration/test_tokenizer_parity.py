"""Our word pieces and those of cn_clip, token for token."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.shared import DATA
from tests.torch_extra import needs_torch

from embedding_pipeline.models.chinese_clip import WordPieces

pytestmark = needs_torch

Tokens = Callable[[Sequence[str]], np.ndarray]
ODD = [
    "",
    " ",
    "\0",
    "\n\t\r",
    "a\0b\ufffdc\x07d\u200be",
    "ＦＵＬＬ　ｗｉｄｔｈ：１２３，。！",
    "Café naïve Ångström ÇA İstanbul ΣΊΣΥΦΟΣ ß ﬁ",
    "👨‍👩‍👧‍👦 一家人 👍🏽 🇨🇳 ❤️ a🐶b",
    "[CLS] [SEP] [PAD] [UNK] [MASK] ##ing",
    "ＭＩＸＥＤ中文English混排2026年№①㈱㎡",
    "x" * 199,
    "x" * 200,
    "x" * 201,
    "字" * 600,
    "dog " * 300,
    "𠮷野家 𪚥 龘 﨑 㐂 〆 々 ヶ カタカナ ひらがな 한국어",
    "\u3000全角　空格\u00a0nbsp\u2028line\u2029para\x85next\x1cfs",
    "e\u0301 combining и\u0306 שָׁלוֹם हिन्दी ไทย",
    "$+<=>^`|~ ¥€£ ±×÷ “‘’” …—·、《》【】",
    "京A·12345 ABC-123 v1.2.3 user@example.com",
]


@pytest.fixture(scope="module")
def theirs() -> Tokens:
    from cn_clip.clip import tokenize

    return lambda texts: tokenize(list(texts)).numpy()


@pytest.fixture(scope="module")
def ours() -> WordPieces:
    from cn_clip.clip.bert_tokenizer import default_vocab

    return WordPieces(Path(default_vocab()))


def assert_same(texts: Sequence[str], ours: Tokens, theirs: Tokens) -> None:
    mine, wanted = ours(texts), theirs(texts)
    assert mine.dtype == wanted.dtype
    wrong = np.flatnonzero((mine != wanted).any(axis=1))
    assert not wrong.size, [ascii(texts[i]) for i in wrong[:5]]


def test_written_sentences(ours: WordPieces, theirs: Tokens) -> None:
    folder = DATA / "text"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set BOXLENS_SHARED_DATA")
    lines = (folder / "coco-cn_ext.icap2020.txt").read_text("utf-8").splitlines()
    sentences = [line.split("\t", 1)[1] for line in lines]
    words = (folder / "conceptscn655.txt").read_text("utf-8").splitlines()
    assert len(sentences) + len(words) >= 5000
    assert_same([*sentences, *words], ours, theirs)


def test_made_sentences_in_both_languages(ours: WordPieces, theirs: Tokens) -> None:
    pick = random.Random(5)
    nouns = "dog Bicycles umbrella 雨伞 红苹果 CAT's traffic-light 出租车 e-mail 3个 iPhone15 co-operate".split()
    frames = ["a {} and {}", "一张{}和{}的照片", "{}在{}旁边", "The {}, {}!", "{}{}", "no. 7: {} / {} (2026)"]
    texts = [pick.choice(frames).format(pick.choice(nouns), pick.choice(nouns)) for _ in range(2000)]
    assert_same(texts, ours, theirs)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts(text: str, ours: WordPieces, theirs: Tokens) -> None:
    assert_same([text], ours, theirs)


def test_any_characters(ours: WordPieces, theirs: Tokens) -> None:
    pick = random.Random(1)
    blocks = [(0x20, 0x7F), (0, 0x3100), (0x4E00, 0xA000), (0x1F300, 0x1FB00), (0, 0xD800), (0xE000, 0x30000)]
    texts = [
        "".join(chr(pick.randrange(*pick.choice(blocks))) for _ in range(pick.randrange(0, 60))) for _ in range(4000)
    ]
    assert_same(texts, ours, theirs)
