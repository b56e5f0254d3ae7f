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
from boxlens.language.label_recognition import label_of, recognize_labels

_NO_THING = re.compile(
    r"\b(?:face|button|sign|symbol|arrow|square|circle|hearts?|mark|hands?|fist|fingers?|zodiac|flag|o’clock|thirty"
    r"|thumbs|clapping|gesturing|bowing|shrugging|facepalming|skin tone|keycap|diamond|triangle|infinity|numbers"
    r"|letters|alphabet|dot|pointing|copyright|registered|trade|no|off|crossing|left luggage|frowning|pouting)\b"
)
"""Words in the name of an emoji that shows no thing: a feeling, a gesture, a sign."""

_LOOKS = re.compile(r"\s+(?:face|head)$")  # a dog face shows a dog
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")  # tones of skin, which the names tell as well
_FLAG_LETTERS = "\U0001f1e6", "\U0001f1ff"

_MEANT = (
    (r"\bmountain biking$", "on a mountain bike"),
    (r"\bbiking$", "on a bicycle"),
    (r"\browing boat$", "rowing a boat"),
    (r"\bbouncing ball$", "with a ball"),
    (r"^(?:person|man|woman) (bald|beard|blond hair|curly hair|red hair|white hair)$", r"person, \1"),
    (r"^(people|wom[ae]n|m[ae]n)( and man)? holding hands$", "people"),
    (r"^couple with heart.*", "couple"),
    (r"^(?:front facing )?baby chick$", "chick"),
    (r"^mouse(?: face)?$", "field mouse"),  # no computer mouse, of which a pack may know
    (r"^glasses$", "eyeglasses"),
    (r"^clinking glasses$", "wine glasses"),
    (r"^rescue worker.s helmet$", "helmet"),
    (r"^notebook with decorative cover$", "notebook"),
    (r"^orange book$", "book"),
    (r"^mobile phone with arrow$", "mobile phone"),
    (r"^telephone(?: receiver)?$", "telephone"),
    (r"^airplane (?:arrival|departure)$", "airplane"),
    (r"^couch and lamp$", "couch"),
)
"""What emoji show whose names say it as no person would write it, or name something else by the way."""


def with_emoji_names(text: str, labels: Sequence[LabelName]) -> str:
    """The text with every emoji as a word of its own: its name where it shows a thing, and without it where not."""
    if text.isascii():
        return text
    pieces, at = [], 0
    for emoji in _matches(text):
        pieces += [text[at : emoji["match_start"]], f" {_name(emoji['emoji'], tuple(labels))} "]
        at = emoji["match_end"]
    return " ".join("".join((*pieces, text[at:])).split()) if pieces else text


def find_emoji(text: str, labels: Sequence[LabelName]) -> list[tuple[int, int]]:
    """Every place where a text has an emoji that shows a class: (start, end)."""
    if text.isascii():
        return []
    places = [(emoji["match_start"], emoji["match_end"], emoji["emoji"]) for emoji in _matches(text)]
    return [(start, end) for start, end, emoji in places if label_of(_name(emoji, tuple(labels)), labels) is not None]


@lru_cache(maxsize=1024)
def _name(emoji: str, labels: tuple[LabelName, ...]) -> str:
    data = _data_of(emoji)
    own = _plain(data.get("en", ""))
    for pattern, meant in _MEANT:
        if re.search(pattern, own):
            return re.sub(pattern, meant, own)
    for written in ((data.get("en", ""), *(data.get("alias") or ())), (data.get("zh", ""),)):
        names = list(_names(written))
        named = next((name for name in names if label_of(name, labels) is not None), None)
        if named is not None:
            return named
        if _NO_THING.search(own) or _is_flag(emoji):
            return ""
        for name in names:
            if classes_of_kinds(name, labels) or (name.isascii() and recognize_labels(name, labels)[0]):
                return name
    return own


def _data_of(emoji: str) -> Any:
    """What is known of an emoji, or of the same with no tone of skin."""
    plain = _SKIN.sub("", emoji)
    data = _data()
    return next((data[key] for key in (plain, f"{plain}\ufe0f", emoji) if key in data), {})


def _is_flag(emoji: str) -> bool:
    return any(_FLAG_LETTERS[0] <= character <= _FLAG_LETTERS[1] or character >= "\U000e0000" for character in emoji)


def _names(written: Sequence[str]) -> Iterator[str]:
    """The names of an emoji as words, each also without the word for its face."""
    for name in written:
        plain = _plain(name)
        if (short := _LOOKS.sub("", plain).removesuffix("脸").removesuffix("头")) and short != plain:
            yield short
        yield plain


def _plain(name: str) -> str:
    return name.strip(":").replace("_", " ").replace("-", " ")


def _matches(text: str) -> list[Any]:
    from emoji import emoji_list  # loads its tables: only when a text is not plain ASCII

    return list(emoji_list(text))


@lru_cache(maxsize=1)
def _data() -> Any:
    import emoji

    emoji.config.load_language("zh")
    return emoji.EMOJI_DATA
