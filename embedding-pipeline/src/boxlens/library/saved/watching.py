"""The job that looks at new pictures for all saved searches, and tells of those that match.

One process of a data folder does it at a time: who holds the lock on a file beside the ledger. The system lets the lock
go when that process ends, however it ends; another one then goes on where the ledger says.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import BoxlensError
from boxlens.domain.ports import SearchIndex
from boxlens.library.saved.entries import SavedSearch
from boxlens.library.saved.ledger import SavedSearches
from boxlens.library.saved.messages import Messenger, match_body
from boxlens.library.saved.recent import OVERLAP_S, recent_pictures

log = logging.getLogger(__name__)
AT_ONCE = 200
"""Pictures that one search looks at in one query: the most hits of a page."""

REST_S = 600.0
"""How long a search rests that cannot be asked as it is, because what it is like was deleted, or its collection."""


class Refresher(Protocol):
    """Makes what was written visible; while many pictures come in, the index itself does it rarely."""

    def refresh(self, collection: str) -> None: ...


class SavedWatcher:
    """Looks for new pictures, round by round. One thread uses it."""

    def __init__(
        self,
        saved: SavedSearches,
        index: SearchIndex,
        writer: Refresher,
        matching: Callable[[SavedSearch, Sequence[str]], Sequence[str]],
        messenger: Messenger,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``matching``: those of some pictures that a saved search finds; it raises BoxlensError. ``clock``: seconds
        since 1970."""
        self.saved = saved
        self._index, self._writer, self._matching = index, writer, matching
        self._messenger, self._clock = messenger, clock
        self._resting: dict[str, float] = {}

    def round(self, stop: threading.Event) -> None:
        """Every search looks at what came, then every message whose time has come is sent. Raises BoxlensError when a
        server is away: the next round goes on where this one was."""
        try:
            by_collections: dict[CollectionSet, list[SavedSearch]] = {}
            for search in self.saved.searches():
                if self._resting.get(search.id, 0.0) <= self._clock():
                    by_collections.setdefault(_collections(search), []).append(search)
            for collections, searches in by_collections.items():
                self._look_together(collections, searches, stop)
        finally:
            self._messenger.send_due(stop)

    def _look_together(
        self, collections: CollectionSet, searches: Sequence[SavedSearch], stop: threading.Event
    ) -> None:
        """Each picture that came is looked at once by each search."""
        started = self._clock()
        awake = list(searches)
        try:
            for name in collections.names:
                self._writer.refresh(name)
        except BoxlensError as error:
            self._rest(error, awake)
            return
        looked = {search.id: self.saved.looked_at(search.id) for search in searches}
        since = min(search.checked_at for search in searches) - OVERLAP_S
        for pictures in recent_pictures(self._index, collections, since):
            for search in tuple(awake):
                begin = int(search.checked_at - OVERLAP_S) * 1000
                fresh = [
                    (image_id, moment)
                    for image_id, moment in pictures
                    if moment >= begin and image_id not in looked[search.id]
                ]
                try:
                    self._look(search, fresh, stop)
                except BoxlensError as error:
                    self._rest(error, [search])
                    awake.remove(search)
        for search in awake if not stop.is_set() else ():
            self.saved.checked(search.id, started, forget_before_ms=int((started - 2 * OVERLAP_S) * 1000))

    def _look(self, search: SavedSearch, fresh: Sequence[tuple[str, int]], stop: threading.Event) -> None:
        for start in range(0, len(fresh), AT_ONCE):
            if stop.is_set():
                return
            some = fresh[start : start + AT_ONCE]
            matches = self._matching(search, [image_id for image_id, _ in some])
            self.saved.record(
                search,
                some,
                matches,
                at=self._clock(),
                addresses=self._messenger.told_of(search),
                body=lambda event, image_id: match_body(search, event, image_id, self._clock()),
            )

    def _rest(self, error: BoxlensError, searches: Sequence[SavedSearch]) -> None:
        """These searches cannot be asked as they are; raises the error where it is a server that is away."""
        if error.status >= 500:
            raise error
        for search in searches:
            self.saved.failed(search.id, error.detail)
            self._resting[search.id] = self._clock() + REST_S


def _collections(search: SavedSearch) -> CollectionSet:
    return CollectionSet.of([search.collection, *(search.query.get("collections") or ())])


@contextmanager
def watching(watcher: SavedWatcher, every_s: float) -> Iterator[None]:
    """Look for new pictures in the background for the length of the block, as long as no other process does."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch_until, args=(watcher, every_s, stop), name="boxlens-saved", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def _watch_until(watcher: SavedWatcher, every_s: float, stop: threading.Event) -> None:
    lock: BinaryIO | None = None
    try:
        while not stop.wait(every_s):
            try:
                lock = lock or _locked(watcher.saved)
                if lock:
                    watcher.round(stop)
            except BoxlensError as error:
                log.warning("saved searches are looked at again: %s", error.detail)
            except Exception:  # whatever it was, the next round may do
                log.exception("saved searches are looked at again")
    finally:
        if lock:
            lock.close()


def _locked(saved: SavedSearches) -> BinaryIO | None:
    """The lock of the data folder; None while another process holds it, or there is nothing to watch yet."""
    if not saved.searches():
        return None
    file = saved.path.with_suffix(".lock").open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
