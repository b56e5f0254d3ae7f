"""What happens to a picture on its way to stored objects, one function per stage, without any graph.

Every stage takes rows and gives rows. A row that ended early (``Unchanged``, ``Rewritten``, ``Failed``, ``Outage``)
passes through all later stages untouched, so that one bad picture never stops the others.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from embedding_pipeline.domain import (
    Box,
    Detection,
    Failure,
    ImageRecord,
    ImageRef,
    IndexedObject,
    Kind,
    Stage,
    Vector,
    image_id_of,
)
from embedding_pipeline.errors import BadSource, BoxlensError, Unavailable
from embedding_pipeline.pictures.colours import dominant_colours
from embedding_pipeline.pictures.images import content_type, decode
from embedding_pipeline.pictures.picture_hash import picture_hash
from embedding_pipeline.pipeline.networks import Networks, bind_lines
from embedding_pipeline.pipeline.owner_words import carried, retold, said, told
from embedding_pipeline.pipeline.rows import Crop, Failed, Fetched, Opened, Outage, Rewritten, Row, Unchanged
from embedding_pipeline.ports import Fetcher, ImageEncoder, ObjectStore

_FILE_LIMIT = 512 * 1024 * 1024


In = TypeVar("In")


class KnownImages(Protocol):
    """What a collection holds already."""

    def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]: ...

    def whole(self, image_id: str) -> Sequence[IndexedObject]: ...


class StageClock:
    """Adds up items and seconds per stage; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[str, tuple[int, float]] = {}

    def add(self, name: str, items: int, seconds: float) -> None:
        with self._lock:
            count, spent = self._totals.get(name, (0, 0.0))
            self._totals[name] = (count + items, spent + seconds)

    def stages(self) -> tuple[Stage, ...]:
        with self._lock:
            return tuple(Stage(name, count, spent) for name, (count, spent) in self._totals.items())


def ended_by(ref: ImageRef, stage: str, error: Exception) -> Failed | Outage:
    """The row that stands for an error of one picture."""
    if isinstance(error, Unavailable):
        return Outage(ref, error)
    if isinstance(error, BoxlensError):
        return Failed(ref, Failure(ref.uri, stage, error.code, error.detail, error.hint), error)
    reason = f"{type(error).__name__}: {error}"
    return Failed(ref, Failure(ref.uri, stage, "internal", reason, "Please report this."), error)


