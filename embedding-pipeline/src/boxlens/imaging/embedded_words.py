"""Words inside a picture: XMP, IPTC and EXIF, in this order; each field is of the first that has it.

IPTC as in IIM 4.2: caption 2:120, headline 2:105, keywords 2:25, date 2:55 and time 2:60, its encoding 1:90. EXIF:
image description 0x010E, user comment 0x9286, and the fields of Windows 0x9C9B to 0x9C9F. What cannot be read counts as
absent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD, Base

from boxlens.imaging.picture_words import PictureWords, words_of
from boxlens.imaging.xmp import xmp_values

log = logging.getLogger(__name__)
_LONGEST = 10_000
_CHARSETS = {b"ASCII": "utf-8", b"JIS": "euc_jp", b"": "utf-8"}
_OF_CAMERAS = re.compile(
    r"(?:(?:olympus|(?:konica )?minolta|kodak|samsung|sony|nikon|canon)?"
    r"\s*(?:digital (?:still )?camera|dsc|camera pictures?)"
    r"|exif_jpeg_picture|dcim.*|default|untitled|image|picture|jpeg|charset=.*|binary comment.*)",
    re.IGNORECASE | re.DOTALL,
)
"""What cameras write into the description by themselves."""


def embedded_words(xmp: str, iptc: Mapping[tuple[int, int], Sequence[bytes]], exif: Image.Exif) -> PictureWords:
    """Never raises."""
    words = PictureWords()
    for said in _sources(xmp, iptc, exif):
        more = words_of(said)
        words = replace(
            words,
            caption=words.caption or _of_a_person(more.caption),
            tags=words.tags or more.tags,
            taken_at=words.taken_at or more.taken_at,
            location=words.location or more.location,
        )
    return words


def _sources(
    xmp: str, iptc: Mapping[tuple[int, int], Sequence[bytes]], exif: Image.Exif
) -> Iterator[Mapping[str, Any]]:
    """Properties by their names, as ``words_of`` takes them, best first."""
    if xmp:
        try:
            yield xmp_values(xmp)
        except ValueError as error:
            log.debug("XMP inside a picture: %s", error)
    yield _iptc_values(iptc)
    try:
        yield _exif_values(exif)
    except Exception as error:  # noqa: BLE001  broken offsets raise whatever struct, TIFF or the codec raise
        log.debug("EXIF words: %s", error)


def _iptc_values(iptc: Mapping[tuple[int, int], Sequence[bytes]]) -> dict[str, Any]:
    utf8 = any(b"\x1b%G" in value for value in iptc.get((1, 90), ()))

    def texts(number: int) -> list[str]:
        return [_clean(_decoded(value, utf8)) for value in iptc.get((2, number), ())]

    date, time = next(iter(texts(55)), ""), next(iter(texts(60)), "")
    moment = ""
    if len(date) == 8 and date.isdecimal():
        moment = f"{date[:4]}-{date[4:6]}-{date[6:]}"
        if len(time) >= 6 and time[:6].isdecimal():
            zone = f"{time[6:9]}:{time[9:11]}" if len(time) == 11 else ""
            moment += f"T{time[:2]}:{time[2:4]}:{time[4:6]}{zone}"
    return {
        "caption": next(iter(texts(120)), ""),
        "headline": next(iter(texts(105)), ""),
        "keywords": texts(25),
        "datecreated": moment,
    }


def _decoded(value: bytes, utf8: bool) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("utf-8" if utf8 else "latin-1", "replace")


def _exif_values(exif: Image.Exif) -> dict[str, Any]:
    keywords = _windows(exif.get(Base.XPKeywords))
    description = exif.get(Base.ImageDescription)
    if isinstance(description, str):  # Pillow reads every byte as a character, and most programs write UTF-8
        description = description.encode("latin-1", "replace")
    captions = (
        _decoded(description, utf8=False) if isinstance(description, bytes) else "",
        _windows(exif.get(Base.XPTitle)),
        _windows(exif.get(Base.XPComment)),
        _comment(exif.get_ifd(IFD.Exif).get(Base.UserComment)),
        _windows(exif.get(Base.XPSubject)),
    )
    said = (text for text in map(_clean, captions) if _of_a_person(text))
    return {"caption": next(said, ""), "keywords": [_clean(word) for word in keywords.split(";")]}


def _windows(value: object) -> str:
    """Fields of Windows are UTF-16 in bytes."""
    if isinstance(value, tuple):
        value = bytes(value)
    return value.decode("utf-16-le", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _comment(value: object) -> str:
    """A user comment begins with the name of its encoding in eight bytes."""
    if not isinstance(value, bytes):
        return value if isinstance(value, str) else ""
    name, text = value[:8].rstrip(b"\0 "), value[8:]
    if name == b"UNICODE":
        big_endian = text[:2] == b"\xfe\xff" or text[::2].count(0) > text[1::2].count(0)
        return text.decode("utf-16-be" if big_endian else "utf-16-le", "replace").lstrip("\ufeff")
    charset = _CHARSETS.get(name)
    return text.decode(charset, "replace") if charset else ""


def _clean(text: str) -> str:
    """Without null characters and what a console would act on; lines stay lines."""
    kept = "".join(c if c.isprintable() or c == "\n" else " " for c in text.split("\0", 1)[0].replace("\r\n", "\n"))
    return kept.strip()[:_LONGEST]


def _of_a_person(caption: str | None) -> str | None:
    """None for what cameras write by themselves."""
    if caption is None or not caption.strip():
        return None
    return None if _OF_CAMERAS.fullmatch(caption.strip()) else caption
