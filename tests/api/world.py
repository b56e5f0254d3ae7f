"""A small whole world behind the API for its tests: everything in memory, real decoding and the real fetcher.

Objects are the four quarters of a picture, vectors are their mean colours: little, but true for every picture.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from PIL import Image

from embedding_pipeline import images
from embedding_pipeline.api.services import Missing
from embedding_pipeline.domain import (
    Answer,
    Box,
    CollectionInfo,
    Condition,
    Detection,
    Filter,
    Hit,
    HitObject,
    ImageRecord,
    ImageRef,
    IndexedObject,
    IndexType,
    ItemResult,
    ObjectClause,
    PackInfo,
    PictureClause,
    Pixels,
    Query,
    QueryObject,
    RankedObject,
    Stage,
    Vector,
    Why,
    object_id,
)
from embedding_pipeline.errors import BoxlensError, NotFound, PackMismatch
from embedding_pipeline.fields import iso
from embedding_pipeline.settings import Settings
from embedding_pipeline.stores.fetching import GuardedFetcher

PACK = PackInfo("colours", "1", vit_dims=3, clip_dims=None)


def picture_bytes(width: int = 40, height: int = 30, seed: int = 0, format: str = "PNG") -> bytes:
    """A picture whose four quarters have colours of their own."""
    colours = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    quarters = Image.fromarray(colours).resize((width, height), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    quarters.save(buffer, format)
    return buffer.getvalue()


def mean_colour(pixels: Pixels) -> Vector:
    vector = pixels.reshape(-1, 3).mean(axis=0).astype(np.float32) + 1
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def find_quarters(pixels: Pixels) -> list[Detection]:
    height, width = pixels.shape[:2]
    if width < 2 or height < 2:
        return []
    x, y = width // 2, height // 2
    boxes = (Box(0, 0, x, y), Box(x, 0, width, y), Box(0, y, x, height), Box(x, y, width, height))
    return [Detection(box, f"quarter {i}", 0.9 - i / 10) for i, box in enumerate(boxes)]


def cut(pixels: Pixels, box: Box) -> Pixels:
    return pixels[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)]


class MemoryStore:
    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}
        self.broken: BoxlensError | None = None

    def _check(self) -> None:
        if self.broken:
            raise self.broken

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        self._check()
        self.files[bucket, key] = data

    def get(self, bucket: str, key: str) -> bytes:
        self._check()
        if (bucket, key) not in self.files:
            raise NotFound(f"There is no {bucket}/{key}.")
        return self.files[bucket, key]

    def exists(self, bucket: str, key: str) -> bool:
        self._check()
        return (bucket, key) in self.files

    def delete(self, bucket: str, key: str) -> None:
        self._check()
        self.files.pop((bucket, key), None)

    def keys(self, bucket: str, prefix: str = "") -> Iterator[str]:
        self._check()
        return iter(sorted(key for b, key in self.files if b == bucket and key.startswith(prefix)))

    def url(self, bucket: str, key: str, *, width: int | None = None) -> str:
        return f"http://pictures.test/file/{bucket}/{key}" + (f"?w={width}" if width else "")


class MemoryIndex:
    def __init__(self) -> None:
        self.held: dict[str, dict[str, list[IndexedObject]]] = {}
        self.packs: dict[str, PackInfo] = {}
        self.broken: BoxlensError | None = None
        self.lock = threading.RLock()

    def _images(self, collection: str) -> dict[str, list[IndexedObject]]:
        if self.broken:
            raise self.broken
        if collection not in self.held:
            raise NotFound(f"There is no collection {collection}.")
        return self.held[collection]

    def create(self, collection: str, pack: PackInfo, index_type: IndexType | None = None) -> CollectionInfo:
        self.held.setdefault(collection, {})
        self.packs.setdefault(collection, pack)
        self.check_pack(collection, pack)
        return self.info(collection)

    def collections(self) -> list[CollectionInfo]:
        if self.broken:
            raise self.broken
        return [self.info(name) for name in list(self.held)]

    def info(self, collection: str) -> CollectionInfo:
        held = self._images(collection)
        pack = self.packs[collection]
        objects = sum(len(entry) for entry in held.values())
        return CollectionInfo(
            collection, pack.name, pack.revision, f"{collection}-1", "flat", len(held), objects, 0, None
        )

    def drop(self, collection: str) -> None:
        self._images(collection)
        del self.held[collection], self.packs[collection]

    def check_pack(self, collection: str, pack: PackInfo) -> None:
        self._images(collection)
        if self.packs[collection] != pack:
            raise PackMismatch(f"{collection} was made with {self.packs[collection].name}, not {pack.name}.")

    def write(self, collection: str, objects: Iterable[IndexedObject]) -> Iterator[ItemResult]:
        held = self._images(collection)
        whole: dict[str, list[IndexedObject]] = {}
        for each in objects:
            whole.setdefault(each.image.image_id, []).append(each)
        for image_id, entry in whole.items():
            held[image_id] = sorted(entry, key=lambda each: each.number)
            yield from (ItemResult(each.object_id, True) for each in entry)

    def refresh(self, collection: str) -> None:
        self._images(collection)

    def serving(self, collection: str, *, loading: bool) -> None:
        self._images(collection)

    def stored(self, collection: str, image_ids: Sequence[str]) -> dict[str, IndexedObject]:
        held = self._images(collection)
        return {image_id: held[image_id][0] for image_id in image_ids if image_id in held}

    def image(self, collection: str, image_id: str, *, vectors: bool = False) -> list[IndexedObject]:
        held = self._images(collection)
        if image_id not in held:
            raise NotFound(f"There is no image {image_id} in {collection}.")
        return held[image_id] if vectors else [replace(o, vit_vector=None, clip_vector=None) for o in held[image_id]]

    def objects(self, collection: str, object_ids: Sequence[str], *, vectors: bool = False) -> list[IndexedObject]:
        every = {each.object_id: each for each in self.everything(collection)}
        return [every[each] for each in object_ids if each in every]

    def everything(self, collection: str) -> list[IndexedObject]:
        return [each for entry in list(self._images(collection).values()) for each in entry]

    def annotate(
        self,
        collection: str,
        image_id: str,
        *,
        number: int | None = None,
        caption: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> None:
        entry = self.image(collection, image_id, vectors=True)
        new: dict[str, object] = {} if caption is None else {"caption": caption or None}
        new |= {} if tags is None else {"tags": tuple(tags)}
        if number is not None and number >= len(entry):
            raise NotFound(f"The image has no object {number}.")
        if number is None:
            entry = [replace(each, image=replace(each.image, **new)) for each in entry]
        else:
            entry = [replace(each, **new) if each.number == number else each for each in entry]
        self.held[collection][image_id] = entry

    def delete_image(self, collection: str, image_id: str) -> int:
        self.image(collection, image_id)
        return len(self.held[collection].pop(image_id))

    def search(self, collection: str, queries: Sequence[object]) -> list[list[RankedObject]]:
        raise NotImplementedError("the searcher of these tests reads the index itself")

    def matching(self, collection: str, filter: Filter, size: int, after: str | None = None) -> list[RankedObject]:
        held = [each for each in self.everything(collection) if passes(each, filter)]
        return [RankedObject(each.object_id, each.image.image_id, 0.0) for each in held][:size]

    def facets(self, collection: str, filter: Filter) -> Mapping[str, Mapping[str, int]]:
        held = [each for each in self.everything(collection) if passes(each, filter)]
        return {
            "label": Counter(each.label for each in held if each.kind == "object"),
            "format": Counter(each.image.format for each in held),
        }

    def ready(self) -> str:
        return self.broken.detail if self.broken else ""


def passes(stored: IndexedObject, filter: Filter) -> bool:
    """The meaning of a filter, written out plainly."""
    return (
        all(_holds(stored, condition) for condition in filter.conditions)
        and (not filter.any or any(passes(stored, inner) for inner in filter.any))
        and not any(passes(stored, inner) for inner in filter.none)
    )


def _holds(stored: IndexedObject, condition: Condition) -> bool:
    image = stored.image
    if condition.field.startswith("attributes."):
        values: list[object] = [image.attributes.get(condition.field.removeprefix("attributes."))]
    else:
        values = {
            "label": [stored.label],
            "kind": [stored.kind],
            "box_score": [stored.box_score],
            "area_share": [stored.box.area / (image.width * image.height)],
            "tags": [*image.tags, *stored.tags],
            "colours": list(stored.colours),
            "taken_at": [iso(image.taken_at) if image.taken_at else None],
            "ingested_at": [None],
        }.get(condition.field) or [getattr(image, condition.field)]
    if condition.any_of and not set(condition.any_of) & set(values):
        return False
    if set(condition.none_of) & set(values):
        return False
    if condition.range is None:
        return True
    low, high = condition.range.gte, condition.range.lte
    return any(v is not None and (low is None or v >= low) and (high is None or v <= high) for v in values)  # type: ignore[operator]


@dataclass
class ColourIndexer:
    world: World

    def add(self, ref: ImageRef, *, collection: str) -> tuple[list[IndexedObject], bool]:
        index, store = self.world.index, self.world.store
        data = ref.data if ref.data is not None else self.world.fetcher.fetch(ref.uri)
        picture = self.world.decode(data)
        image_id = hashlib.sha256(data).hexdigest()
        with index.lock:
            if index.stored(collection, [image_id]):
                return index.image(collection, image_id), False
            record = ImageRecord(
                image_id=image_id,
                bucket=self.world.bucket,
                image_key=image_id,
                source_uri=ref.uri,
                file_name=ref.file_name,
                width=picture.width,
                height=picture.height,
                bytes=len(data),
                format=picture.format,
                md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
                taken_at=datetime(2023, 5, 1, tzinfo=UTC),
                caption=ref.caption,
                tags=ref.tags,
            )
            found = [Detection(Box(0, 0, picture.width, picture.height), "", 1.0), *find_quarters(picture.pixels)]
            objects = [
                IndexedObject(
                    record,
                    number,
                    "object" if number else "frame",
                    each.box,
                    each.label,
                    each.score,
                    mean_colour(cut(picture.pixels, each.box)),
                )
                for number, each in enumerate(found)
            ]
            store.put(self.world.bucket, image_id, data, "image/any")
            assert all(result.ok for result in index.write(collection, objects))
        return objects, True


@dataclass
class ColourSearcher:
    world: World

    def detect(self, pixels: Pixels) -> list[Detection]:
        return find_quarters(pixels)

    def similar(self, collection: str, object_id: str, size: int) -> Answer:
        return self.search(collection, Query((ObjectClause(object_id),), size=size))

    def search(self, collection: str, query: Query) -> Answer:
        every = [each for each in self.world.index.everything(collection) if passes(each, query.filter)]
        scored = {each.object_id: self._why(collection, query, each) for each in every}
        images_found: dict[str, list[HitObject]] = {}
        for each in every:
            why = scored[each.object_id]
            if why or not query.clauses:
                score = sum(part.contribution for part in why)
                images_found.setdefault(each.image.image_id, []).append(HitObject(each, score, why))
        hits = [
            Hit(found[0].object.image, max(o.score for o in found), tuple(found)) for found in images_found.values()
        ]
        hits.sort(key=lambda hit: -hit.score)
        pictures = [clause for clause in query.clauses if isinstance(clause, PictureClause)]
        seen = [QueryObject(each, i == 0) for p in pictures[:1] for i, each in enumerate(find_quarters(p.pixels))]
        return Answer(tuple(hits[: query.size]), len(hits), True, None, {"search": 1.0, "total": 1.5}, tuple(seen))

    def _why(self, collection: str, query: Query, each: IndexedObject) -> tuple[Why, ...]:
        parts = []
        for i, clause in enumerate(query.clauses):
            if isinstance(clause, PictureClause):
                pixels = cut(clause.pixels, clause.box) if clause.box else clause.pixels
                wanted = mean_colour(pixels) if pixels.size else mean_colour(clause.pixels)
            elif isinstance(clause, ObjectClause):
                (stored,) = self.world.index.objects(collection, [clause.object_id], vectors=True) or (None,)
                if stored is None or stored.vit_vector is None:
                    raise NotFound(f"There is no object {clause.object_id} in {collection}.")
                wanted = stored.vit_vector
            else:
                if clause.text == each.label or clause.text in (each.image.caption or ""):
                    parts.append(Why("words", i, 1, 1.0, clause.weight))
                continue
            assert each.vit_vector is not None
            similarity = float(wanted @ each.vit_vector)
            parts.append(Why("vit", i, 1, similarity, clause.weight * similarity))
        return tuple(parts)


@dataclass
class World:
    """The ``Services`` of the tests."""

    settings: Settings = field(default_factory=Settings)
    index: MemoryIndex = field(default_factory=MemoryIndex)
    store: MemoryStore = field(default_factory=MemoryStore)
    pack: PackInfo = PACK
    bucket: str = "images"
    missing: list[Missing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fetcher = GuardedFetcher(self.settings.fetch, self.settings.api.max_upload_bytes)
        self.indexer = ColourIndexer(self)
        self.searcher = ColourSearcher(self)
        self.index.create("photos", self.pack)

    def decode(self, data: bytes) -> images.DecodedPicture:
        return images.decode(data, max_pixels=self.settings.api.max_pixels)

    def checks(self) -> list[Missing]:
        return self.missing

    def stages(self) -> dict[str, Stage]:
        return {"decode": Stage("decode", 3, 0.5)}

    def add(self, seed: int = 0, *, tags: tuple[str, ...] = (), caption: str | None = None) -> str:
        """Take a picture in past the API; its image id."""
        reference = ImageRef(f"test:{seed}", data=picture_bytes(seed=seed), tags=tags, caption=caption)
        objects, _ = self.indexer.add(reference, collection="photos")
        return objects[0].image.image_id


def first_object(image_id: str) -> str:
    return object_id(image_id, 1)
