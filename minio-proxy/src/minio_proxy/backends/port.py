"""The port between the HTTP surface and what holds the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One stored file. ``etag`` is strong and without quotes; ``modified`` is in UTC; ``size`` in bytes."""

    key: str
    size: int
    etag: str
    modified: datetime
    content_type: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing."""

    key: str
    size: int
    modified: datetime


class Reader(Protocol):
    """One version of a stored file, readable until closed, whatever is written to its key meanwhile."""

    @property
    def info(self) -> ObjectInfo: ...

    def chunks(self, start: int, length: int) -> Iterator[bytes]:
        """``length`` bytes from ``start``; the store is asked before this returns. Raises Conflict, StoreAway."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Backend(Protocol):
    """Buckets of files. Names are checked before they come here. Called from several threads at once.

    All raise StoreAway when the store does not answer.
    """

    def buckets(self) -> list[str]:
        """In order."""
        ...

    def entries(self, bucket: str, prefix: str, after: str, limit: int) -> list[Entry]:
        """At most ``limit`` files whose keys begin with ``prefix`` and come after ``after`` ("": from the start), in
        the order of the keys' UTF-8 bytes. Raises NotFound."""
        ...

    def open(self, bucket: str, key: str) -> Reader:
        """Raises NotFound."""
        ...

    def store(self, bucket: str, key: str, source: Path, content_type: str) -> ObjectInfo:
        """Take the file ``source`` in, whole or not at all, and make the bucket when it is missing.

        The caller removes ``source`` when it is still there. Raises Conflict, DiskFull."""
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Deleting what is not there is no error; raises NotFound when the bucket is not there."""
        ...

    def check(self) -> None:
        """Raises StoreAway when the store cannot be used."""
        ...
