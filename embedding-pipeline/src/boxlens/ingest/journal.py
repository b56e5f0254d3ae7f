"""Which references earlier runs finished, so that ``--resume`` need not read a million files again to skip them."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import orjson

from boxlens.domain.references import REMOTE, ImageRef
from boxlens.ingest.databases import database_errors
from boxlens.ingest.manifests import manifest_line

_TABLE = "CREATE TABLE IF NOT EXISTS done (index_name TEXT, mark BLOB, PRIMARY KEY (index_name, mark)) WITHOUT ROWID"


class IngestJournal:
    """A table of finished references of one concrete index.

    A file counts as the same while its path, size, modification time and manifest line are; an address always counts
    as the same. Deleting the file costs nothing but the time to read the source again.
    """

    def __init__(self, path: Path, index: str) -> None:
        """Raises Unavailable when the file cannot be opened or is no journal, and DiskFull."""
        self._path, self._index, self._lock = path, index, threading.Lock()
        with self._speaking():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, timeout=30)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(_TABLE)

    def done(self, ref: ImageRef) -> bool:
        """Whether an earlier run finished it. Raises Unavailable."""
        mark = _mark(ref)
        if mark is None:
            return False
        with self._lock, self._speaking():
            row = self._database.execute("SELECT 1 FROM done WHERE index_name = ? AND mark = ?", (self._index, mark))
            return row.fetchone() is not None

    def add(self, finished: Sequence[tuple[ImageRef, str]]) -> None:
        """Raises DiskFull and Unavailable."""
        marks = [(self._index, mark) for ref, _ in finished if (mark := _mark(ref)) is not None]
        with self._lock, self._speaking(), self._database:
            self._database.executemany("INSERT OR IGNORE INTO done VALUES (?, ?)", marks)

    def close(self) -> None:
        self._database.close()

    def _speaking(self) -> AbstractContextManager[None]:
        lost = "the next ingest then reads every file of its source once"
        return database_errors("The ingest journal", self._path, lost)


def _mark(ref: ImageRef) -> bytes | None:
    """What stands for a reference; None for one that cannot be finished."""
    if ref.problem is not None:
        return None
    line = manifest_line(ref)
    if not ref.uri.startswith(REMOTE):
        try:
            stat = Path(ref.uri).stat()
        except (OSError, ValueError):
            return None
        line |= {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    return hashlib.sha256(orjson.dumps(line, option=orjson.OPT_SORT_KEYS)).digest()
