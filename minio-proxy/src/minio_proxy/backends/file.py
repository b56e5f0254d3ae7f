"""Buckets as folders. Every step of a path is opened without following links, so a key cannot leave its bucket."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from minio_proxy.backends.port import CHUNK, Entry, ObjectInfo
from minio_proxy.errors import Conflict, DiskFull, NotFound, ProxyError, StoreAway
from minio_proxy.keys import check_bucket
from minio_proxy.media_types import SNIFF_BYTES, content_type

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_RETRIES = 5


class FileBackend:
    """A folder of buckets. ``root`` is made when it is missing; raises StoreAway when it cannot be."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        with _as_problem("make", str(root)):
            self._root.mkdir(parents=True, exist_ok=True)

    def buckets(self) -> list[str]:
        with _as_problem("list", "buckets"), os.scandir(self._root) as entries:
            return sorted(e.name for e in entries if e.is_dir(follow_symlinks=False) and _is_bucket(e.name))

    def entries(self, bucket: str, prefix: str, after: str, limit: int) -> list[Entry]:
        with _as_problem("list", bucket), self._folder(bucket, []) as folder:
            entries: list[Entry] = []
            for entry in _walk(folder, "", prefix.encode(), after.encode()):
                entries.append(entry)
                if len(entries) >= limit:
                    break
            return entries

    def open(self, bucket: str, key: str) -> FileReader:
        *folders, name = key.split("/")
        with _as_problem("read", key), self._folder(bucket, folders) as folder:
            return FileReader(key, os.open(name, _FILE, dir_fd=folder))

    def store(self, bucket: str, key: str, source: Path, content_type: str) -> ObjectInfo:
        *folders, name = key.split("/")
        with _as_problem("write", key):
            _settle(source)
            for attempt in range(_RETRIES):
                try:
                    with self._folder(bucket, folders, make=True) as folder:
                        os.replace(source, name, dst_dir_fd=folder)
                        os.fsync(folder)
                    break
                except FileNotFoundError:  # a delete took the emptied folder away between the two steps
                    if attempt == _RETRIES - 1 or not source.exists():
                        raise
        with self.open(bucket, key) as reader:
            return reader.info

    def delete(self, bucket: str, key: str) -> None:
        *folders, name = key.split("/")
        with _as_problem("delete", bucket), self._folder(bucket, []):
            pass  # a missing bucket is an error, a missing key is not
        try:
            with _as_problem("delete", key), self._folder(bucket, folders) as folder:
                if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                    os.unlink(name, dir_fd=folder)
        except NotFound:
            return
        self._drop_empty(bucket, folders)

    def check(self) -> None:
        if not os.access(self._root, os.R_OK | os.W_OK | os.X_OK):
            raise StoreAway(
                "The folder of the store cannot be read and written.",
                hint="Look at BOXLENS_PROXY__ROOT: make the folder, or give it to the user that runs minio-proxy.",
            )

    @contextlib.contextmanager
    def _folder(self, bucket: str, names: list[str], *, make: bool = False) -> Iterator[int]:
        """The opened folder of a bucket, and of folders inside it one by one, without following a link."""
        current = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in [bucket, *names]:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, dir_fd=current)
                inner = os.open(name, _FOLDER, dir_fd=current)
                os.close(current)
                current = inner
            yield current
        finally:
            os.close(current)

    def _drop_empty(self, bucket: str, folders: list[str]) -> None:
        """Folders of keys that are gone would otherwise stand in the way of a key with their name."""
        for depth in range(len(folders), 0, -1):
            try:
                with self._folder(bucket, folders[: depth - 1]) as folder:
                    os.rmdir(folders[depth - 1], dir_fd=folder)
            except OSError:
                return  # not empty, or gone already


class FileReader:
    """An open file: a write to its key makes another file and leaves this one as it is."""

    def __init__(self, key: str, descriptor: int) -> None:
        self._descriptor = descriptor
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            self.close()
            raise NotFound(f"There is no {key!r}.")
        start = os.pread(descriptor, SNIFF_BYTES, 0)
        self.info = ObjectInfo(
            key=key,
            size=facts.st_size,
            etag=f"{facts.st_mtime_ns:x}-{facts.st_size:x}-{facts.st_ino:x}",
            modified=_utc(facts.st_mtime),
            content_type=content_type(start, key),
        )

    def chunks(self, start: int, length: int) -> Iterator[bytes]:
        return _Part(os.dup(self._descriptor), start, start + length)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Part:
    """The bytes of an open file from ``start`` to ``end``. It owns the descriptor, and gives it back at the end, when
    it is closed, or when nobody holds it any more, also where nothing was read."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        self._descriptor, self._start, self._end = descriptor, start, end

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._descriptor < 0 or self._start >= self._end:
            self.close()
            raise StopIteration
        data = os.pread(self._descriptor, min(CHUNK, self._end - self._start), self._start)
        if not data:
            self.close()
            raise Conflict("The file was cut short while it was read.", hint="Ask again.")
        self._start += len(data)
        return data

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


def _walk(folder: int, path: str, prefix: bytes, after: bytes) -> Iterator[Entry]:
    """Files under an open folder in the byte order of their keys, skipping what ``prefix`` and ``after`` exclude."""
    with os.scandir(folder) as entries:
        names = [(e.name, e.is_dir(follow_symlinks=False)) for e in entries if not e.is_symlink()]
    # "a.jpg" comes before "a/b.jpg", although the folder is named "a"
    ordered = sorted((path + name + ("/" if is_folder else ""), name) for name, is_folder in names)
    for key, name in sorted(ordered, key=lambda pair: os.fsencode(pair[0])):
        raw = os.fsencode(key)
        is_folder = key.endswith("/")
        if is_folder and (raw.startswith(prefix) or prefix.startswith(raw)) and (raw > after or after.startswith(raw)):
            with contextlib.suppress(FileNotFoundError):
                inner = os.open(name, _FOLDER, dir_fd=folder)
                try:
                    yield from _walk(inner, key, prefix, after)
                finally:
                    os.close(inner)
        elif not is_folder and raw.startswith(prefix) and raw > after and _is_text(key):
            with contextlib.suppress(FileNotFoundError):
                facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode):
                    yield Entry(key, facts.st_size, _utc(facts.st_mtime))


def _settle(source: Path) -> None:
    """Bytes on the disk before the name is. The clock of the kernel ticks in milliseconds, ours makes ETags differ."""
    now = time.time_ns()
    os.utime(source, ns=(now, now))
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _is_text(key: str) -> bool:
    return not any("\udc80" <= c <= "\udcff" for c in key)


def _is_bucket(name: str) -> bool:
    try:
        return bool(check_bucket(name))
    except ProxyError:
        return False


@contextlib.contextmanager
def _as_problem(verb: str, what: str) -> Iterator[None]:
    """Errors of the file system as errors of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(f"No room to {verb} {what!r}.", hint="Free space on the disk of minio-proxy.") from error
        if verb == "write" and error.errno in (errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.ELOOP):
            raise Conflict(
                f"{what!r} lies inside another key, or holds other keys.", hint="Delete that one, or take another name."
            ) from error
        if error.errno in _ABSENT:
            raise NotFound(f"There is no {what!r}.") from error
        reason = error.strerror or type(error).__name__
        raise StoreAway(
            f"The store cannot {verb} {what!r}: {reason}.", hint="Check the disk of minio-proxy."
        ) from error
