"""Names of exported pictures: harmless wherever they are unpacked, whatever the pictures were called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from boxlens.domain.pictures import ImageRecord

LONGEST_STEM = 180
"""Bytes of UTF-8, so that a suffix and a number still fit into the 255 that file systems allow."""

_OTHER_SUFFIXES = {
    "jpeg": ("jpg", "jpe", "jfif"),
    "tiff": ("tif",),
    "heic": ("heif", "hif"),
    "jp2": ("jpx", "jpf", "j2k", "j2c"),
    "bmp": ("dib",),
}
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_TURNING = frozenset("LRE RLE LRO RLO PDF LRI RLI FSI PDI".split())  # of the bidirectional algorithm, UAX #9


def exported_names(records: Sequence[ImageRecord]) -> list[str]:
    """A plain name for each picture, no stem twice: without folders, control characters and what Windows refuses or
    takes for a device, and with a suffix that says what the bytes are, so that no program opens it as anything else."""
    taken: set[str] = set()
    names = []
    for record in records:
        stem, suffix = _parts(record)
        while stem.casefold() in taken:
            stem = f"{stem}-{record.image_id[:12]}"
        taken.add(stem.casefold())
        names.append(f"{stem}.{suffix}")
    return names


def printable(text: str) -> str:
    """The text without characters that steer a terminal or turn the direction of reading, line ends and tabs kept."""
    return "".join(
        c
        for c in text
        if c in "\n\t" or (unicodedata.category(c) not in ("Cc", "Cs") and unicodedata.bidirectional(c) not in _TURNING)
    )


def _parts(record: ImageRecord) -> tuple[str, str]:
    """Stem and suffix, without a dot between them."""
    name = printable(unicodedata.normalize("NFC", record.file_name).replace("\\", "/").rsplit("/", 1)[-1])
    name = _NOT_ON_WINDOWS.sub("_", " ".join(name.split()))
    stem, dot, suffix = name.rpartition(".")
    if not dot or suffix.lower() not in (record.format, *_OTHER_SUFFIXES.get(record.format, ())):
        stem, suffix = name, record.format
    stem = stem.encode()[:LONGEST_STEM].decode(errors="ignore").strip(". ") or record.image_id[:12]
    return f"_{stem}" if _DEVICES.fullmatch(stem) else stem, suffix
