"""Which images were deleted from a collection, so that what still lies in a source does not come back by itself.

One small object an image in the bucket ``deleted``: ``{collection}/{image_id}``. The object store is shared by all who
take pictures in, and it is backed up with the pictures.
"""

from __future__ import annotations

from collections.abc import Collection

from boxlens.domain.ports import ObjectStore

BUCKET = "deleted"


class DeletedIds:
    """``ingest.indexer.Deletions`` over the object store. All calls raise ProxyAway."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def ids(self, collection: str) -> Collection[str]:
        prefix = f"{collection}/"
        return {key.removeprefix(prefix) for key in self._store.keys(BUCKET, prefix)}

    def add(self, collection: str, image_id: str) -> None:
        self._store.put(BUCKET, f"{collection}/{image_id}", b"{}", "application/json")

    def forget(self, collection: str, image_id: str) -> None:
        self._store.delete(BUCKET, f"{collection}/{image_id}")
