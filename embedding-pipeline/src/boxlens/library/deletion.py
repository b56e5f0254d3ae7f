"""Deleted images, kept for an hour with their vectors so that a deletion can be undone without embedding again.

One file per image in the bucket ``trash``: ``{collection}/{image_id}.json``. The picture bytes stay in their bucket
until the hour is over and no collection holds the image any more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from boxlens.domain.errors import BoxlensError, Conflict, NotFound
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord
from boxlens.domain.ports import ObjectStore, SearchIndex
from boxlens.library.deleted_ids import DeletedIds
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.records.recorded_image import RecordedImage, decode, encode

log = logging.getLogger(__name__)
TRASH = "trash"
KEEP_S = 3600
_AT_ONCE = 8
"""Requests of one restoring to the object store at the same time."""


class Library(Protocol):
    """Where images are stored: their objects, what changes them, their bytes, and the bucket of the bytes that were
    taken in."""

    @property
    def index(self) -> SearchIndex: ...

    @property
    def writer(self) -> RecordedWriter: ...

    @property
    def store(self) -> ObjectStore: ...

    @property
    def bucket(self) -> str: ...


def delete_image(
    library: Library, collection: str, image_id: str, *, remember: bool = True, visible: bool = True
) -> None:
    """Delete an image; what is needed to bring it back is written first. ``remember``: no ingest takes it in again
    unless asked. ``visible``: as of ``ports.IndexWriter.delete_image``. Raises NotFound, Frozen, ProxyAway,
    DiskFull."""
    library.writer.require_thawed(collection)
    with library.writer.exclusive(collection, [image_id]):
        deleted = replace(library.writer.recorded(collection, image_id), deleted_at=datetime.now(UTC))
        library.store.put(TRASH, _key(collection, image_id), encode(deleted, "<f4"), "application/json")
        if remember:
            DeletedIds(library.store).add(collection, image_id)
        library.writer.delete_image(collection, image_id, visible=visible)


def restore_image(library: Library, collection: str, image_id: str) -> list[IndexedObject]:
    """Bring a deleted image back, visible to searches at once. Raises NotFound when the hour is over, Conflict when it
    is stored again already."""
    (outcome,) = restore_together(library, collection, [image_id]).values()
    if isinstance(outcome, BoxlensError):
        raise outcome
    library.writer.refresh(collection)
    return outcome


def restore_together(
    library: Library, collection: str, image_ids: Sequence[str]
) -> dict[str, list[IndexedObject] | BoxlensError]:
    """Bring deleted images back by a few requests for all of them; searches see them after ``refresh``.

    By id the objects, else why it was left as it is: NotFound or Conflict, as of ``restore_image``. All of them are
    held in memory. Raises what stops all, such as ElasticsearchAway.
    """
    current = library.index.setup(collection, fresh=True).pack.revision
    with (
        library.writer.exclusive(collection, image_ids),
        ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="restore") as threads,
    ):
        stored = library.index.stored(collection, image_ids)
        outcomes: dict[str, list[IndexedObject] | BoxlensError] = {
            image_id: Conflict(f"The image {image_id} is stored in {collection}: there is nothing to restore.")
            if image_id in stored
            else NotFound(f"No deleted image {image_id} is kept for {collection}.", hint="Add the picture again.")
            for image_id in image_ids
        }
        absent = [image_id for image_id in outcomes if image_id not in stored]
        kept = [image for image in threads.map(partial(_deleted, library, collection), absent) if image is not None]
        now = datetime.now(UTC)
        able = [image for image in kept if image.pack.revision == current and not _hour_is_over(image, now)]
        failures: dict[str, list[str]] = {}
        for result in library.writer.restore(collection, able) if able else ():
            if not result.ok:
                failures.setdefault(result.object_id.rpartition("-")[0], []).append(result.reason)
        for image in able:
            outcomes[image.image_id] = list(image.objects)
            if reasons := failures.get(image.image_id):
                detail = f"{len(reasons)} objects of {image.image_id} could not be written back: {reasons[0]}."
                outcomes[image.image_id] = Conflict(detail, hint="Try again.")
        back = [image.image_id for image in able if image.image_id not in failures]
        list(threads.map(partial(_forget_deletion, library, collection), back))
    return outcomes


def _forget_deletion(library: Library, collection: str, image_id: str) -> None:
    DeletedIds(library.store).forget(collection, image_id)
    library.store.delete(TRASH, _key(collection, image_id))


def _deleted(library: Library, collection: str, image_id: str) -> RecordedImage | None:
    try:
        return decode(library.store.get(TRASH, _key(collection, image_id)))
    except (NotFound, LookupError, ValueError, TypeError):
        return None


def _hour_is_over(deleted: RecordedImage, now: datetime) -> bool:
    return (now - (deleted.deleted_at or deleted.written_at)).total_seconds() > KEEP_S


def sweep_deleted(library: Library, now: datetime) -> int:
    """End the hour of what was deleted before: the file goes, and with it picture bytes that nobody needs."""
    swept = 0
    for key in list(library.store.keys(TRASH)):
        try:
            deleted = decode(library.store.get(TRASH, key))
        except (NotFound, LookupError, ValueError, TypeError) as error:
            log.warning("%s/%s is left alone: %s", TRASH, key, error)  # restored meanwhile, or not written by us
            continue
        if not _hour_is_over(deleted, now) or _just_put(library, deleted.objects[0].image, now):
            continue
        _forget_bytes(library, deleted.objects[0].image, key)
        library.store.delete(TRASH, key)
        swept += 1
    return swept


def _just_put(library: Library, record: ImageRecord, now: datetime) -> bool:
    """Whether the picture may just be taken in again: its bytes are kept first, its objects are written later."""
    there = library.store.stat(record.bucket, record.image_key) if record.bucket == library.bucket else None
    return there is not None and (now - there.put_at).total_seconds() <= KEEP_S


def _forget_bytes(library: Library, record: ImageRecord, key: str) -> None:
    """Delete the picture itself unless it is not ours, is stored in a collection, or can still be restored."""
    if record.bucket != library.bucket:
        return
    held = any(is_held(library.index, info.name, record.image_id) for info in library.index.collections())
    suffix = f"/{record.image_id}.json"
    awaited = any(other != key and other.endswith(suffix) for other in library.store.keys(TRASH))
    if not (held or awaited):
        library.store.delete(record.bucket, record.image_key)


def is_held(index: SearchIndex, collection: str, image_id: str) -> bool:
    """Whether a collection holds an image; not, when the collection has just gone away."""
    try:
        return bool(index.stored(collection, [image_id]))
    except NotFound:
        return False


def _key(collection: str, image_id: str) -> str:
    return f"{collection}/{image_id}.json"
