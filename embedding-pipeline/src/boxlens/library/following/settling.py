"""Changed paths that wait until nothing more happens to them, so that no file is taken in by halves."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from boxlens.ingest.folders import Part

MOST_PATHS = 10_000
"""Paths that wait at a time; beyond, the whole folder is looked through instead."""

MOST_PARTS = 200
"""Parts of a folder that are looked through one by one; beyond, the whole of it."""

LONGEST_OPEN_S = 600.0
"""Seconds after which a file that does not change is taken in though a program still holds it open for writing."""

_Signature = tuple[int, int] | None


class Settling:
    """Paths of one folder. ``overflowed`` is set when there are too many to remember."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._since: dict[Path, tuple[_Signature, float]] = {}
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._since)

    def add(self, paths: Iterable[Path], now: float) -> None:
        """Something happened to them at ``now``, in seconds of any clock that does not go back."""
        for path in paths:
            self._since[path] = (_signature(path), now)
        if len(self._since) > MOST_PATHS:
            self.clear()
            self.overflowed = True

    def clear(self) -> None:
        self._since.clear()
        self.overflowed = False

    def ready(self, now: float) -> list[Path]:
        """Those to which nothing happened for ``settle_s``, by their size and time too; they wait no longer.

        A copy that pauses is still open, and waits on.
        """
        settled: list[Path] = []
        for path, (signature, since) in list(self._since.items()):
            if now - since < self._settle_s:
                continue
            current = _signature(path)
            if current != signature:
                self._since[path] = (current, now)
            elif current is None or now - since >= LONGEST_OPEN_S or not being_written(path):
                del self._since[path]
                settled.append(path)
        return settled


def being_written(path: Path) -> bool:
    """Whether a program of this machine holds a file open for writing. False where the system does not tell: on other
    systems than Linux, on many network drives, of files of other users.

    A lease for reading is granted only while nobody writes (fcntl(2), F_SETLEASE); it is given back at once.
    """
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    try:
        # whoever opens it in between makes the system send this signal, whose usual one ends the process
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


def parts_of(root: Path, paths: Iterable[Path]) -> list[Part] | None:
    """What must be looked through when something happened to these paths; None for all of ``root``.

    The folder that a path lies in, and what is below the path where it is a folder, or was one perhaps.
    """
    parts: dict[tuple[Path, bool], Part] = {}
    for path in paths:
        if path == root or not path.is_relative_to(root):
            return None
        parts[path.parent, False] = Part(path.parent, deep=False)
        if path.is_dir() or not path.exists():
            parts[path, True] = Part(path)
        if len(parts) > MOST_PARTS:
            return None
    return list(parts.values())


def _signature(path: Path) -> _Signature:
    """Size and time of a file; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns
