"""Our word pieces and those of cn_clip, token for token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.model_files.bert_tokens import ODD, random_texts, sentences
from tests.model_files.torch_extra import needs_torch
from tests.shared import DATA

from boxlens.models.text_encoder import WordPieces

pytestmark = needs_torch

Tokens = Callable[[Sequence[str]], np.ndarray]


@pytest.fixture(scope="module")
def theirs() -> Tokens:
    from cn_clip.clip import tokenize

    return lambda texts: tokenize(list(texts)).numpy()


@pytest.fixture(scope="module")
def ours() -> WordPieces:
    from cn_clip.clip.bert_tokenizer import default_vocab

    return WordPieces(Path(default_vocab()))


def assert_same(texts: Sequence[str], ours: Tokens, theirs: Tokens) -> None:
    mine, reference = ours(texts), theirs(texts)
    assert mine.dtype == reference.dtype
    wrong = np.flatnonzero((mine != reference).any(axis=1))
    assert not wrong.size, [ascii(texts[i]) for i in wrong[:5]]


def test_written_sentences(ours: WordPieces, theirs: Tokens) -> None:
    folder = DATA / "text"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set BOXLENS_SHARED_DATA")
    lines = (folder / "coco-cn_ext.icap2020.txt").read_text("utf-8").splitlines()
    captions = [line.split("\t", 1)[1] for line in lines]
    words = (folder / "conceptscn655.txt").read_text("utf-8").splitlines()
    assert len(captions) + len(words) >= 5000
    assert_same([*captions, *words], ours, theirs)


def test_made_sentences_in_both_languages(ours: WordPieces, theirs: Tokens) -> None:
    assert_same(sentences(2000), ours, theirs)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts(text: str, ours: WordPieces, theirs: Tokens) -> None:
    assert_same([text], ours, theirs)


def test_any_characters(ours: WordPieces, theirs: Tokens) -> None:
    assert_same(random_texts(4000), ours, theirs)
