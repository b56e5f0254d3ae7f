"""The text tower of Chinese-CLIP (Yang et al., 2022) and its BERT word pieces, without torch.

The image tower is an OnnxImageEncoder with this family's numbers; both towers give vectors of one space.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, models

from embedding_pipeline.domain import Vector
from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.runtime import Session
from embedding_pipeline.models.vit import unit

CONTEXT_LENGTH = 52
_LONGEST_WORD = 200  # characters; a longer one is [UNK], as in the original
# texts that towers are compared on
SENTENCES = (
    "一只狗",
    "红色的苹果",
    "一个男人和一个女人穿着军装玩手机。",
    "雨天行人打着伞走在街道上",
    "a red apple",
    "two dogs on a beach",
    "an umbrella 雨伞",
    "京A·12345",
    "",
    "城市里的公交车和出租车，夜晚，很多人",
    "🐶",
)
# the blocks the original sets apart character by character
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPieces:
    """Texts to token numbers, as ``cn_clip.clip.tokenize`` does. Raises ModelMissing for an unusable vocabulary."""

    def __init__(self, vocabulary: Path, *, context_length: int = CONTEXT_LENGTH) -> None:
        try:
            with vocabulary.open(encoding="utf-8") as lines:
                numbers = {line.strip(): number for number, line in enumerate(lines)}
            self._start, self._end = numbers["[CLS]"], numbers["[SEP]"]
            model = models.WordPiece(numbers, unk_token="[UNK]", max_input_chars_per_word=_LONGEST_WORD)
            self._tokenizer = Tokenizer(model)
        except (OSError, UnicodeDecodeError, KeyError) as error:
            raise ModelMissing(
                f"The vocabulary {vocabulary} cannot be used: {error}", hint="Check it: boxlens models verify NAME"
            ) from error
        self.context_length = context_length

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """int64 (n, context_length): [CLS], at most context_length - 2 pieces, [SEP], zeros."""
        tokens = np.zeros((len(texts), self.context_length), np.int64)
        for row, text in zip(tokens, texts, strict=True):
            pieces = self._tokenizer.encode(_words(text), is_pretokenized=True, add_special_tokens=False).ids
            ids = [self._start, *pieces[: self.context_length - 2], self._end]
            row[: len(ids)] = ids
        return tokens


class ClipTextEncoder:
    """Texts to unit vectors; ``dims`` is checked against the network at first use (ModelMissing)."""

    def __init__(self, session: Session, pieces: WordPieces, dims: int) -> None:
        self._session = session
        self._pieces = pieces
        self._dims = dims

    @property
    def dims(self) -> int:
        return self._dims

    def encode_texts(self, texts: Sequence[str]) -> Vector:
        """float32 (n, dims), each row of length 1."""
        if not texts:
            return np.zeros((0, self._dims), np.float32)
        return unit(self._session.run(self._pieces(texts))[0], self._dims, "CLIP text")

    def check(self) -> None:
        """Load the network and compare it with what the pack says of it. Raises ModelMissing."""
        self.encode_texts(["a"])


def _words(text: str) -> list[str]:
    """BERT's basic tokens: cleaned, CJK characters and punctuation apart, lower case, accents off.

    >>> _words("Café的LOGO!")
    ['cafe', '的', 'logo', '!']
    """
    cleaned = "".join(f" {char} " if _is_cjk(char) else char for char in text if not _dropped(char))
    spaced = "".join(" " if char in "\t\n\r" or unicodedata.category(char) == "Zs" else char for char in cleaned)
    plain = unicodedata.normalize("NFD", spaced.lower())
    apart = (f" {char} " if _is_punctuation(char) else char for char in plain if unicodedata.category(char) != "Mn")
    return "".join(apart).split()


def _dropped(char: str) -> bool:
    control = char not in "\t\n\r" and unicodedata.category(char) in ("Cc", "Cf")
    return control or char in "\0\ufffd"


def _is_cjk(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in _CJK)


def _is_punctuation(char: str) -> bool:
    return (char.isascii() and char.isprintable() and not char.isalnum() and char != " ") or unicodedata.category(
        char
    ).startswith("P")