class Stages:
    """The stages over given ports. Each public method is one operator of the graph; all are thread-safe."""

    def __init__(
        self,
        networks: Networks,
        *,
        fetcher: Fetcher,
        store: ObjectStore,
        known: KnownImages,
        bucket: str,
        clock: StageClock | None = None,
    ) -> None:
        self.networks = networks
        self._fetcher, self._store, self._known, self._bucket = fetcher, store, known, bucket
        self.clock = clock or StageClock()

    # --- one picture at a time ---------------------------------------------------------------------------------------

    def fetch(self, ref: ImageRef) -> Row:
        """Bytes of the reference and their id."""
        return self._one("fetch", ref, ref, self._fetch)

    def open(self, row: Row) -> Row:
        """Decode upright and make the record."""
        return self._one("decode", row.ref, row, self._open) if isinstance(row, Fetched) else row

    def keep(self, row: Row) -> Row:
        """Put the bytes into the object store, unless they are to stay where they are."""
        return self._one("keep", row.ref, row, self._keep) if isinstance(row, Opened) else row

    def read(self, row: Row) -> Row:
        """Lines of text."""
        reader = self.networks.reader
        if reader is None or not isinstance(row, Opened):
            return row
        return self._one("ocr", row.ref, row, lambda opened: replace(opened, lines=tuple(reader.read(opened.pixels))))

    def cut(self, row: Row) -> list[Row]:
        """The frame and each object as a crop of its own; the frame comes first."""
        if not isinstance(row, Opened):
            return [row]
        started = time.perf_counter()
        crops = _crops(row, self.networks)
        self.clock.add("crop", len(crops), time.perf_counter() - started)
        return list(crops)

    # --- many at a time ----------------------------------------------------------------------------------------------

    def sort_known(self, rows: list[Row]) -> list[Row]:
        """Set pictures that are stored already apart from new ones."""
        return self._many("known", rows, Fetched, self._sort_known)

    def detect(self, rows: list[Row]) -> list[Row]:
        """Objects of each picture."""
        return self._many("detect", rows, Opened, self._detect)

    def embed_vit(self, rows: list[Row]) -> list[Row]:
        """ViT vectors of crops that may come from many pictures."""
        encoder = self.networks.vit
        if encoder is None:
            return rows
        return self._many("vit", rows, Crop, lambda crops: _with_vectors(crops, encoder, "vit_vector"))

    def embed_clip(self, rows: list[Row]) -> list[Row]:
        """CLIP vectors of crops that may come from many pictures."""
        encoder = self.networks.clip
        if encoder is None:
            return rows
        return self._many("clip", rows, Crop, lambda crops: _with_vectors(crops, encoder, "clip_vector"))

    # --- the work itself ---------------------------------------------------------------------------------------------

    def _fetch(self, ref: ImageRef) -> Row:
        data = ref.data if ref.data is not None else self._bytes(ref.uri)
        return Fetched(ref, data, image_id_of(data))

    def _bytes(self, uri: str) -> bytes:
        if uri.startswith(("http://", "https://")):
            return self._fetcher.fetch(uri)
        if uri.startswith("bucket://"):
            return self._store.get(*bucket_and_key(uri))
        path = Path(uri)
        try:
            if path.stat().st_size > _FILE_LIMIT:
                raise BadSource(f"{uri} is larger than {_FILE_LIMIT // 2**20} MiB.", hint="Make it smaller first.")
            return path.read_bytes()
        except OSError as error:
            raise BadSource(f"{uri}: {error.strerror or error}", hint="Check the path and its permissions.") from error

    def _sort_known(self, rows: Sequence[Fetched]) -> list[Row]:
        frames = self._known.stored([row.image_id for row in rows])
        return [self._unless_known(row, frames.get(row.image_id)) for row in rows]

    def _unless_known(self, row: Fetched, frame: IndexedObject | None) -> Row:
        if frame is None:
            return row
        if row.ref.before:
            return self._unless_carried(row)
        if told(row.ref, frame.image) == frame.image:
            return Unchanged(row.ref, row.image_id)
        return Rewritten(row.ref, retold(row.ref, self._known.whole(row.image_id)))

    def _unless_carried(self, row: Fetched) -> Row:
        known = self._known.whole(row.image_id)
        wanted = carried(row.ref.before, known)
        same = all(old.image == new.image and said(old) == said(new) for old, new in zip(known, wanted, strict=True))
        return Unchanged(row.ref, row.image_id) if same else Rewritten(row.ref, wanted)

    def _open(self, row: Fetched) -> Row:
        picture = decode(row.data, max_pixels=self.networks.limits.max_pixels)
        ref = row.ref
        if ref.before:
            return Opened(ref, _record_before(row), picture.pixels, row.data)
        bucket, key = self._bucket, f"{row.image_id[:2]}/{row.image_id}.{picture.format}"
        if ref.reference:
            bucket, key = bucket_and_key(ref.uri) if ref.uri.startswith("bucket://") else ("", "")
        image = ImageRecord(
            image_id=row.image_id,
            bucket=bucket,
            image_key=key,
            source_uri=ref.uri,
            file_name=ref.file_name or ref.uri.rsplit("/", 1)[-1],
            width=picture.width,
            height=picture.height,
            bytes=len(row.data),
            format=picture.format,
            md5=hashlib.md5(row.data, usedforsecurity=False).hexdigest(),
            taken_at=picture.taken_at,
            camera=picture.camera,
            location=picture.location,
            picture_hash=picture_hash(picture.pixels),
        )
        return Opened(ref, told(ref, image), picture.pixels, row.data)

    def _keep(self, row: Opened) -> Row:
        if not row.ref.reference:
            self._store.put(row.image.bucket, row.image.image_key, row.data, content_type(row.image.format))
        return replace(row, data=b"")

    def _detect(self, rows: Sequence[Opened]) -> list[Row]:
        found = self.networks.find([row.pixels for row in rows])
        return [replace(row, objects=objects) for row, objects in zip(rows, found, strict=True)]

    # --- guards ------------------------------------------------------------------------------------------------------

    def _one(self, stage: str, ref: ImageRef, value: In, work: Callable[[In], Row]) -> Row:
        started = time.perf_counter()
        try:
            return work(value)
        except Exception as error:  # noqa: BLE001 - whatever one picture does, the others go on
            return ended_by(ref, stage, error)
        finally:
            self.clock.add(stage, 1, time.perf_counter() - started)

    def _many(
        self, stage: str, rows: list[Row], kind: type[In], work: Callable[[Sequence[In]], Sequence[Row]]
    ) -> list[Row]:
        """Run a batch; when it fails as a whole, run it one by one so that only the guilty row fails."""
        places = [i for i, row in enumerate(rows) if isinstance(row, kind)]
        if not places:
            return rows
        done, started = list(rows), time.perf_counter()
        batch = [row for row in rows if isinstance(row, kind)]
        try:
            results = list(work(batch))
        except Exception:  # noqa: BLE001
            results = [self._alone(stage, rows[i].ref, row, work) for i, row in zip(places, batch, strict=True)]
        for place, result in zip(places, results, strict=True):
            done[place] = result
        self.clock.add(stage, len(batch), time.perf_counter() - started)
        return done

    @staticmethod
    def _alone(stage: str, ref: ImageRef, row: In, work: Callable[[Sequence[In]], Sequence[Row]]) -> Row:
        try:
            return work([row])[0]
        except Exception as error:  # noqa: BLE001
            return ended_by(ref, stage, error)


