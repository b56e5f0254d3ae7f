"""BERT's basic tokenizer written out, as the reference for word pieces, and texts to compare on."""

from __future__ import annotations

import random
import unicodedata

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
_NOUNS = "dog Bicycles umbrella 雨伞 红苹果 CAT's traffic-light 出租车 e-mail 3个 iPhone15 co-operate ΟΔΟΣ".split()
_FRAMES = ["a {} and {}", "一张{}和{}的照片", "{}在{}旁边", "The {}, {}!", "{}{}", "no. 7: {} / {} (2026)"]
_BLOCKS = [(0x20, 0x7F), (0, 0x3100), (0x4E00, 0xA000), (0x1F300, 0x1FB00), (0, 0xD800), (0xE000, 0x30000)]
_IDEOGRAPHS = [
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
]
_RECLASSIFIED = "\U0001171e\U00011938"  # of another category in one Unicode version than in the next


def sentences(count: int) -> list[str]:
    """Made sentences in two languages; the same at every call."""
    pick = random.Random(5)
    return [pick.choice(_FRAMES).format(pick.choice(_NOUNS), pick.choice(_NOUNS)) for _ in range(count)]


def random_texts(count: int) -> list[str]:
    """Texts of up to 59 characters of all scripts that this Python's Unicode knows; the same at every call."""
    pick = random.Random(1)
    texts = ("".join(_character(pick) for _ in range(pick.randrange(60))) for _ in range(count))
    return list(texts)


def _character(pick: random.Random) -> str:
    while True:
        character = chr(pick.randrange(*pick.choice(_BLOCKS)))
        if unicodedata.category(character) != "Cn" and character not in _RECLASSIFIED:
            return character


def basic_tokens(text: str) -> list[str]:
    """Cleaned, ideographs and punctuation apart, lower case, accents off (Devlin et al., 2019, their own code).

    >>> basic_tokens("Café的LOGO!")
    ['cafe', '的', 'logo', '!']
    """
    cleaned = "".join(f" {char} " if _is_ideograph(char) else char for char in text if not _is_dropped(char))
    spaced = "".join(" " if char in "\t\n\r" or unicodedata.category(char) == "Zs" else char for char in cleaned)
    plain = unicodedata.normalize("NFD", spaced.lower())
    apart = (f" {char} " if _is_punctuation(char) else char for char in plain if unicodedata.category(char) != "Mn")
    return "".join(apart).split()


def _is_dropped(char: str) -> bool:
    control = char not in "\t\n\r" and unicodedata.category(char) in ("Cc", "Cf")
    return control or char in "\0\ufffd"


def _is_ideograph(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in _IDEOGRAPHS)


def _is_punctuation(char: str) -> bool:
    symbol = char.isascii() and char.isprintable() and not char.isalnum() and char != " "
    return symbol or unicodedata.category(char).startswith("P")
