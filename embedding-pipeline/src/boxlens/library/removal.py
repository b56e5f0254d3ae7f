"""Deleting a whole collection, with or without the bytes of its pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from boxlens.domain.errors import NotFound
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.pictures import ImageRecord
from boxlens.library.deleted_ids import DeletedIds
from boxlens.library.deletion import TRASH, Library

_BATCH = 500
_FRAMES = Filter((Condition("kind", any_of=("frame",)),))


def remove_collection(library: Library, collection: str, *, pictures: bool) -> int:
    """Delete a collection; ``pictures`` also deletes the bytes that no other collection and no restoring needs.

    Gives how many of its pictures lie in our bucket. Raises NotFound, ProxyAway, ElasticsearchAway.
    """
    records = _own_pictures(library, collection)
    library.writer.drop(collection)
    deletions = DeletedIds(library.store)
    for image_id in list(deletions.ids(collection)):
        deletions.forget(collection, image_id)
    if pictures:
        for record in _unneeded(library, collection, records):
            library.store.delete(record.bucket, record.image_key)
    return len(records)


def _own_pictures(library: Library, collection: str) -> list[ImageRecord]:
    """Its pictures whose bytes lie in our bucket; those elsewhere are not ours to delete."""
    records: list[ImageRecord] = []
    after: str | None = None
    while batch := library.index.matching(collection, _FRAMES, _BATCH, after):
        after = batch[-1].object_id
        frames = library.index.objects(collection, [match.object_id for match in batch])
        records += [frame.image for frame in frames if frame.image.bucket == library.bucket]
    return records


def _unneeded(library: Library, collection: str, records: Sequence[ImageRecord]) -> Iterator[ImageRecord]:
    """Those that no other collection holds, and none can bring back from its trash."""
    restorable = {key.rpartition("/")[2] for key in library.store.keys(TRASH) if not key.startswith(f"{collection}/")}
    others = [info.name for info in library.index.collections() if info.name != collection]
    for start in range(0, len(records), _BATCH):
        part = records[start : start + _BATCH]
        held: set[str] = set()
        for other in others:
            with contextlib.suppress(NotFound):  # it goes away too
                held |= library.index.stored(other, [record.image_id for record in part]).keys()
        yield from (r for r in part if r.image_id not in held and f"{r.image_id}.json" not in restorable)
