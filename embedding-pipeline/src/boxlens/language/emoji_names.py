"""What an emoji names, in both languages: a class of the pack where one of its names is one, else its name.

The names are those of Unicode's CLDR and the short names in use beside them, as the package emoji holds them
(BSD-3-Clause; CLDR under the Unicode licence).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from boxlens.domain.objects import LabelName
from boxlens.language.kinds import classes_of_kinds
from boxlens.language.label_recognition import label_of

_NO_THING = re.compile(
    r"\b(?:face|button|sign|symbol|arrow|square|circle|hearts?|mark|hands?|fist|fingers?|zodiac|flag|o’clock|thirty"
    r"|thumbs|clapping|gesturing|bowing|shrugging|facepalming|skin tone|keycap|diamond|triangle|infinity|numbers"
    r"|letters|alphabet|dot|pointing|copyright|registered|trade)\b"
)
"""Words in the name of an emoji that shows no thing: a feeling, a gesture, a sign."""

_LOOKS = re.compile(r"\s+(?:face|head)$")  # a dog face shows a dog


def with_emoji_names(text: str, labels: Sequence[LabelName]) -> str:
    """The text with every emoji as a word of its own: its name where it shows a thing, and without it where not."""
    if text.isascii():
        return text
    pieces, at = [], 0
    for emoji in _matches(text):
        pieces += [text[at : emoji["match_start"]], f" {_name(emoji['emoji'], tuple(labels))} "]
        at = emoji["match_end"]
    return " ".join("".join((*pieces, text[at:])).split()) if pieces else text


@lru_cache(maxsize=1024)
def _name(emoji: str, labels: tuple[LabelName, ...]) -> str:
    names = list(_names(emoji))
    for name in names:
        if label_of(name, labels) is not None:
            return name
    for name in names:
        if classes_of_kinds(name, labels):
            return name
    own = _data().get(emoji, {}).get("en", "").strip(":").replace("_", " ")
    return "" if _NO_THING.search(own) or any(_is_flag_letter(character) for character in emoji) else own


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _names(emoji: str) -> Iterator[str]:
    """The names of an emoji, the best first, each also without the word for its face."""
    data = _data().get(emoji, {})
    written = [data[key] for key in ("en", "zh") if key in data]
    for name in (*written[:1], *data.get("alias", ()), *written[1:]):
        plain = name.strip(":").replace("_", " ").replace("-", " ")
        if (short := _LOOKS.sub("", plain).removesuffix("脸").removesuffix("头")) and short != plain:
            yield short
        yield plain


def _matches(text: str) -> list[Any]:
    from emoji import emoji_list  # loads its tables: only when a text is not plain ASCII

    return list(emoji_list(text))


@lru_cache(maxsize=1)
def _data() -> Any:
    import emoji

    emoji.config.load_language("zh")
    return emoji.EMOJI_DATA
