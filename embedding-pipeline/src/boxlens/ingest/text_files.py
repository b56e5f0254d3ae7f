"""Text of small files in the encodings that exports and editors write: UTF-8 with or without a mark, and UTF-16."""

from __future__ import annotations

import codecs
from pathlib import Path

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import regular_file, shown

LIMIT = 1024 * 1024


def encoding_of(start: bytes) -> str:
    """The encoding that the first bytes of a file tell; ``utf-8-sig`` when they tell nothing."""
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def read_text(path: Path) -> str:
    """A regular file of at most ``LIMIT`` bytes as text. Raises BadSource."""
    name = shown(str(path))
    with regular_file(path) as file:
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise BadSource(f"{name} is larger than {LIMIT // 2**20} MiB.", hint="A file beside a picture is small.")
    try:
        return data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        raise BadSource(f"{name} is not UTF-8 text.", hint="Save it as UTF-8.") from error
