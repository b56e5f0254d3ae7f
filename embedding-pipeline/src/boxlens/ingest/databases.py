"""Small databases of our own in the data folder: their errors in the words of Boxlens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxlens.domain.errors import DiskFull, Unavailable
from boxlens.domain.local_files import reason


@contextmanager
def database_errors(name: str, path: Path, lost: str) -> Iterator[None]:
    """Errors of a database and its file as DiskFull and Unavailable; ``lost`` says what deleting it costs."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # extended codes carry theirs below
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise DiskFull(f"{name} {path} cannot be written: {error}.", hint="Free some disk space.") from error
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            hint = "Check the permissions of its folder, or set BOXLENS_DATA_DIR."
        else:
            hint = f"Delete it; {lost}."
        raise Unavailable(f"{name} {path} cannot be used: {error}.", hint=hint) from error
    except OSError as error:
        raise Unavailable(
            f"{name} {path} cannot be used, nor its folder be made: {reason(error)}.",
            hint="Check its permissions, or set BOXLENS_DATA_DIR.",
        ) from error
