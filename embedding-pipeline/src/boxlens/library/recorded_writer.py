"""The one way to change stored images and collections: the index, and with it the records in the object store.

The record of an image is put before the index takes the image in, and after it let go of one or took an edit. So
whoever is killed in between leaves a record without its image, or one that is behind it; an audit tells both and mends
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

from boxlens.domain.collections import (
    CollectionInfo,
    CollectionSettings,
    CollectionSetup,
    IndexType,
    PackInfo,
    base,
    successor_of,
)
from boxlens.domain.errors import BadInput, Conflict, NotFound
from boxlens.domain.objects import IndexedObject, images, incomplete
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.reports import ItemResult
from boxlens.domain.share_out import Layout
from boxlens.records.recorded_image import Edit, RecordedImage
from boxlens.records.records import RecordedCollection, Records

_AT_ONCE = 64
"""Images that are locked and written together."""
_PUTS = 8
"""Records that are put at the same time."""


class RecordedWriter:
    """``ports.IndexWriter`` and ``ports.IndexAdmin`` over an index and the records of its images."""

    def __init__(self, index: ObjectIndex, records: Records) -> None:
        self._index, self.records = index, records
        self._threads = ThreadPoolExecutor(_PUTS, thread_name_prefix="records")

    # --- images ------------------------------------------------------------------------------------------------------

    def exclusive(self, collection: str, image_ids: Iterable[str]) -> AbstractContextManager[None]:
        return self._index.exclusive(collection, image_ids)

    def write(
        self, collection: str, objects: Iterable[IndexedObject], *, ingested: Mapping[str, datetime] | None = None
    ) -> Iterator[ItemResult]:
        """As the port says. What a person said of a stored image since its objects were read stays; when an image was
        first taken in, its record tells."""
        batch: list[list[IndexedObject]] = []
        for image in images(objects):
            batch.append(image)
            if len(batch) == _AT_ONCE:
                yield from self._write(collection, batch)
                batch = []
        if batch:
            yield from self._write(collection, batch)

    def _write(self, collection: str, batch: Sequence[list[IndexedObject]]) -> list[ItemResult]:
        pack = self.require_thawed(collection).pack
        image_ids = [image[0].image.image_id for image in batch]
        with self.exclusive(collection, image_ids):
            stored = self._index.stored(collection, image_ids)
            edited = [self._with_edits(collection, image, stored.get(image[0].image.image_id)) for image in batch]
            recorded = [self._recorded(collection, pack, image, stored) for image in edited if not incomplete(image)]
            list(self._threads.map(lambda record: self.records.put(base(collection), record), recorded))
            results = list(self._index.write(collection, chain.from_iterable(edited)))
            refused = {result.object_id.rpartition("-")[0] for result in results if not result.ok}
            for image_id in refused:
                self.records.delete(base(collection), pack, image_id)
        return results

    def _with_edits(
        self, collection: str, image: list[IndexedObject], stored: IndexedObject | None
    ) -> list[IndexedObject]:
        """The image with what persons said and corrected of the stored one since its objects were read."""
        if stored is None:
            return image
        if stored.corrections != image[0].corrections and collection == base(collection):
            image = [
                replace(obj, image=image[0].image)
                for obj in self._index.image(collection, stored.image.image_id, vectors=True)
            ]
        if set(stored.image.edited) <= set(image[0].image.edited):
            return image
        said = {name: getattr(stored.image, name) for name in stored.image.edited}
        record = replace(image[0].image, **said, edited=stored.image.edited)
        return [replace(obj, image=record) for obj in image]

    def correct(self, collection: str, image: Sequence[IndexedObject], over: Sequence[str]) -> None:
        """As the port says. The record goes first: it brings back an image whose writing was killed."""
        image_id = image[0].image.image_id
        with self.exclusive(collection, [image_id]):
            pack = self.require_thawed(collection).pack
            stored = self._index.stored(collection, [image_id])
            before = self.recorded(collection, image_id)
            self.records.put(base(collection), self._recorded(collection, pack, image, stored))
            try:
                self._index.correct(collection, image, over)
            except Conflict:
                self.records.put(base(collection), before)
                raise

    def require_thawed(self, collection: str) -> CollectionSetup:
        """How a collection that may be changed is set up: asked before anything is written beside the index. Raises
        NotFound, Frozen."""
        setup = self._index.setup(collection, fresh=True)
        setup.require_thawed(collection)
        return setup

    def _recorded(
        self, collection: str, pack: PackInfo, image: Sequence[IndexedObject], stored: Mapping[str, IndexedObject]
    ) -> RecordedImage:
        moment = datetime.now(UTC)
        objects = tuple(replace(obj, box=obj.box.rounded()) for obj in image)  # as the index keeps them
        recorded = RecordedImage(objects, pack, moment, ingested_at=moment)
        image_id = recorded.image_id
        before = self._before(collection, pack, image_id) if image_id in stored else None
        if before is None and collection != base(collection):  # a successor: the first pack's record knows more
            before = self._before(collection, self._index.setup(base(collection)).pack, image_id)
        if before is None:
            return recorded
        return replace(recorded, ingested_at=before.ingested_at, edits=before.edits)

    def _before(self, collection: str, pack: PackInfo, image_id: str) -> RecordedImage | None:
        try:
            return self.records.get(base(collection), pack, image_id)
        except (NotFound, BadInput):
            return None  # an older program wrote the image, or the record is damaged: it is written anew

    def annotate(
        self,
        collection: str,
        image_id: str,
        *,
        number: int | None = None,
        caption: str | None = None,
        tags: Sequence[str] | None = None,
        albums: Sequence[str] | None = None,
        by: str = "",
        visible: bool = True,
    ) -> list[IndexedObject]:
        """As ports.IndexWriter; ``by`` is the name of who writes, "" where there is none."""
        moment = datetime.now(UTC)
        edits = [Edit("caption", number, by, moment)] if caption is not None else []
        edits += [Edit("tags", number, by, moment)] if tags is not None else []
        edits += [Edit("albums", number, by, moment)] if albums is not None else []

        def changed(recorded: RecordedImage) -> RecordedImage:
            places = {(edit.field, edit.number) for edit in edits}
            kept = [edit for edit in recorded.edits if (edit.field, edit.number) not in places]
            return replace(recorded, edits=(*kept, *edits), written_at=moment)

        with self.exclusive(collection, [image_id]):
            objects = self._index.annotate(
                collection, image_id, number=number, caption=caption, tags=tags, albums=albums, visible=visible
            )
            self.records.put(base(collection), changed(self._as_recorded(collection, image_id, objects)))
        return objects

    def record(
        self, collection: str, image_id: str, changed: Callable[[RecordedImage], RecordedImage] = lambda same: same
    ) -> None:
        """Write the record of a stored image as the index has it. Raises NotFound."""
        with self.exclusive(collection, [image_id]):
            self.records.put(base(collection), changed(self.recorded(collection, image_id)))

    def recorded(self, collection: str, image_id: str) -> RecordedImage:
        """A stored image as it would be recorded now. Raises NotFound."""
        return self._as_recorded(collection, image_id, self._index.image(collection, image_id, vectors=True))

    def _as_recorded(self, collection: str, image_id: str, objects: Sequence[IndexedObject]) -> RecordedImage:
        pack = self._index.setup(collection).pack
        before = self._before(collection, pack, image_id)
        whole = tuple(objects)
        return replace(before, objects=whole) if before else RecordedImage(whole, pack, datetime.now(UTC))

    def restore(self, collection: str, recorded: Sequence[RecordedImage], *, put: bool = True) -> list[ItemResult]:
        """Write images back as they are recorded; one result for each object. ``put``: their records too."""
        self.require_thawed(collection)
        ingested = {image.image_id: image.ingested_at for image in recorded if image.ingested_at is not None}
        with self.exclusive(collection, [image.image_id for image in recorded]):
            if put:
                alive = [replace(image, deleted_at=None) for image in recorded]
                list(self._threads.map(lambda record: self.records.put(base(collection), record), alive))
            objects = chain.from_iterable(image.objects for image in recorded)
            return list(self._index.write(collection, objects, ingested=ingested))

    def delete_image(self, collection: str, image_id: str, *, strays: bool = False, visible: bool = True) -> int:
        with self.exclusive(collection, [image_id]):
            count = self._index.delete_image(collection, image_id, strays=strays, visible=visible)
            self.records.delete(base(collection), self._index.setup(collection).pack, image_id)
        return count

    def refresh(self, collection: str) -> None:
        self._index.refresh(collection)

    def serving(self, collection: str, *, loading: bool) -> None:
        self._index.serving(collection, loading=loading)

    def merge(self, collection: str) -> int:
        return self._index.merge(collection)

    # --- collections -------------------------------------------------------------------------------------------------

    def create(
        self, collection: str, pack: PackInfo, index_type: IndexType | None = None, layout: Layout = Layout()
    ) -> CollectionInfo:
        info = self._index.create(collection, pack, index_type, layout)
        self.record_collection(collection)
        return info

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        self._index.configure(collection, settings)
        self.record_collection(collection)

    def drop(self, collection: str) -> None:
        """As the port says. Its records go first: an index could be made of them again."""
        self.require_thawed(collection)
        self.records.forget(collection)
        self._index.drop(collection)

    def record_collection(self, collection: str) -> None:
        """Write down with what a collection can be made again. Raises NotFound."""
        if collection == base(collection):
            setup, info = self._index.setup(collection, fresh=True), self._index.info(collection)
            self.records.put_collection(collection, RecordedCollection(setup.pack, info.index_type, setup.settings))

    def freeze(self, collection: str, *, wait: bool = True) -> None:
        self._index.freeze(collection, wait=wait)

    def thaw(self, collection: str) -> None:
        self._index.thaw(collection)

    def create_successor(self, collection: str, pack: PackInfo) -> str:
        return self._index.create_successor(collection, pack)

    def drop_successor(self, collection: str) -> None:
        pack = self._index.setup(successor_of(collection), fresh=True).pack
        self._index.drop_successor(collection)
        self.records.forget(collection, pack)

    def block_writes(self, collection: str, *, blocked: bool) -> None:
        self._index.block_writes(collection, blocked=blocked)

    def switch_alias(self, collection: str) -> None:
        before = self._index.setup(collection, fresh=True).pack
        self._index.switch_alias(collection)
        self.record_collection(collection)
        self.records.forget(collection, before)

    def migrate(self, collection: str) -> int:
        return self._index.migrate(collection)
