"""What one collection holds already, and what was deleted from it, as an ingest asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import IndexReader


class Deletions(Protocol):
    """Which images a person deleted from a collection: no ingest takes them in again unless asked."""

    def ids(self, collection: str) -> Collection[str]: ...

    def forget(self, collection: str, image_id: str) -> None: ...


class CollectionImages:
    """What one collection holds already, as the stages ask for it."""

    def __init__(self, index: IndexReader, collection: str, deletions: Deletions | None = None) -> None:
        self._index, self._collection, self._deletions = index, collection, deletions
        self._deleted: Collection[str] = ()

    def read_deletions(self) -> None:
        """Learn what was deleted until now."""
        self._deleted = self._deletions.ids(self._collection) if self._deletions else ()

    def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
        return self._index.stored(self._collection, image_ids)

    def deleted(self, image_ids: Sequence[str]) -> Collection[str]:
        return {image_id for image_id in image_ids if image_id in self._deleted}

    def forget_deletion(self, image_id: str) -> None:
        """It is taken in again."""
        if self._deletions:
            self._deletions.forget(self._collection, image_id)

    def whole(self, image_id: str) -> Sequence[IndexedObject]:
        return self._index.image(self._collection, image_id, vectors=True)
