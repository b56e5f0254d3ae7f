"""Which references earlier runs finished, so that ``--resume`` need not read a million files again to skip them."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import orjson

from embedding_pipeline.domain import ImageRef
from embedding_pipeline.errors import DiskFull
from embedding_pipeline.ingest.sources import manifest_line


class IngestJournal:
    """A table of finished references of one concrete index.

    A file counts as the same while its path, size, modification time and manifest line are; an address always counts
    as the same. Deleting the file costs nothing but the time to read the source again.
    """

    def __init__(self, path: Path, index: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._index, self._lock = index, threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, timeout=30)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS done (index_name TEXT, mark BLOB, PRIMARY KEY (index_name, mark)) WITHOUT ROWID"
        )

    def done(self, ref: ImageRef) -> bool:
        mark = _mark(ref)
        if mark is None:
            return False
        with self._lock:
            row = self._database.execute("SELECT 1 FROM done WHERE index_name = ? AND mark = ?", (self._index, mark))
            return row.fetchone() is not None

    def add(self, refs: Sequence[ImageRef]) -> None:
        """Raises DiskFull."""
        marks = [(self._index, mark) for mark in map(_mark, refs) if mark is not None]
        try:
            with self._lock, self._database:
                self._database.executemany("INSERT OR IGNORE INTO done VALUES (?, ?)", marks)
        except sqlite3.OperationalError as error:
            raise DiskFull(f"The ingest journal cannot be written: {error}", hint="Free some disk space.") from error

    def close(self) -> None:
        self._database.close()


def _mark(ref: ImageRef) -> bytes | None:
    line = manifest_line(ref)
    if "://" not in ref.uri:
        try:
            stat = Path(ref.uri).stat()
        except OSError:
            return None
        line |= {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    return hashlib.sha256(orjson.dumps(line, option=orjson.OPT_SORT_KEYS)).digest()
