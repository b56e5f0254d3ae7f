"""An index in memory, with every search in full by numpy: for tests and their tables of numbers.

No command uses it. It answers by the same rules as Elasticsearch, held to it by one set of tests, so that
it is the ground truth for recall. What is written can be searched at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from threading import RLock
from typing import Literal

from boxlens.domain.answers.spread import Spread
from boxlens.domain.collections import (
    CollectionInfo,
    CollectionSet,
    CollectionSettings,
    CollectionSetup,
    IndexType,
    PackInfo,
    base,
    successor_of,
)
from boxlens.domain.errors import Conflict
from boxlens.domain.filters import Filter, utc_milliseconds
from boxlens.domain.objects import IndexedObject, Vector, images, incomplete, object_id
from boxlens.domain.queries import BY_RELEVANCE, RankedObject, Sort, VectorQuery, WordQuery
from boxlens.domain.reports import ItemResult
from boxlens.domain.share_out import Layout
from boxlens.index.checks import (
    no_image,
    refusal,
    require_corrections,
    require_dims,
    require_query,
    require_written,
    stacked,
    with_annotations,
)
from boxlens.index.derived import ImageCounts
from boxlens.index.image_locks import ImageLocks
from boxlens.index.memory.filtering import Stored, facet_counts, passing
from boxlens.index.memory.held import HeldCollection, stored_object
from boxlens.index.memory.ranking import SharedWords, by_vector, by_words, in_order
from boxlens.index.memory.spread import spread_of
from boxlens.index.names import (
    no_collection,
    require_name,
    require_one_pack,
    require_same_pack,
    writes_blocked,
)


class InMemoryIndex:
    """ObjectIndex in memory; see ports.ObjectIndex for what each call promises."""

    def __init__(self) -> None:
        self._collections: dict[str, HeldCollection] = {}
        self._lock = RLock()
        self._image_locks = ImageLocks()
        self._words = SharedWords((), ())

    def exclusive(self, collection: str, image_ids: Iterable[str]) -> AbstractContextManager[None]:
        return self._image_locks.exclusive(collection, image_ids)

    def create(
        self, collection: str, pack: PackInfo, index_type: IndexType | None = None, layout: Layout = Layout()
    ) -> CollectionInfo:
        require_name(base(collection))
        with self._lock:
            if collection in self._collections:
                self.check_pack(collection, pack)
            else:
                require_name(collection)
                self._collections[collection] = HeldCollection(pack, index_type or "flat")
            return self.info(collection)

    def collections(self) -> list[CollectionInfo]:
        with self._lock:
            return [self.info(name) for name in sorted(self._collections) if name == base(name)]

    def info(self, collection: str | CollectionSet) -> CollectionInfo:
        with self._lock:
            held = self._collection(collection)
            stored = held.objects.values()
            vectors = [v for s in stored for v in (s.object.vit_vector, s.object.clip_vector) if v is not None]
            return CollectionInfo(
                name=str(collection),
                pack=held.pack.name,
                pack_revision=held.pack.revision,
                index=str(collection),
                index_type=held.index_type,
                images=sum(s.object.kind == "frame" for s in stored),
                objects=sum(s.object.kind == "object" for s in stored),
                size_bytes=sum(v.nbytes for v in vectors),
                last_change=max((s.changed_at for s in stored), default=None),
                settings=held.settings,
                frozen=held.frozen,
            )

    def drop(self, collection: str) -> None:
        with self._lock:
            self.setup(collection).require_thawed(collection)
            del self._collections[collection]

    def check_pack(self, collection: str | CollectionSet, pack: PackInfo) -> None:
        require_same_pack(str(collection), self._collection(collection).pack, pack)

    def setup(self, collection: str | CollectionSet, *, fresh: bool = False) -> CollectionSetup:
        held = self._collection(collection)
        return CollectionSetup(held.pack, held.settings, held.frozen)

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        self._collection(collection).settings = settings

    def freeze(self, collection: str, *, wait: bool = True) -> None:
        with self._lock:
            if successor_of(collection) in self._collections:
                raise Conflict(f"Collection {collection!r} is moving to another pack.")
            self._collection(collection).frozen = True

    def thaw(self, collection: str) -> None:
        self._collection(collection).frozen = False

    def create_successor(self, collection: str, pack: PackInfo) -> str:
        name = successor_of(collection)
        self.setup(collection).require_thawed(collection)
        with self._lock:
            held = self._collection(collection)
            there = self._collections.setdefault(name, HeldCollection(pack, held.index_type, held.settings))
        if there.pack != pack:
            raise Conflict(
                f"A swap of {collection!r} to pack {there.pack.name} {there.pack.revision} was begun and not ended."
            )
        return name

    def drop_successor(self, collection: str) -> None:
        self.drop(successor_of(collection))

    def block_writes(self, collection: str, *, blocked: bool) -> None:
        self.setup(collection).require_thawed(collection)
        with self._lock:
            self._collection(collection).blocked = blocked

    def switch_alias(self, collection: str) -> None:
        with self._lock:
            self._collection(collection)
            self._collection(successor_of(collection))
            self._collections[collection] = self._collections.pop(successor_of(collection))

    def _writable(self, collection: str) -> HeldCollection:
        held = self._collection(collection)
        self.setup(collection).require_thawed(collection)
        if held.blocked:
            raise writes_blocked(collection)
        return held

    def write(
        self, collection: str, objects: Iterable[IndexedObject], *, ingested: Mapping[str, datetime] | None = None
    ) -> Iterator[ItemResult]:
        held = self._writable(collection)
        for image in images(objects):
            for obj in image:
                require_dims(obj, held.pack)
            first = (ingested or {}).get(image[0].image.image_id)
            yield from self._write_image(base(collection), held, image, first)

    def correct(self, collection: str, image: Sequence[IndexedObject], over: Sequence[str]) -> None:
        with self._lock:
            key = image[0].image.image_id
            require_corrections(key, self.stored(collection, [key]).get(key), over)
            require_written(self.write(collection, image))

    def _write_image(
        self, collection: str, held: HeldCollection, image: list[IndexedObject], ingested: datetime | None
    ) -> list[ItemResult]:
        if reason := incomplete(image):
            return [ItemResult(obj.object_id, False, reason) for obj in image]
        reasons = {obj.object_id: refusal(obj) for obj in image}
        frame_id = object_id(image[0].image.image_id, 0)
        with self._lock:
            before = held.objects.pop(frame_id, None)
            moment = utc_milliseconds(datetime.now(UTC))
            first = before.ingested_at if before else utc_milliseconds(ingested) if ingested else moment
            failed = sum(bool(reason) for key, reason in reasons.items() if key != frame_id)
            if failed and not reasons[frame_id]:
                reasons[frame_id] = f"not written: {failed} objects of the image failed"
            for stale in held.of_image(image[0].image.image_id):
                if stale.object.object_id not in reasons:
                    del held.objects[stale.object.object_id]
            counts = ImageCounts.of(image)
            for obj in image:
                if not reasons[obj.object_id]:
                    stored = stored_object(obj, collection, held.pack, first, moment)
                    held.objects[obj.object_id] = replace(
                        stored, label_counts=frozenset(counts.label_counts), objects=counts.objects
                    )
        return [ItemResult(obj.object_id, not reasons[obj.object_id], reasons[obj.object_id]) for obj in image]

    def refresh(self, collection: str) -> None:
        self._collection(collection)

    def serving(self, collection: str, *, loading: bool) -> None:
        if loading:
            self.setup(collection).require_thawed(collection)

    def merge(self, collection: str) -> int:
        self._collection(collection)
        return 1

    def stored(self, collection: str | CollectionSet, image_ids: Sequence[str]) -> dict[str, IndexedObject]:
        frames = self.objects(collection, [object_id(image_id, 0) for image_id in image_ids])
        return {frame.image.image_id: frame for frame in frames}

    def numbers(self, collection: str, image_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
        with self._lock:
            held = self._collection(collection)
            there = {image_id: held.of_image(image_id) for image_id in image_ids if self.stored(collection, [image_id])}
        return {image_id: tuple(s.object.number for s in entries) for image_id, entries in there.items()}

    def image(self, collection: str | CollectionSet, image_id: str, *, vectors: bool = False) -> list[IndexedObject]:
        with self._lock:
            stored = self._whole(collection, image_id)
        return [s.object if vectors else s.without_vectors for s in stored]

    def objects(
        self, collection: str | CollectionSet, object_ids: Sequence[str], *, vectors: bool = False
    ) -> list[IndexedObject]:
        with self._lock:
            held = self._collection(collection)
            stored = [held.objects[key] for key in object_ids if key in held.objects]
        return [s.object if vectors else s.without_vectors for s in stored]

    def annotate(
        self,
        collection: str,
        image_id: str,
        *,
        number: int | None = None,
        caption: str | None = None,
        tags: Sequence[str] | None = None,
        albums: Sequence[str] | None = None,
        visible: bool = True,
    ) -> list[IndexedObject]:
        with self._lock:
            held = self._writable(collection)
            whole = [s.object for s in self._whole(collection, image_id)]
            moment = utc_milliseconds(datetime.now(UTC))
            for obj in with_annotations(whole, number=number, caption=caption, tags=tags, albums=albums):
                before = held.objects[obj.object_id]
                stored = stored_object(obj, collection, held.pack, before.ingested_at, moment)
                held.objects[obj.object_id] = replace(stored, label_counts=before.label_counts, objects=before.objects)
            return [held.objects[obj.object_id].object for obj in whole]

    def delete_image(self, collection: str, image_id: str, *, strays: bool = False, visible: bool = True) -> int:
        with self._lock:
            held = self._writable(collection)
            entries = (strays and held.of_image(image_id)) or self._whole(collection, image_id)
            for entry in entries:
                del held.objects[entry.object.object_id]
            return len(entries)

    def migrate(self, collection: str) -> int:
        self._collection(collection)
        return 0  # what is in memory was written by this program

    def search(
        self, collection: str | CollectionSet, queries: Sequence[VectorQuery | WordQuery]
    ) -> list[list[RankedObject]]:
        with self._lock:
            held = self._collection(collection)
            everything = list(held.objects.values())
            if not self._words.serve(everything, queries):
                self._words = SharedWords(everything, queries)
            words = self._words
            for query in queries:
                if isinstance(query, VectorQuery):
                    require_query(query, str(collection), held.pack)
            # several lists of a search share a filter
            filters = {query.filter for query in queries if isinstance(query, VectorQuery)}
            admitted = {filter: passing(everything, filter) for filter in filters}
            return [
                by_words(words, q) if isinstance(q, WordQuery) else by_vector(admitted[q.filter], q) for q in queries
            ]

    def sample(self, collection: str | CollectionSet, signal: Literal["vit", "clip"], size: int) -> Vector:
        with self._lock:
            held = self._collection(collection)
            vectors = [getattr(s.object, f"{signal}_vector") for _, s in sorted(held.objects.items())]
        return stacked([vector for vector in vectors if vector is not None][:size])

    def matching(
        self,
        collection: str | CollectionSet,
        filter: Filter,
        size: int,
        after: str | None = None,
        *,
        sort: Sort = BY_RELEVANCE,
        after_value: float | None = None,
    ) -> list[RankedObject]:
        with self._lock:
            matches = passing(self._collection(collection).objects.values(), filter)
        return in_order(matches, sort, after, after_value)[:size]

    def facets(
        self, collection: str | CollectionSet, filter: Filter, object_ids: Collection[str] | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        chosen = None if object_ids is None else set(object_ids)
        with self._lock:
            stored = self._collection(collection).objects.items()
            return facet_counts(passing([s for key, s in stored if chosen is None or key in chosen], filter))

    def spread(
        self,
        collection: str | CollectionSet,
        filter: Filter,
        image_ids: Collection[str] | None = None,
        halvings: int = 6,
    ) -> Spread:
        with self._lock:
            return spread_of(self._collection(collection).objects.values(), filter, image_ids, halvings)

    def ready(self) -> str:
        return ""

    def _collection(self, collection: str | CollectionSet) -> HeldCollection:
        names = CollectionSet.of(collection).names
        for name in names:
            if name not in self._collections:
                raise no_collection(name)
        stored_collections = [(name, self._collections[name]) for name in names]
        first_name, first = stored_collections[0]
        for name, other in stored_collections[1:]:
            require_one_pack(first_name, first.pack, name, other.pack)
        if len(stored_collections) == 1:
            return first
        merged = {key: stored for _, held in reversed(stored_collections) for key, stored in held.objects.items()}
        return replace(first, objects=merged)

    def _whole(self, collection: str | CollectionSet, image_id: str) -> list[Stored]:
        """All objects of an image by number. Raises NotFound when its frame is missing."""
        entries = self._collection(collection).of_image(image_id)
        if not entries or entries[0].object.kind != "frame":
            raise no_image(image_id)
        return entries
