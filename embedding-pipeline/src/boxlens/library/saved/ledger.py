"""The ledger of saved searches: SQLite in the data folder, shared by all workers of the API and the command line.

A picture that was looked at, its match, and the messages about it are written in one transaction: a process that is
killed at any moment has either looked at a picture and will tell of it, or will look at it again.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson

from boxlens.domain.errors import BadInput, Conflict, NotFound
from boxlens.ingest.databases import database_errors
from boxlens.library.saved.entries import MAX_SEARCHES, Match, Message, SavedSearch

LEDGER = "saved.sqlite"
"""Its name in the data folder."""

_TABLES = """
CREATE TABLE IF NOT EXISTS searches (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, collection TEXT NOT NULL, query TEXT NOT NULL, link TEXT NOT NULL,
    tell INTEGER NOT NULL, made_at REAL NOT NULL, made_by TEXT NOT NULL, checked_at REAL NOT NULL,
    tell_apprise INTEGER NOT NULL, problem TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS looked (
    search TEXT NOT NULL, image_id TEXT NOT NULL, ingested_ms INTEGER NOT NULL, PRIMARY KEY (search, image_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS matches (
    search TEXT NOT NULL, image_id TEXT NOT NULL, matched_at REAL NOT NULL, seen INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (search, image_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    event TEXT NOT NULL, address TEXT NOT NULL, search TEXT NOT NULL, body TEXT NOT NULL,
    made_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_at REAL NOT NULL, PRIMARY KEY (event, address)
) WITHOUT ROWID;
"""
_KEPT = tuple(field.name for field in fields(SavedSearch) if field.name not in ("matches", "unseen"))
_SEARCHES = (
    "SELECT " + ", ".join(f"searches.{name}" for name in _KEPT) + ", count(matches.image_id), "
    "count(CASE WHEN matches.seen = 0 THEN 1 END) FROM searches LEFT JOIN matches ON matches.search = searches.id"
)
MAX_MATCHES = 1000
"""The matches of a search that are listed, the latest."""


class SavedSearches:
    """All calls may come from several threads and raise DiskFull and Unavailable."""

    def __init__(self, path: Path) -> None:
        """Made when it is not there."""
        self.path, self._lock = path, threading.RLock()
        with self._speaking():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, timeout=30)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")  # what was told must not be forgotten by a power cut
            self._database.executescript(_TABLES)
            self._complete()

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def searches(self) -> list[SavedSearch]:
        """All of them by name."""
        return [_search(row) for row in self._execute(f"{_SEARCHES} GROUP BY searches.id ORDER BY searches.name")]

    def search(self, id: str) -> SavedSearch:
        """Raises NotFound."""
        rows = self._execute(f"{_SEARCHES} WHERE searches.id = ? GROUP BY searches.id", id)
        if not rows:
            raise NotFound("There is no such saved search.", hint="See `boxlens saved list`.", place="id")
        return _search(rows[0])

    def save(
        self,
        name: str,
        collection: str,
        query: Mapping[str, Any],
        *,
        link: str,
        tell: bool,
        tell_apprise: bool,
        by: str,
        at: float,
        old: Iterable[tuple[str, int]],
    ) -> SavedSearch:
        """Keep a search. ``old``: pictures that have just come in and are none of its new ones, by id and milliseconds
        since 1970. Raises Conflict for a name that is taken, BadInput when there are too many."""
        id = secrets.token_hex(8)
        values = (id, name, collection, orjson.dumps(query).decode(), link, tell, at, by, at, tell_apprise)
        with self._changing():
            ((count,),) = self._database.execute("SELECT count(*) FROM searches").fetchall()
            if count >= MAX_SEARCHES:
                raise BadInput(f"{count} searches are saved, which is the most.", hint="Delete one of them.")
            if self._database.execute("SELECT 1 FROM searches WHERE name = ?", (name,)).fetchall():
                raise Conflict(f"There is a saved search {name!r} already.", hint="Take another name.", place="name")
            names = ", ".join(_KEPT[: len(values)])
            self._database.execute(f"INSERT INTO searches ({names}) VALUES ({', '.join('?' * len(values))})", values)
            self._look(id, old)
        return self.search(id)

    def delete(self, id: str) -> SavedSearch:
        """Forget a search, its matches, and what was still to be told of them. Raises NotFound."""
        search = self.search(id)
        with self._changing():
            for table in ("looked", "matches", "messages"):
                self._database.execute(f"DELETE FROM {table} WHERE search = ?", (id,))
            self._database.execute("DELETE FROM searches WHERE id = ?", (id,))
        return search

    def matches(self, id: str) -> list[Match]:
        """The latest first, at most ``MAX_MATCHES``."""
        rows = self._execute(
            "SELECT image_id, matched_at, seen FROM matches WHERE search = ? "
            "ORDER BY matched_at DESC, image_id LIMIT ?",
            id,
            MAX_MATCHES,
        )
        return [Match(image_id, at, bool(seen)) for image_id, at, seen in rows]

    def mark_seen(self, id: str) -> SavedSearch:
        """A person has looked at its matches. Raises NotFound."""
        self.search(id)
        self._execute("UPDATE matches SET seen = 1 WHERE search = ?", id)
        return self.search(id)

    def looked_at(self, id: str) -> set[str]:
        """Those of the pictures that came lately that this search has looked at."""
        return {image_id for (image_id,) in self._execute("SELECT image_id FROM looked WHERE search = ?", id)}

    def record(
        self,
        search: SavedSearch,
        looked: Iterable[tuple[str, int]],
        matching: Iterable[str],
        *,
        at: float,
        addresses: Sequence[str],
        body: Callable[[str, str], str],
    ) -> int:
        """These pictures were looked at, and those of them match; how many of these are new. ``body`` writes what is
        told, from the id of the event and of the image. Nothing is kept of a search that was deleted meanwhile."""
        new = 0
        with self._changing():
            if not self._database.execute("SELECT 1 FROM searches WHERE id = ?", (search.id,)).fetchall():
                return 0
            self._look(search.id, looked)
            for image_id in matching:
                insert = "INSERT OR IGNORE INTO matches (search, image_id, matched_at) VALUES (?, ?, ?)"
                if self._database.execute(insert, (search.id, image_id, at)).rowcount == 0:
                    continue
                new += 1
                event = event_id(search.id, image_id)
                self._database.executemany(
                    "INSERT OR IGNORE INTO messages (event, address, search, body, made_at, due_at) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    [(event, address, search.id, body(event, image_id), at, at) for address in addresses],
                )
        return new

    def checked(self, id: str, at: float, *, forget_before_ms: int) -> None:
        """All pictures up to a moment were looked at; those that came before another are not remembered any more."""
        with self._changing():
            self._database.execute("UPDATE searches SET checked_at = ?, problem = '' WHERE id = ?", (at, id))
            self._database.execute("DELETE FROM looked WHERE search = ? AND ingested_ms < ?", (id, forget_before_ms))

    def failed(self, id: str, problem: str) -> None:
        """Why it could not be looked at."""
        self._execute("UPDATE searches SET problem = ? WHERE id = ?", problem, id)

    def due(self, now: float) -> list[Message]:
        """Messages whose time has come, those that wait the longest first."""
        rows = self._execute(
            "SELECT event, address, body, attempts FROM messages WHERE due_at <= ? ORDER BY due_at, event", now
        )
        return [Message(*row) for row in rows]

    def arrived(self, message: Message) -> None:
        """The address has taken it."""
        self._execute("DELETE FROM messages WHERE event = ? AND address = ?", message.event, message.address)

    def put_off(self, message: Message, until: float) -> None:
        """It did not arrive, and is sent again."""
        self._execute(
            "UPDATE messages SET attempts = attempts + 1, due_at = ? WHERE event = ? AND address = ?",
            until,
            message.event,
            message.address,
        )

    def _complete(self) -> None:
        """A ledger of before there was apprise: searches that tell, tell people too."""
        with self._changing():
            columns = self._database.execute("SELECT name FROM pragma_table_info('searches')").fetchall()
            if ("tell_apprise",) not in columns:
                self._database.execute("ALTER TABLE searches ADD COLUMN tell_apprise INTEGER NOT NULL DEFAULT 0")
                self._database.execute("UPDATE searches SET tell_apprise = tell")

    def _look(self, id: str, images: Iterable[tuple[str, int]]) -> None:
        rows = [(id, image_id, moment) for image_id, moment in images]
        self._database.executemany("INSERT OR REPLACE INTO looked VALUES (?, ?, ?)", rows)

    def _execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock, self._speaking(), self._database:
            return self._database.execute(statement, values).fetchall()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One transaction, in which no other process writes."""
        with self._lock, self._speaking(), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield

    def _speaking(self) -> AbstractContextManager[None]:
        return database_errors("The ledger of saved searches", self.path, "all saved searches are then gone")


def event_id(search: str, image_id: str) -> str:
    """The same for the same match, whoever tells it and however often."""
    return "match-" + hashlib.sha256(f"{search} {image_id}".encode()).hexdigest()[:32]


def _search(row: tuple[Any, ...]) -> SavedSearch:
    values = dict(zip((*_KEPT, "matches", "unseen"), row, strict=True))
    ways = {name: bool(values[name]) for name in ("tell", "tell_apprise")}
    return SavedSearch(**values | ways | {"query": orjson.loads(values["query"])})
