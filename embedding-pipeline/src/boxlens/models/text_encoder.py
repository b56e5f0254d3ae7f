"""The text tower of Chinese-CLIP (Yang et al., 2022) and its BERT word pieces, without torch.

The image tower is an OnnxImageEncoder with this family's numbers; both towers give vectors of one space.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from boxlens.domain.errors import ModelMissing
from boxlens.domain.local_files import reason
from boxlens.domain.objects import Vector
from boxlens.models.image_encoder import unit
from boxlens.models.runtimes.session import Session

CONTEXT_LENGTH = 52
_MAX_WORD_LENGTH = 200  # characters; a longer word is [UNK], as in the original
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
# BERT's basic tokenizer as steps of the tokenizers library. Its ready-made BertNormalizer does not serve: it drops
# characters of private use, misses one block of ideographs, and counts by an older Unicode.
_CASED = r"[\p{Lu}\p{Ll}\p{Lt}]"
_NORMALIZER = normalizers.Sequence(
    [
        normalizers.Replace(Regex(r"[[\p{Cc}\p{Cf}\x{FFFD}]&&[^\t\n\r]]"), ""),
        # a sigma at the end of a word; Lowercase maps each character by itself
        normalizers.Replace(Regex(rf"(?<={_CASED}\p{{Mn}}{{0,3}})Σ(?!\p{{Mn}}*{_CASED})"), "ς"),
        normalizers.Lowercase(),
        normalizers.NFD(),
        normalizers.Replace(Regex(r"\p{Mn}"), ""),
    ]
)
_IDEOGRAPH = (
    r"[\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F}"
    r"\x{2B820}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}]"
)
_PUNCTUATION = r"[!-/:-@\[-`{-~]|\p{P}"
_PRE_TOKENIZER = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(r"\s+"), "removed"),
        pre_tokenizers.Split(Regex(f"{_IDEOGRAPH}|{_PUNCTUATION}"), "isolated"),
    ]
)


def split_words(text: str) -> list[str]:
    """BERT's basic tokens: cleaned, lower case, accents off, ideographs and punctuation apart.

    >>> split_words("Café的LOGO!")
    ['cafe', '的', 'logo', '!']
    """
    return [word for word, _ in _PRE_TOKENIZER.pre_tokenize_str(_NORMALIZER.normalize_str(text))]


class WordPieces:
    """Texts to token numbers, as ``cn_clip.clip.tokenize`` does. Raises ModelMissing for an unusable vocabulary."""

    def __init__(self, vocabulary: Path, *, context_length: int = CONTEXT_LENGTH) -> None:
        try:
            with vocabulary.open(encoding="utf-8") as lines:
                numbers = {line.strip(): number for number, line in enumerate(lines)}
            self._start, self._end = numbers["[CLS]"], numbers["[SEP]"]
            model = models.WordPiece(numbers, unk_token="[UNK]", max_input_chars_per_word=_MAX_WORD_LENGTH)
            self._tokenizer = Tokenizer(model)
            self._tokenizer.normalizer = _NORMALIZER
            self._tokenizer.pre_tokenizer = _PRE_TOKENIZER
        except (OSError, UnicodeDecodeError, KeyError) as error:
            why = reason(error) if isinstance(error, OSError) else "it is no list of word pieces"
            raise ModelMissing(
                f"The vocabulary {vocabulary} cannot be used: {why}.", hint="Check it: boxlens models verify NAME"
            ) from error
        self.context_length = context_length

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """int64 (n, context_length): [CLS], at most context_length - 2 pieces, [SEP], zeros."""
        tokens = np.zeros((len(texts), self.context_length), np.int64)
        for row, text in zip(tokens, texts, strict=True):
            pieces = self._tokenizer.encode(text, add_special_tokens=False).ids
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
