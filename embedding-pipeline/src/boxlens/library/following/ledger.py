"""The ledger of followed folders: which they are, how each is getting on, and which file is which image.

SQLite in the data folder, shared by the process that watches, the command line and the API. What it says of files is a
memory of the index: where it is lost or a sync was killed, the next sync reads the index again.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import AbstractContextManager
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson

from boxlens.domain.errors import NotFound
from boxlens.ingest.databases import database_errors
from boxlens.library.following.folders import FollowedFolder

LEDGER = "following.sqlite"
"""Its name in the data folder."""

_TABLES = """
CREATE TABLE IF NOT EXISTS folders (
    id INTEGER PRIMARY KEY, collection TEXT NOT NULL, path TEXT NOT NULL, gone TEXT NOT NULL DEFAULT 'keep',
    "index" TEXT NOT NULL DEFAULT '', complete INTEGER NOT NULL DEFAULT 0, paused INTEGER NOT NULL DEFAULT 0,
    polling INTEGER NOT NULL DEFAULT 0, quiet TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'stopped',
    seen_at REAL NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT '',
    synced_at REAL NOT NULL DEFAULT 0, report TEXT NOT NULL DEFAULT '{}', UNIQUE (collection, path)
);
CREATE TABLE IF NOT EXISTS files (
    folder INTEGER NOT NULL, path BLOB NOT NULL, image_id TEXT NOT NULL, mark BLOB NOT NULL DEFAULT x'',
    failure TEXT NOT NULL DEFAULT '', round INTEGER NOT NULL DEFAULT 0, change TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (folder, path, image_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_of_images ON files (folder, image_id);
"""
_COLUMNS = tuple(field.name for field in fields(FollowedFolder))
_FOLDERS = "SELECT " + ", ".join(f'"{name}"' for name in _COLUMNS) + " FROM folders"
_BOOLEANS = ("complete", "paused", "polling")


class Ledger:
    """All calls may come from several threads and raise DiskFull and Unavailable."""

    def __init__(self, path: Path) -> None:
        """Made when it is not there."""
        self.path, self._lock = path, threading.RLock()
        with self.speaking():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open(sqlite3.connect(path, check_same_thread=False, timeout=30))

    def _open(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES)

    def in_memory(self) -> Ledger:
        """A copy that leaves no trace, to try things on."""
        copy = Ledger.__new__(Ledger)
        copy.path, copy._lock = self.path, threading.RLock()
        with self.speaking():
            database = sqlite3.connect(":memory:", check_same_thread=False)
            self._database.backup(database)
            copy._open(database)
        return copy

    def close(self) -> None:
        self._database.close()

    def follow(self, collection: str, path: str) -> FollowedFolder:
        """The folder's entry, made when it is not there; ``path`` is absolute and as stored."""
        self.execute("INSERT OR IGNORE INTO folders (collection, path) VALUES (?, ?)", collection, path)
        ((id,),) = self.execute("SELECT id FROM folders WHERE collection = ? AND path = ?", collection, path)
        return self.folder(id)

    def folders(self) -> list[FollowedFolder]:
        return [_folder(row) for row in self.execute(f"{_FOLDERS} ORDER BY collection, path")]

    def folder(self, id: int) -> FollowedFolder:
        """Raises NotFound."""
        rows = self.execute(f"{_FOLDERS} WHERE id = ?", id)
        if not rows:
            raise NotFound(f"No followed folder has the id {id}.", hint="See `boxlens following list`.", place="id")
        return _folder(rows[0])

    def update(self, id: int, **values: Any) -> None:
        """Set some values of a folder's entry."""
        if "report" in values:
            values["report"] = orjson.dumps(values["report"]).decode()
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        self.execute(f"UPDATE folders SET {assignments} WHERE id = ?", *values.values(), id)

    def forget(self, id: int) -> None:
        """Delete a folder's entry and those of its files; stored images stay. Raises NotFound."""
        self.folder(id)
        self.execute("DELETE FROM files WHERE folder = ?", id)
        self.execute("DELETE FROM folders WHERE id = ?", id)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement, committed at once."""
        with self._lock, self.speaking(), self._database:
            return self._database.execute(statement, values).fetchall()

    def execute_many(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """One statement for many rows in one transaction."""
        with self._lock, self.speaking(), self._database:
            self._database.executemany(statement, rows)

    def speaking(self) -> AbstractContextManager[None]:
        return database_errors("The ledger of followed folders", self.path, "the next sync then reads every file once")


def _folder(row: tuple[Any, ...]) -> FollowedFolder:
    values = dict(zip(_COLUMNS, row, strict=True))
    values |= {name: bool(values[name]) for name in _BOOLEANS} | {"report": orjson.loads(values["report"])}
    return FollowedFolder(**values)