def bucket_and_key(uri: str) -> tuple[str, str]:
    """``bucket://name/key`` as (name, key). Raises BadSource."""
    bucket, _, key = uri.removeprefix("bucket://").partition("/")
    if not bucket or not key:
        raise BadSource(f"{uri} names no object.", hint="Write bucket://name/key.")
    return bucket, key


def _record_before(row: Fetched) -> ImageRecord:
    record = row.ref.before[0].image
    if record.image_id != row.image_id:
        raise BadSource(
            f"{row.ref.uri} is not the picture {record.image_id} any more: its bytes changed.",
            hint="Put the picture back, or delete its image from the collection.",
        )
    return record


def _crops(row: Opened, networks: Networks) -> list[Crop]:
    names = networks.label_names
    width, height = row.image.width, row.image.height
    frame = Detection(Box(0, 0, width, height), "", 1.0)
    found = (frame, *row.objects)
    bound = bind_lines(row.lines, [d.box for d in found])
    crops: list[Crop] = []
    for number, (detection, lines) in enumerate(zip(found, bound, strict=True)):
        kind: Kind = "object" if number else "frame"
        pixels = networks.cut(row.pixels, detection.box)
        indexed = IndexedObject(
            image=row.image,
            number=number,
            kind=kind,
            box=detection.box,
            label=detection.label,
            box_score=detection.score,
            ocr_text=tuple(lines),
            colours=dominant_colours(pixels),
            label_names=names.get(detection.label, ()),
        )
        crops.append(Crop(row.ref, indexed, pixels))
    if row.ref.before:
        objects = carried(row.ref.before, [one.object for one in crops])
        crops = [replace(one, object=found) for one, found in zip(crops, objects, strict=True)]
    return crops


def _with_vectors(crops: Sequence[Crop], encoder: ImageEncoder, field_name: str) -> list[Crop]:
    vectors: Vector = encoder.encode_images([c.pixels for c in crops])
    return [
        replace(c, object=replace(c.object, **{field_name: vector})) for c, vector in zip(crops, vectors, strict=True)
    ]
