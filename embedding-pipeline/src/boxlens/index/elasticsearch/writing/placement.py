"""Into which index new images go, and when it is full."""

from __future__ import annotations

import logging
from threading import Lock

from elasticsearch import Elasticsearch

from boxlens.index.elasticsearch.admin.collections import Collections
from boxlens.index.elasticsearch.admin.rollover import Rollover
from boxlens.index.elasticsearch.backing import IndexHandle
from boxlens.index.elasticsearch.errors import contended_collection, translate_errors
from boxlens.index.elasticsearch.routing import Target
from boxlens.index.names import writes_blocked

log = logging.getLogger(__name__)

COUNTED_EVERY = 10
"""Documents are counted again when this part of the room that was left is used: others may use it too."""
FINEST = 1000
"""But never before this part of the whole is."""
_ATTEMPTS = 20


class Rooms:
    """How many documents each index may take before they are counted again."""

    def __init__(self, client: Elasticsearch, shard_documents: int) -> None:
        self._client = client
        self._shard_documents = shard_documents
        self._left: dict[str, float] = {}
        self._lock = Lock()

    def full(self, handle: IndexHandle, target: Target) -> bool:
        """Whether an index has no room any more; asks the server only where it must be counted."""
        with self._lock:
            left = self._left.get(target.index)
        if left is not None and left > 0:
            return False
        most = self._shard_documents * handle.shards
        with translate_errors(handle.collection):
            if left is not None:  # what this process has written since is counted too
                self._client.indices.refresh(index=target.alias)
            room = most - int(self._client.count(index=target.alias)["count"])
        if room <= 0:
            return True
        with self._lock:
            self._left[target.index] = max(room // COUNTED_EVERY, most // FINEST, 1)
        return False

    def use(self, target: Target, documents: int) -> None:
        with self._lock:
            self._left[target.index] = self._left.get(target.index, 0) - documents

    def without_end(self, target: Target) -> None:
        """It takes whatever comes."""
        with self._lock:
            self._left[target.index] = float("inf")


class Placement:
    """Where the images of one write go. What it says is never older than ``admin.collections.REMEMBERED_S``."""

    def __init__(self, collections: Collections, rollover: Rollover, rooms: Rooms, handle: IndexHandle) -> None:
        self._collections = collections
        self._rollover = rollover
        self._rooms = rooms
        self._collection = handle.collection
        self._first = handle.index

    def handle(self) -> IndexHandle:
        """The collection as it is now. Raises Conflict where its name leads to another by now, and Frozen."""
        handle = self._collections.handle(self._collection)
        if handle.index != self._first:
            raise writes_blocked(self._collection)
        handle.setup.require_thawed(self._collection)
        return handle

    def look_again(self) -> None:
        self._collections.forget(self._collection)

    @property
    def changing(self) -> bool:
        """Whether the next images must wait for a further index."""
        handle = self.handle()
        opened = handle.in_state("open")
        return opened is None or self._rooms.full(handle, opened)

    def ready(self, documents: int) -> tuple[IndexHandle, Target]:
        """The collection, and the index that takes ``documents`` that come now; a further one is made where it is
        time. Raises Conflict while nothing may be written, ElasticsearchAway."""
        for _ in range(_ATTEMPTS):
            handle = self.handle()
            opened = handle.in_state("open")
            if opened is None:
                if handle.in_state("held") is not None:
                    raise writes_blocked(self._collection)
                self._rollover.settled(self._collection)
            elif not self._rooms.full(handle, opened):
                self._rooms.use(opened, documents)
                return handle, opened
            elif self._rollover.allowed(self._collection):
                self._rollover.begin(self._collection, opened)
            else:
                log.warning(
                    "%s has outgrown one index, and stays in it: the key may not see what Elasticsearch works on "
                    "(privilege monitor)",
                    self._collection,
                )
                self._rooms.without_end(opened)
        raise contended_collection(self._collection)
