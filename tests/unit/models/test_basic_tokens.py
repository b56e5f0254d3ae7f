"""The tokenizers library cuts texts as BERT's own basic tokenizer does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.model_files.bert_tokens import ODD, basic_tokens, random_texts, sentences
from tests.shared import DATA

from boxlens.models.text_encoder import split_words


def assert_same(texts: Sequence[str]) -> None:
    wrong = [ascii(text) for text in texts if split_words(text) != basic_tokens(text)]
    assert not wrong, f"{len(wrong)} of {len(texts)} differ: {wrong[:3]}"


def test_odd_texts_are_cut_the_same() -> None:
    assert_same(ODD)


def test_sentences_are_cut_the_same() -> None:
    assert_same(sentences(10_000))


def test_characters_of_all_scripts_are_cut_the_same() -> None:
    assert_same(random_texts(10_007))


def test_captions_are_cut_the_same() -> None:
    folder = DATA / "text"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set BOXLENS_SHARED_DATA")
    lines = (folder / "coco-cn_ext.icap2020.txt").read_text("utf-8").splitlines()
    captions = [line.split("\t", 1)[1] for line in lines]
    assert_same([*captions, *(folder / "conceptscn655.txt").read_text("utf-8").splitlines()])
