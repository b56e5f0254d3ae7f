"""The jars of the embedded Elasticsearch: named and hashed in a committed list, fetched once, shared by every checkout.

``elasticsearch-jars.txt`` says which jars there are, where each goes and its SHA-256, so nothing has to be resolved
before a start and a jar that differs by one byte is never loaded. Of jgo only the address of its default repository is
used, so that no address is written here.

Layout of the result, used as ``es.path.home`` and never written to afterwards::

    {cache}/elasticsearch-8.19.21/lib/*.jar                       the class path
    {cache}/elasticsearch-8.19.21/modules/transport-netty4/*.jar  the HTTP transport, a plugin to the server
    {cache}/elasticsearch-8.19.21/modules/transport-netty4/plugin-descriptor.properties
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from boxlens.domain.errors import DiskFull, NodeFailed
from boxlens.fetch.download import Fetching, FileIdentity, download, open_client

VERSION = "8.19.21"
MODULE = "modules/transport-netty4"
DESCRIPTOR = "plugin-descriptor.properties"

Progress = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all, and the jar's file name; from several threads, one at a time."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the list: ``size`` in bytes, ``folder`` relative to the server's home."""

    group: str
    artifact: str
    version: str
    folder: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def repository_path(self) -> str:
        """The standard layout of a Maven repository."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"


def read_jar_list(path: Path | None = None) -> tuple[Jar, ...]:
    """The committed list, or the one at ``path``."""
    lines = (path or Path(__file__).with_name("elasticsearch-jars.txt")).read_text("utf-8").splitlines()
    jars = []
    for line in lines:
        if line and not line.startswith("#"):
            name, folder, size, sha256 = line.split()
            group, artifact, version = name.split(":")
            jars.append(Jar(group, artifact, version, folder, int(size), sha256))
    return tuple(jars)


def cache_dir() -> Path:
    """``BOXLENS_CACHE_DIR``, else ``boxlens`` under ``XDG_CACHE_HOME`` or ``~/.cache``: one per user."""
    if chosen := os.environ.get("BOXLENS_CACHE_DIR"):
        return Path(chosen).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").resolve() / "boxlens"


def ensure_jars(
    progress: Progress | None = None,
    *,
    cache: Path | None = None,
    jars: Sequence[Jar] | None = None,
    repositories: Sequence[str] | None = None,
) -> Path:
    """The server's home folder with every jar present and of the right hash; fetches what is missing.

    Safe to call from several processes at once. Raises NodeFailed when a jar cannot be fetched or its hash stays
    wrong, DiskFull when the cache has no room.
    """
    home = (cache or cache_dir()) / f"elasticsearch-{VERSION}"
    listed = read_jar_list() if jars is None else tuple(jars)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(home):
            missing = [jar for jar in listed if not _identity(jar).fits(home / jar.folder / jar.file_name)]
            if missing:
                _check_room(home, missing)
                _fetch_all(missing, home, _Meter(progress, listed, missing), repositories or default_repositories())
            _write_descriptor(home, listed)
    except OSError as cause:
        raise NodeFailed(
            f"the jar cache {home} cannot be written: {cause}",
            hint="Give the folder write permission, or name another one in BOXLENS_CACHE_DIR.",
        ) from cause
    return home


def class_path(home: Path) -> list[Path]:
    """Exactly the listed jars of ``lib``: a stray file in the folder is not loaded."""
    return [home / jar.folder / jar.file_name for jar in read_jar_list() if jar.folder == "lib"]


def default_repositories() -> tuple[str, ...]:
    """Base addresses as jgo has them, in its order."""
    from jgo.maven import MavenContext  # slow to import, and needed for the first download only

    return tuple(MavenContext().remote_repos.values())


class _Meter:
    """Adds up the bytes of parallel downloads for one progress callback."""

    def __init__(self, progress: Progress | None, listed: Sequence[Jar], missing: Sequence[Jar]) -> None:
        self._progress = progress
        self._total = sum(jar.size for jar in listed)
        present = self._total - sum(jar.size for jar in missing)
        self._done = {"": present}
        self._lock = threading.Lock()

    def at(self, jar: Jar, done: int, _: int) -> None:
        with self._lock:
            self._done[jar.file_name] = done
            if self._progress is not None:
                self._progress(sum(self._done.values()), self._total, jar.file_name)


def _fetch_all(missing: Sequence[Jar], home: Path, meter: _Meter, repositories: Sequence[str]) -> None:
    with (
        open_client(NodeFailed, timeout_s=30) as client,
        ThreadPoolExecutor(4, thread_name_prefix="jars") as pool,
    ):
        jobs = [
            pool.submit(
                download,
                client,
                [f"{base.rstrip('/')}/{jar.repository_path}" for base in repositories],
                home / jar.folder / jar.file_name,
                _identity(jar),
                Fetching(NodeFailed, at=partial(meter.at, jar)),
            )
            for jar in missing
        ]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            for job in jobs:
                job.cancel()
            raise


def _identity(jar: Jar) -> FileIdentity:
    return FileIdentity(jar.size, jar.sha256)


def _write_descriptor(home: Path, jars: Sequence[Jar]) -> None:
    """Put the plugin's own descriptor beside its jars, without the line that would load it as a Java module.

    The server itself is on the class path here, and a named module cannot read the unnamed one.
    """
    plugin = next((jar for jar in jars if jar.artifact == "transport-netty4"), None)
    if plugin is None:
        return
    with zipfile.ZipFile(home / plugin.folder / plugin.file_name) as archive:
        text = archive.read(f"META-INF/es-plugins/{plugin.artifact}/{DESCRIPTOR}").decode()
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "modulename"))]
    descriptor = "\n".join(lines) + "\n"
    target = home / plugin.folder / DESCRIPTOR
    if not target.exists() or target.read_text("utf-8") != descriptor:
        unfinished = target.with_suffix(".part")
        unfinished.write_text(descriptor, "utf-8")
        unfinished.replace(target)


def _check_room(home: Path, missing: Sequence[Jar]) -> None:
    needed = sum(jar.size for jar in missing)
    free = shutil.disk_usage(home).free
    if free < needed + 16 * 1024 * 1024:
        raise DiskFull(
            f"{needed // 1_000_000} MB of Elasticsearch must be fetched into {home}, {free // 1_000_000} MB are free",
            hint="Free some disk space, or name a folder on another disk in BOXLENS_CACHE_DIR.",
        )


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released with the file, also when the process is killed
        yield
