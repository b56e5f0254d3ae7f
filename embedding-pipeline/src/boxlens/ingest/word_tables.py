"""Tables that speak of the pictures beside them: ``Photo Details.csv`` of Apple, ``exiftool -csv``, and others.

A CSV file is one when a column of its header names files, and some of these lie in its folder.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from boxlens.domain.errors import BadSource
from boxlens.imaging.picture_words import PictureWords, words_of
from boxlens.ingest.text_files import CsvRow, csv_rows, read_text

SUFFIX = ".csv"
_NAMES = ("imgname", "filename", "file_name", "file", "sourcefile", "image", "name")
"""What the column of file names is called, in small letters and without spaces."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """What a line of a table says; ``line`` counts from 1."""

    table: Path
    words: PictureWords
    line: int


def table_rows(path: Path, pictures: Collection[str]) -> Mapping[str, TableRow]:
    """What a table says, by the names of the pictures of its folder; nothing where the file is no such table."""
    try:
        lines = csv_rows(io.StringIO(read_text(path), newline=""))
        header = [_key(name) for name in next(lines, CsvRow(1, [])).fields]
        column = next((header.index(name) for name in _NAMES if name in header), None)
        if column is None:
            return {}
        rows: dict[str, TableRow] = {}
        for line, row, error in lines:
            name = PurePosixPath(row[column].replace("\\", "/")).name if column < len(row) else ""
            if error:
                name = name.strip('"')
            if name in pictures:
                said = {key: value for key, value in zip(header, row, strict=False) if key not in _NAMES}
                rows[name] = TableRow(path, PictureWords(faults=(error,)) if error else words_of(said), line)
        return rows
    except BadSource:  # the file is named as one that is no picture
        return {}


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "")
