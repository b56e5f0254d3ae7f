"""Following folders as it happens: events of the system for local drives, a look every while for network drives."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import psutil
from watchfiles import watch
from watchfiles._rust_notify import WatchfilesRustInternalError

from boxlens.domain.errors import BoxlensError
from boxlens.domain.local_files import local_path, shown
from boxlens.library.following.folders import FolderState, FollowedFolder, SyncReport
from boxlens.library.following.ledger import Ledger
from boxlens.library.following.quiet import QuietTimes
from boxlens.library.following.settling import Settling, parts_of
from boxlens.library.following.sync import FolderSync, SyncOptions, Tellers

log = logging.getLogger(__name__)
NETWORK_DRIVES = (
    "nfs", "cifs", "smb", "afp", "sshfs", "fuse.sshfs", "davfs", "9p", "vboxsf", "fuse.rclone", "ncpfs", "ceph",
)  # fmt: skip
"""What the types of drives begin with whose changes the system does not tell of."""

SETTLE_S = 1.0
_TICK_MS = 250
_BEAT_S = 2.0  # how often the ledger is told that this process is alive, and asked whether it is to pause
_WHOLE_S = 3600.0  # events may be lost, and links lead to folders without them
_AGAIN_S = (5.0, 60.0)  # first and longest wait while a server or a folder is away


@dataclass(frozen=True)
class WatchOptions:
    """``poll_s``: how often folders without events are looked through; ``poll``: treat all as such."""

    sync: SyncOptions = field(default_factory=SyncOptions)
    quiet: QuietTimes = field(default_factory=QuietTimes)
    poll_s: float = 30.0
    poll: bool = False


@dataclass
class _Watched:
    """One folder on watch; moments are of the monotonic clock."""

    id: int
    path: Path
    polled: bool
    settling: Settling
    whole_at: float = 0.0
    wait_s: float = _AGAIN_S[0]
    paused: bool = False
    halt: threading.Event = field(default_factory=threading.Event)
    state: FolderState = "waiting"
    problem: str = ""


class Watcher:
    """Watches folders of one collection until it is stopped. ``on_sync`` gets folder and report of each sync."""

    def __init__(
        self,
        syncing: FolderSync,
        ledger: Ledger,
        folders: Sequence[FollowedFolder],
        options: WatchOptions,
        *,
        tellers: Tellers | None = None,
        on_sync: Callable[[Path, SyncReport], None] = lambda path, report: None,
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._syncing, self._ledger, self._options = syncing, ledger, options
        self._tellers, self._on_sync, self._report = tellers or Tellers(), on_sync, report
        self._folders = [self._watched(folder) for folder in folders]

    def _watched(self, folder: FollowedFolder) -> _Watched:
        path = Path(local_path(folder.path))
        polled = self._options.poll or on_network_drive(path)
        quiet = ", ".join(f"{begin:%H:%M}-{end:%H:%M}" for begin, end in self._options.quiet.spans)
        self._ledger.update(folder.id, polling=polled, quiet=quiet, gone=self._options.sync.gone)
        return _Watched(folder.id, path, polled, Settling(SETTLE_S), paused=folder.paused)

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set; pictures under way are still stored."""
        beating = threading.Thread(target=self._beat, args=(stop,), name="following", daemon=True)
        beating.start()
        try:
            for paths in self._changes(stop):
                now = time.monotonic()
                for folder in self._folders:
                    folder.settling.add([path for path in paths if path.is_relative_to(folder.path)], now)
                    self._step(folder, now)
        finally:
            stop.set()
            beating.join()
            for folder in self._folders:
                self._ledger.update(folder.id, state="stopped", seen_at=0.0, pending=len(folder.settling))

    # --- what happens ------------------------------------------------------------------------------------------------

    def _changes(self, stop: threading.Event) -> Iterator[list[Path]]:
        """Changed paths, and an empty list every while; begun anew when a folder comes, goes or is another."""
        while not stop.is_set():
            there = {
                folder.path: marks for folder in self._folders if not folder.polled and (marks := _marks(folder.path))
            }
            try:
                yield from self._events(there, stop)
            except (OSError, WatchfilesRustInternalError) as error:
                self._report(f"The system tells no changes ({error}); folders are looked through instead.")
                for folder in self._folders:
                    folder.polled = True
                    self._ledger.update(folder.id, polling=True)

    def _events(self, there: dict[Path, tuple[int, int]], stop: threading.Event) -> Iterator[list[Path]]:
        if not there:
            while not stop.wait(_TICK_MS / 1000):
                yield []
                if self._came_or_went(there):
                    return
            return
        batches = watch(
            *there, watch_filter=None, debounce=200, step=50, rust_timeout=_TICK_MS, yield_on_timeout=True,
            stop_event=stop, raise_interrupt=False, ignore_permission_denied=True,
        )  # fmt: skip
        for changes in batches:
            yield [Path(path) for _, path in changes]
            if self._came_or_went(there):
                return

    def _came_or_went(self, there: dict[Path, tuple[int, int]]) -> bool:
        """Whether other folders are there than those that are watched; these are looked through soon."""
        different = [f for f in self._folders if not f.polled and _marks(f.path) != there.get(f.path)]
        for folder in different:
            folder.whole_at = 0.0
        return bool(different)

    # --- what is done ------------------------------------------------------------------------------------------------

    def _step(self, folder: _Watched, now: float) -> None:
        if idle := self._idle(folder):
            self._stand(folder, idle)
            return
        folder.halt.clear()
        if folder.settling.overflowed:
            folder.whole_at = now
        if now >= folder.whole_at:
            folder.settling.clear()
            self._sync(folder, None)
        elif ready := folder.settling.ready(now):
            self._sync(folder, ready)

    def _sync(self, folder: _Watched, paths: list[Path] | None) -> None:
        self._stand(folder, "working")
        whole = paths is None
        options = replace(self._options.sync, settle_s=SETTLE_S if whole else 0.0)
        parts = None if paths is None else parts_of(folder.path, paths)
        try:
            entry = self._ledger.folder(folder.id)
            report = self._syncing.run(entry, options, self._tellers, parts=parts, stop=folder.halt)
        except BoxlensError as error:
            folder.problem = f"{error.detail} {error.hint}".strip()
            self._report(folder.problem)
            folder.whole_at = time.monotonic() + folder.wait_s
            folder.wait_s = min(2 * folder.wait_s, _AGAIN_S[1])
            self._stand(folder, "away")
            return
        folder.problem, folder.wait_s = "", _AGAIN_S[0]
        if whole:
            folder.whole_at = time.monotonic() + (self._options.poll_s if folder.polled else _WHOLE_S)
        if report.interrupted:
            folder.whole_at = 0.0
        elif report.unsettled:
            # a large folder is not looked through all the time because of one file that stays open
            folder.whole_at = min(folder.whole_at, time.monotonic() + max(2 * SETTLE_S, 4 * report.seconds))
        self._on_sync(folder.path, report)
        self._stand(folder, "waiting")

    # --- what others see ---------------------------------------------------------------------------------------------

    def _beat(self, stop: threading.Event) -> None:
        """Tell the ledger every while that this process is alive, and end what is under way when it is to pause."""
        while True:
            for folder in self._folders:
                try:
                    folder.paused = self._ledger.folder(folder.id).paused
                    self._show(folder)
                except BoxlensError as error:
                    log.warning("%s", error.detail)
                if self._idle(folder) or stop.is_set():
                    folder.halt.set()
            if stop.wait(_BEAT_S):
                for folder in self._folders:
                    folder.halt.set()
                return

    def _idle(self, folder: _Watched) -> FolderState | None:
        """The reason for which no sync runs at this moment."""
        if folder.paused:
            return "paused"
        return "quiet" if self._options.quiet.holds(datetime.now().time()) else None

    def _stand(self, folder: _Watched, state: FolderState) -> None:
        if folder.state != state:
            folder.state = state
            self._show(folder)

    def _show(self, folder: _Watched) -> None:
        self._ledger.update(
            folder.id,
            state=folder.state,
            seen_at=time.time(),
            pending=len(folder.settling),
            problem=folder.problem,
        )


def on_network_drive(path: Path) -> bool:
    """Whether a folder lies on a drive whose changes the system does not tell of."""
    parents = [path.resolve(), *path.resolve().parents]
    kinds = {Path(entry.mountpoint): entry.fstype.lower() for entry in psutil.disk_partitions(all=True)}
    kind = next((kinds[parent] for parent in parents if parent in kinds), "")
    if kind.startswith(NETWORK_DRIVES):
        log.info("%s is on a network drive (%s)", shown(str(path)), kind)
        return True
    return False


def _marks(path: Path) -> tuple[int, int] | None:
    """What tells a folder from another of its name; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
