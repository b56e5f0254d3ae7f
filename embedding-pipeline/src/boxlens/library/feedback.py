"""Marks on hits, kept in the data folder where the owner allows it: one file a collection, one line a mark."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from threading import Lock

import orjson

from boxlens.domain.errors import BadSource
from boxlens.domain.judgements.feedback import Mark

_writing = Lock()


class FeedbackLog:
    """The marks of one collection."""

    def __init__(self, data_dir: Path, collection: str) -> None:
        self._path = data_dir / "feedback" / f"{collection}.jsonl"

    def add(self, mark: Mark) -> None:
        """Kept at the end of the file. Raises OSError."""
        with _writing:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(orjson.dumps(asdict(mark)) + b"\n")

    def marks(self) -> list[Mark]:
        """All of them, oldest first. Raises BadSource naming the line that is none."""
        if not self._path.is_file():
            return []
        marks = []
        for number, line in enumerate(self._path.read_bytes().splitlines(), start=1):
            try:
                marks.append(Mark(**orjson.loads(line)))
            except (orjson.JSONDecodeError, TypeError) as error:
                raise BadSource(f"{self._path}, line {number} is no mark.", hint="Take the line out.") from error
        return marks
