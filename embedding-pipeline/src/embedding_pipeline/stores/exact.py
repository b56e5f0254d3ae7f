"""The exact twin of the Elasticsearch adapter: every collection in memory, every search in full, by numpy.

Ground truth for recall, and the index of tests that need no server. What is written can be searched at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import RLock
from typing import Literal

from embedding_pipeline.domain import (
    CollectionInfo,
    CollectionSettings,
    CollectionSetup,
    IndexedObject,
    IndexType,
    ItemResult,
    PackInfo,
    Vector,
    object_id,
)
from embedding_pipeline.errors import Conflict
from embedding_pipeline.queries import BY_RELEVANCE, Filter, RankedObject, Sort, VectorQuery, WordQuery, apart
from embedding_pipeline.stores.collection_names import (
    base,
    no_collection,
    require_name,
    require_one_pack,
    require_same_pack,
    staged,
)
from embedding_pipeline.stores.collection_names import sealed as sealed_now
from embedding_pipeline.stores.exact_search import Stored, by_vector, by_words, facet_counts, in_order, passes
from embedding_pipeline.stores.filter_checks import checked, utc_milliseconds
from embedding_pipeline.stores.object_checks import (
    annotated,
    images,
    incomplete,
    no_image,
    refusal,
    require_dims,
    require_query,
    stacked,
)
from embedding_pipeline.stores.object_geometry import label_counts
from embedding_pipeline.stores.object_words import object_tokens


@dataclass(slots=True)
class _Shelf:
    """One collection: its pack and its objects by id."""

    pack: PackInfo
    index_type: IndexType
    settings: CollectionSettings = field(default_factory=CollectionSettings)
    sealed: bool = False
    objects: dict[str, Stored] = field(default_factory=dict)

    def of_image(self, image_id: str) -> list[Stored]:
        return sorted(
            (s for s in self.objects.values() if s.object.image.image_id == image_id), key=lambda s: s.object.number
        )


class ExactIndex:
    """ObjectIndex in memory; see ports.ObjectIndex for what each call promises."""

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}
        self._lock = RLock()

    def create(self, collection: str, pack: PackInfo, index_type: IndexType | None = None) -> CollectionInfo:
        require_name(base(collection))
        with self._lock:
            if collection in self._shelves:
                self.check_pack(collection, pack)
            else:
                require_name(collection)
                self._shelves[collection] = _Shelf(pack, index_type or "flat")
            return self.info(collection)

    def collections(self) -> list[CollectionInfo]:
        with self._lock:
            return [self.info(name) for name in sorted(self._shelves) if name == base(name)]

    def info(self, collection: str) -> CollectionInfo:
        with self._lock:
            shelf = self._shelf(collection)
            stored = shelf.objects.values()
            vectors = [v for s in stored for v in (s.object.vit_vector, s.object.clip_vector) if v is not None]
            return CollectionInfo(
                name=collection,
                pack=shelf.pack.name,
                pack_revision=shelf.pack.revision,
                index=collection,
                index_type=shelf.index_type,
                images=sum(s.object.kind == "frame" for s in stored),
                objects=sum(s.object.kind == "object" for s in stored),
                size_bytes=sum(v.nbytes for v in vectors),
                last_change=max((s.changed_at for s in stored), default=None),
                settings=shelf.settings,
            )

    def drop(self, collection: str) -> None:
        with self._lock:
            self._shelf(collection)
            del self._shelves[collection]

    def check_pack(self, collection: str, pack: PackInfo) -> None:
        require_same_pack(collection, self._shelf(collection).pack, pack)

    def setup(self, collection: str, *, fresh: bool = False) -> CollectionSetup:
        shelf = self._shelf(collection)
        return CollectionSetup(shelf.pack, shelf.settings)

    def configure(self, collection: str, settings: CollectionSettings) -> None:
        self._shelf(collection).settings = settings

    def stage(self, collection: str, pack: PackInfo) -> str:
        name = staged(collection)
        with self._lock:
            shelf = self._shelf(collection)
            there = self._shelves.setdefault(name, _Shelf(pack, shelf.index_type, shelf.settings))
        if there.pack != pack:
            raise Conflict(
                f"A swap of {collection!r} to pack {there.pack.name} {there.pack.revision} was begun and not ended."
            )
        return name

    def unstage(self, collection: str) -> None:
        self.drop(staged(collection))

    def seal(self, collection: str, *, sealed: bool) -> None:
        with self._lock:
            self._shelf(collection).sealed = sealed

    def promote(self, collection: str) -> None:
        with self._lock:
            self._shelf(collection)
            self._shelf(staged(collection))
            self._shelves[collection] = self._shelves.pop(staged(collection))

    def _writable(self, collection: str) -> _Shelf:
        shelf = self._shelf(collection)
        if shelf.sealed:
            raise sealed_now(collection)
        return shelf

    def write(self, collection: str, objects: Iterable[IndexedObject]) -> Iterator[ItemResult]:
        shelf = self._writable(collection)
        for image in images(objects):
            for obj in image:
                require_dims(obj, shelf.pack)
            yield from self._write_image(base(collection), shelf, image)

    def _write_image(self, collection: str, shelf: _Shelf, image: list[IndexedObject]) -> list[ItemResult]:
        if reason := incomplete(image):
            return [ItemResult(obj.object_id, False, reason) for obj in image]
        reasons = {obj.object_id: refusal(obj) for obj in image}
        frame_id = object_id(image[0].image.image_id, 0)
        with self._lock:
            before = shelf.objects.pop(frame_id, None)
            moment = utc_milliseconds(datetime.now(UTC))
            first = before.ingested_at if before else moment
            failed = sum(bool(reason) for key, reason in reasons.items() if key != frame_id)
            if failed and not reasons[frame_id]:
                reasons[frame_id] = f"not written: {failed} objects of the image failed"
            for stale in shelf.of_image(image[0].image.image_id):
                if stale.object.object_id not in reasons:
                    del shelf.objects[stale.object.object_id]
            counts, things = tuple(label_counts(image)), len(image) - 1
            for obj in image:
                if not reasons[obj.object_id]:
                    kept = _kept(obj, collection, shelf.pack, first, moment)
                    shelf.objects[obj.object_id] = replace(kept, counts=counts, objects=things)
        return [ItemResult(obj.object_id, not reasons[obj.object_id], reasons[obj.object_id]) for obj in image]

    def refresh(self, collection: str) -> None:
        self._shelf(collection)

    def serving(self, collection: str, *, loading: bool) -> None:
        self._shelf(collection)

    def stored(self, collection: str, image_ids: Sequence[str]) -> dict[str, IndexedObject]:
        frames = self.objects(collection, [object_id(image_id, 0) for image_id in image_ids])
        return {frame.image.image_id: frame for frame in frames}

    def image(self, collection: str, image_id: str, *, vectors: bool = False) -> list[IndexedObject]:
        with self._lock:
            found = [s.object for s in self._whole(collection, image_id)]
        return found if vectors else [_without_vectors(obj) for obj in found]

    def objects(self, collection: str, object_ids: Sequence[str], *, vectors: bool = False) -> list[IndexedObject]:
        with self._lock:
            shelf = self._shelf(collection)
            found = [shelf.objects[key].object for key in object_ids if key in shelf.objects]
        return found if vectors else [_without_vectors(obj) for obj in found]

    def annotate(
        self,
        collection: str,
        image_id: str,
        *,
        number: int | None = None,
        caption: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> None:
        with self._lock:
            shelf = self._writable(collection)
            whole = [s.object for s in self._whole(collection, image_id)]
            moment = utc_milliseconds(datetime.now(UTC))
            for obj in annotated(whole, number=number, caption=caption, tags=tags):
                before = shelf.objects[obj.object_id]
                kept = _kept(obj, collection, shelf.pack, before.ingested_at, moment)
                shelf.objects[obj.object_id] = replace(kept, counts=before.counts, objects=before.objects)

    def delete_image(self, collection: str, image_id: str) -> int:
        with self._lock:
            shelf = self._writable(collection)
            found = shelf.of_image(image_id)
            if not found:
                raise no_image(image_id)
            for entry in found:
                del shelf.objects[entry.object.object_id]
            return len(found)

    def renew(self, collection: str) -> int:
        self._shelf(collection)
        return 0  # what is in memory was written by this program

    def search(self, collection: str, queries: Sequence[VectorQuery | WordQuery]) -> list[list[RankedObject]]:
        with self._lock:
            shelf = self._shelf(collection)
            return [self._ranked(collection, shelf, query) for query in queries]

    def _ranked(self, collection: str, shelf: _Shelf, query: VectorQuery | WordQuery) -> list[RankedObject]:
        everything = list(shelf.objects.values())
        filter = checked(query.filter)
        passing = [s for s in everything if passes(s, filter)]
        if isinstance(query, VectorQuery):
            require_query(query, collection, shelf.pack)
            return by_vector(passing, query)
        return by_words(everything, passing, query)

    def sample(self, collection: str, signal: Literal["vit", "clip"], size: int) -> Vector:
        with self._lock:
            shelf = self._shelf(collection)
            found = [getattr(s.object, f"{signal}_vector") for _, s in sorted(shelf.objects.items())]
        return stacked([vector for vector in found if vector is not None][:size])

    def matching(
        self,
        collection: str,
        filter: Filter,
        size: int,
        after: str | None = None,
        *,
        sort: Sort = BY_RELEVANCE,
        after_value: float | None = None,
    ) -> list[RankedObject]:
        tests = checked(filter)
        with self._lock:
            found = [s for s in self._shelf(collection).objects.values() if passes(s, tests)]
        return in_order(found, sort, after, after_value)[:size]

    def facets(
        self, collection: str, filter: Filter, object_ids: Collection[str] | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        tests = checked(filter)
        chosen = None if object_ids is None else set(object_ids)
        with self._lock:
            stored = self._shelf(collection).objects.items()
            return facet_counts([s for key, s in stored if (chosen is None or key in chosen) and passes(s, tests)])

    def ready(self) -> str:
        return ""

    def _shelf(self, collection: str) -> _Shelf:
        for name in apart(collection):
            if name not in self._shelves:
                raise no_collection(name)
        shelves = [(name, self._shelves[name]) for name in apart(collection)]
        first_name, first = shelves[0]
        for name, other in shelves[1:]:
            require_one_pack(first_name, first.pack, name, other.pack)
        if len(shelves) == 1:
            return first
        merged = {key: stored for _, shelf in reversed(shelves) for key, stored in shelf.objects.items()}
        return replace(first, objects=merged)

    def _whole(self, collection: str, image_id: str) -> list[Stored]:
        """All objects of an image by number. Raises NotFound when its frame is missing."""
        found = self._shelf(collection).of_image(image_id)
        if not found or found[0].object.kind != "frame":
            raise no_image(image_id)
        return found


def _kept(obj: IndexedObject, collection: str, pack: PackInfo, ingested: datetime, changed: datetime) -> Stored:
    whole_pixels = replace(obj, box=obj.box.rounded(), collection=collection)
    tokens = {name: frozenset(found) for name, found in object_tokens(obj).items()}
    return Stored(whole_pixels, collection, pack.name, pack.revision, ingested, changed, tokens, (), 0)


def _without_vectors(obj: IndexedObject) -> IndexedObject:
    return replace(obj, vit_vector=None, clip_vector=None)
