"""The inputs that are kept: a file a target, a JSON string a line, bytes that are no UTF-8 as lone surrogates."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def kept(target: str) -> list[bytes]:
    """The inputs of a target, none when it has no file yet."""
    path = FOLDER / f"{target}.jsonl"
    return [_bytes(line) for line in path.read_text("ascii").splitlines()] if path.exists() else []


def keep(target: str, inputs: Iterable[bytes]) -> None:
    """Writes the inputs of a target anew, the short ones first."""
    lines = [line_of(data) + "\n" for data in sorted(set(inputs), key=lambda data: (len(data), data))]
    (FOLDER / f"{target}.jsonl").write_text("".join(lines), "ascii")


def line_of(data: bytes) -> str:
    """An input as a line of its file."""
    return json.dumps(data.decode("utf-8", "surrogateescape"))


def _bytes(line: str) -> bytes:
    text: str = json.loads(line)
    return text.encode("utf-8", "surrogateescape")
