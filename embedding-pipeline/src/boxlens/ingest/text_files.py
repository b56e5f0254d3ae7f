"""Text of small files in the encodings that exports and editors write: UTF-8 with or without a mark, and UTF-16."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import regular_file, shown

LIMIT = 1024 * 1024


class CsvRow(NamedTuple):
    """``line`` is the first line of the row in its file, counted from 1. With an ``error`` the row cannot be
    understood, and ``fields`` is that line alone, cut at every delimiter, quotes and all."""

    line: int
    fields: list[str]
    error: str = ""


def csv_rows(lines: Iterable[str], delimiter: str = ",", *, first: int = 1) -> Iterator[CsvRow]:
    """The rows of a CSV file; ``first`` is the number of the first of its lines that are given, with their ends.

    A quote that is not closed costs its own line alone: reading goes on with the line behind it.
    """
    given, ahead, number = iter(lines), deque[str](), first
    while True:
        drawn: list[str] = []
        error = ""
        try:
            fields = next(csv.reader(_drawn(ahead, given, drawn), delimiter=delimiter, strict=True), None)
        except csv.Error as wrong:
            error = str(wrong) if len(drawn) == 1 else f"a quote that is opened here is not closed ({wrong})"
            ahead.extendleft(reversed(drawn[1:]))
            del drawn[1:]
            fields = drawn[0].rstrip("\r\n").split(delimiter)
        if fields is None:
            return
        if fields:
            yield CsvRow(number, fields, error)
        number += len(drawn)


def _drawn(ahead: deque[str], given: Iterator[str], drawn: list[str]) -> Iterator[str]:
    """Lines that were read ahead, then those of the file; ``drawn`` gets each."""
    while (line := ahead.popleft() if ahead else next(given, None)) is not None:
        drawn.append(line)
        yield line


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
