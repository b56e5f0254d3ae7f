"""Lines of annotation files with their numbers, and where in a folder they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from boxlens.domain.errors import BadSource
from boxlens.evaluation.sets.values import broken

_SUFFIXES = (".jpg", ".jpeg", ".png")


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, numbered from 1. Raises BadSource when the file is absent or no UTF-8."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    text = line.decode("utf-8-sig").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise broken(path, number, "not UTF-8") from error
                if text.strip():
                    yield number, text
    except OSError as error:
        raise BadSource(f"{path}: {error.strerror or error}", hint="Give the folder of the data set.") from error


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """JSON objects, one a line. Raises BadSource with the line's number."""
    for number, text in text_lines(path):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise broken(path, number, f"not JSON ({error})") from error
        if not isinstance(value, dict):
            raise broken(path, number, "not a JSON object")
        yield number, value


def json_file(path: Path) -> Any:
    """A whole JSON file. Raises BadSource."""
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise BadSource(f"{path}: {error.strerror or error}", hint="Give the folder of the data set.") from error
    except orjson.JSONDecodeError as error:
        raise broken(path, error.lineno, f"not JSON ({error.msg})") from error


def whole_number(path: Path, line: int, value: object, what: str) -> int:
    """An id as an integer. Raises BadSource."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    raise broken(path, line, f"{what} {value!r} is no whole number")


def find_one(folder: Path, patterns: Sequence[str], what: str) -> Path:
    """The first file that any pattern finds, looked for below the folder too. Raises BadSource."""
    for pattern in patterns:
        files = sorted(folder.rglob(pattern))
        if files:
            return files[0]
    raise BadSource(
        f"{folder} has no {what} ({' or '.join(patterns)}).", hint="Give the folder of the data set; see --format."
    )


def pictures_below(folder: Path) -> dict[str, Path]:
    """All picture files below a folder by their name without suffix."""
    return {path.stem: path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _SUFFIXES}
