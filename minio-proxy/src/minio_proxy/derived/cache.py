"""Thumbnails and crops on disk, the least recently used of them dropped when they outgrow their room."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from pathlib import Path

_KEEP = 0.9  # share of the room that is left filled after a clearing
_PARTIAL = ".part"


class DiskCache:
    """Small files by hexadecimal name under ``folder``, together at most ``room`` bytes.

    A cache that cannot be written (a full disk, no permission) only costs time: nothing is raised.
    """

    def __init__(self, folder: Path, room: int) -> None:
        self._folder = folder
        self._room = room
        self._lock = threading.Lock()
        self._used = sum(size for _, size, _ in self._files())

    def get(self, name: str) -> bytes | None:
        path = self._path(name)
        try:
            data = path.read_bytes()
            os.utime(path)  # the time of the last use
        except OSError:
            return None
        return data

    def put(self, name: str, data: bytes) -> None:
        if len(data) > self._room:
            return
        path = self._path(name)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, data)
            with self._lock:
                self._used += len(data)
                if self._used > self._room:
                    self._clear()

    def _clear(self) -> None:
        files = sorted(self._files())
        self._used = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._used <= self._room * _KEEP:
                return
            path.unlink(missing_ok=True)
            self._used -= size

    def _files(self) -> list[tuple[int, int, Path]]:
        """(last use in ns, bytes, path) of all that is kept."""
        files = []
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(OSError):
                facts = path.stat()
                files.append((facts.st_mtime_ns, facts.st_size, path))
        return files

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def _write(path: Path, data: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=_PARTIAL)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
