"""One looking-through of a followed folder: what each file is told against the ledger, and what is left over."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson

from boxlens.domain.local_files import stored_path
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure
from boxlens.ingest.folders import Part
from boxlens.ingest.manifests import manifest_line
from boxlens.library.following.folders import Change, ChangeKind, FollowedFolder
from boxlens.library.following.ledger import Ledger

_BATCH = 500
_VOLATILE_NS = 2_000_000_000  # a file may change once more within the same tick of its time stamps
_OF_CONTENT = ("unsupported_type", "unreadable_picture", "too_large", "empty_input")
"""Codes of failures that stay as long as the file does."""


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it stands. ``mark`` changes whenever the file or its words do; b"" where that cannot be told yet.
    ``age_s``: seconds since its content was last changed."""

    mark: bytes
    age_s: float


@dataclass(frozen=True, slots=True)
class UnchangedFile:
    """The image that a file is, or why it is none."""

    image_id: str
    failure: Failure | None


def look(ref: ImageRef, now_ns: int) -> Look | None:
    """None for a file that went away. By size, times of content and of entry, and what sidecars say; ``now_ns`` counts
    from 1970."""
    try:
        status = Path(ref.uri).stat()
    except (OSError, ValueError):
        return None
    age_s = (now_ns - status.st_mtime_ns) / 1e9  # a file that is only renamed is whole
    if abs(now_ns - max(status.st_mtime_ns, status.st_ctime_ns)) < _VOLATILE_NS:
        return Look(b"", age_s)
    facts = manifest_line(ref) | {"file": [status.st_size, status.st_mtime_ns, status.st_ctime_ns]}
    return Look(hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).digest(), age_s)


@dataclass
class Round:
    """One sync of one folder; ``parts`` are what of it is looked through, None the whole.

    The ledger holds pairs of a path and the image that it is. Those that are met again are of this round; the others
    within the parts are stale when the walk is over, unless they are protected: what could not be read is not gone.
    """

    ledger: Ledger
    folder: FollowedFolder
    parts: Sequence[Part] | None = None
    changes: Counter[ChangeKind] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        ((last,),) = self.ledger.execute("SELECT max(round) FROM files WHERE folder = ?", self.folder.id)
        self.number = (last or 0) + 1
        self._marks: dict[bytes, bytes] = {}
        self._met: list[tuple[object, ...]] = []
        self._protected: list[tuple[object, ...]] = []

    def remember(self, pairs: Iterator[tuple[str, str]]) -> None:
        """Pairs of path and image that the index knows of, so that none is overlooked."""
        while rows := [(self.folder.id, os.fsencode(path), image) for path, image in islice(pairs, _BATCH)]:
            self.ledger.execute_many("INSERT OR IGNORE INTO files (folder, path, image_id) VALUES (?, ?, ?)", rows)

    def unchanged_file(self, ref: ImageRef, seen: Look, unless: Collection[str]) -> UnchangedFile | None:
        """What a file is that stands as it did; None when it must be read, or is one of some images."""
        path = os.fsencode(ref.uri)
        self._marks[path] = seen.mark
        if not seen.mark:
            return None
        statement = "SELECT image_id, failure FROM files WHERE folder = ? AND path = ? AND mark = ?"
        for image_id, failure in self.ledger.execute(statement, self.folder.id, path, seen.mark):
            if image_id in unless:
                return None
            del self._marks[path]
            self._met.append((self.number, self.folder.id, path, image_id))
            if len(self._met) >= _BATCH:
                self._write_met()
            return UnchangedFile(image_id, Failure(**orjson.loads(failure)) if failure else None)
        return None

    def add(self, finished: Sequence[tuple[ImageRef, str]]) -> None:
        """Files that were read, each with its image; the journal of the ingest."""
        for ref, image_id in finished:
            path = os.fsencode(ref.uri)
            self._add(path, image_id, "", self._change(path, image_id))

    def done(self, ref: ImageRef) -> bool:
        return False

    def fail(self, ref: ImageRef, failure: Failure) -> None:
        """A file that cannot be taken in: what was stored under its name stays until it can."""
        path = os.fsencode(ref.uri)
        self.protect(ref.uri)
        if ref.problem is None and failure.code in _OF_CONTENT:
            entry = {name: getattr(failure, name) for name in ("stage", "code", "reason", "hint")}
            self._add(path, "", orjson.dumps(entry | {"uri": stored_path(ref.uri)}).decode(), "")
        self._marks.pop(path, None)

    def protect(self, path: str) -> None:
        """Nothing at this path, or below it, is gone: it could not be read."""
        name = os.fsencode(path)
        self._protected.append((self.number, self.folder.id, name, name + b"/", name + b"0"))
        if len(self._protected) >= _BATCH:
            self._write_protected()

    def anything_met(self) -> bool:
        """Whether a file of the folder was met at all, or none is known of."""
        self._write_met()
        statement = "SELECT count(*), coalesce(sum(round = ?), 0) FROM files WHERE folder = ? AND image_id != ''"
        ((count, met),) = self.ledger.execute(statement, self.number, self.folder.id)
        return bool(met) or not count

    def stale(self) -> Iterator[dict[str, list[str]]]:
        """Paths that are gone, by image, some images at a time. Each is to be settled or left before the next."""
        self._write_met()
        self._write_protected()
        scope, values = self._scope()
        again = "image_id IN (SELECT image_id FROM files WHERE folder = ? AND round = ? AND change != '')"
        statement = (
            "SELECT DISTINCT image_id FROM files WHERE folder = ? AND round < ? AND image_id > ? "
            f"AND ({scope} OR (change = 'gone' AND {again})) ORDER BY image_id LIMIT {_BATCH}"
        )
        last = ""
        while True:
            head = (self.folder.id, self.number, last, *values, self.folder.id, self.number)
            ids = [image_id for (image_id,) in self.ledger.execute(statement, *head)]
            if not ids:
                break
            last = ids[-1]
            stale = {image_id: self._stale_paths(image_id, scope, values) for image_id in ids}
            yield {image_id: paths for image_id, paths in stale.items() if paths}
        self.ledger.execute(
            f"DELETE FROM files WHERE folder = ? AND round < ? AND image_id = '' AND {scope}",
            self.folder.id, self.number, *values,
        )  # fmt: skip

    def left(self, image_id: str) -> list[str]:
        """Where in this folder an image still lies, as sources."""
        statement = "SELECT path FROM files WHERE folder = ? AND image_id = ? AND change != 'gone' ORDER BY path"
        return [stored_path(os.fsdecode(path)) for (path,) in self.ledger.execute(statement, self.folder.id, image_id)]

    def settle(self, image_id: str, paths: Sequence[str], *, keep: bool) -> Iterator[Change]:
        """The paths of an image are gone; ``keep`` remembers them. What that means, one change a path."""
        rows = [(self.folder.id, os.fsencode(path), image_id) for path in paths]
        before = self.ledger.execute(
            "SELECT path, change FROM files WHERE folder = ? AND image_id = ?", self.folder.id, image_id
        )
        known_gone = {path for path, change in before if change == "gone"}
        if keep:
            self.ledger.execute_many(
                "UPDATE files SET change = 'gone', mark = x'' WHERE folder = ? AND path = ? AND image_id = ?", rows
            )
        else:
            self.ledger.execute_many("DELETE FROM files WHERE folder = ? AND path = ? AND image_id = ?", rows)
        elsewhere = len(before) > len(rows)
        for _, path, _ in rows:
            if path not in known_gone and (change := self._change_of_gone(path, image_id, elsewhere)):
                self.changes[change.kind] += 1
                yield change

    def arrivals(self) -> Iterator[Change]:
        """New, changed and copied files of this round; moved ones are told where their old place is settled."""
        last = b""
        statement = (
            "SELECT path, change FROM files WHERE folder = ? AND round = ? AND path > ? "
            f"AND change IN ('new', 'changed', 'copied') ORDER BY path LIMIT {_BATCH}"
        )
        while rows := self.ledger.execute(statement, self.folder.id, self.number, last):
            last = rows[-1][0]
            for path, kind in rows:
                self.changes[kind] += 1
                yield Change(kind, os.fsdecode(path))

    # --- the ledger's rows -------------------------------------------------------------------------------------------

    def _add(self, path: bytes, image_id: str, failure: str, change: str) -> None:
        mark = self._marks.pop(path, b"")
        self.ledger.execute(
            "INSERT OR REPLACE INTO files (folder, path, image_id, mark, failure, round, change) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            self.folder.id, path, image_id, mark, failure, self.number, change,
        )  # fmt: skip

    def _change(self, path: bytes, image_id: str) -> str:
        """What a file that was read is: "" for one that is as it was."""
        statement = "SELECT image_id FROM files WHERE folder = ? AND path = ? AND image_id != '' AND change != 'gone'"
        images = {image for (image,) in self.ledger.execute(statement, self.folder.id, path)}
        if images:
            return "" if image_id in images else "changed"
        statement = "SELECT 1 FROM files WHERE folder = ? AND image_id = ? AND change != 'gone' LIMIT 1"
        return "copied" if self.ledger.execute(statement, self.folder.id, image_id) else "new"

    def _change_of_gone(self, path: bytes, image_id: str, elsewhere: bool) -> Change | None:
        """The change that a path gone means; a path that holds other bytes now is told as changed already."""
        name = os.fsdecode(path)
        statement = "SELECT 1 FROM files WHERE folder = ? AND path = ? AND round = ? AND image_id NOT IN ('', ?)"
        if self.ledger.execute(statement, self.folder.id, path, self.number, image_id):
            return None
        statement = (
            "SELECT path FROM files WHERE folder = ? AND image_id = ? AND round = ? AND change = 'copied' LIMIT 1"
        )
        for (target,) in self.ledger.execute(statement, self.folder.id, image_id, self.number):
            statement = "UPDATE files SET change = 'moved' WHERE folder = ? AND path = ? AND image_id = ?"
            self.ledger.execute(statement, self.folder.id, target, image_id)
            return Change("moved", os.fsdecode(target), name)
        return Change("name_gone" if elsewhere else "gone", name)

    def _stale_paths(self, image_id: str, scope: str, values: Sequence[object]) -> list[str]:
        """What still lies there but is left out by now, such as a hidden file, is not gone."""
        statement = (
            "SELECT path, change, EXISTS (SELECT 1 FROM files AS other WHERE other.folder = files.folder "
            "AND other.path = files.path AND other.round = ?) FROM files "
            f"WHERE folder = ? AND image_id = ? AND round < ? AND ({scope} OR change = 'gone')"
        )
        rows = self.ledger.execute(statement, self.number, self.folder.id, image_id, self.number, *values)
        unseen = [path for path, change, read_anew in rows if change != "gone" and not read_anew]
        left_out = [path for path in unseen if Path(os.fsdecode(path)).is_file()]
        statement = "UPDATE files SET round = ?, change = '' WHERE folder = ? AND path = ? AND image_id = ?"
        self.ledger.execute_many(statement, [(self.number, self.folder.id, path, image_id) for path in left_out])
        return [os.fsdecode(path) for path, *_ in rows if path not in left_out]

    def _scope(self) -> tuple[str, tuple[object, ...]]:
        """A condition on ``path`` for what was looked through: a name sorts behind its folder with "/", before "0"."""
        if self.parts is None:
            return "1", ()
        conditions: list[str] = []
        values: list[object] = []
        for part in self.parts:
            start, end = os.fsencode(part.path) + b"/", os.fsencode(part.path) + b"0"
            shallow = "" if part.deep else f" AND instr(substr(path, {len(start) + 1}), x'2f') = 0"
            conditions.append(f"(path >= ? AND path < ?{shallow})")
            values += [start, end]
        return "(" + (" OR ".join(conditions) or "0") + ")", tuple(values)

    def _write_met(self) -> None:
        statement = "UPDATE files SET round = ?, change = '' WHERE folder = ? AND path = ? AND image_id = ?"
        self.ledger.execute_many(statement, self._met)
        self._met = []

    def _write_protected(self) -> None:
        statement = "UPDATE files SET round = ?, change = '' WHERE folder = ? AND change != 'gone' "
        statement += "AND (path = ? OR path >= ? AND path < ?)"
        self.ledger.execute_many(statement, self._protected)
        self._protected = []
