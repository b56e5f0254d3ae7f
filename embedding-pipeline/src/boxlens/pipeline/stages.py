"""What happens to a picture on its way to stored objects, one function per stage, whatever engine runs them.

Every stage takes rows and gives rows. A row that ended early (``Unchanged``, ``Rewritten``, ``Failed``, ``Outage``)
passes through all later stages untouched, so that one bad picture never stops the others.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal, Protocol, TypeVar

from boxlens.domain.errors import BadSource, BoxlensError, Unavailable
from boxlens.domain.objects import IndexedObject, Vector
from boxlens.domain.pictures import ImageRecord, image_id_of
from boxlens.domain.ports import Fetcher, ObjectStore
from boxlens.domain.references import ImageRef, SourceProblem
from boxlens.domain.reports import Failure, Stage
from boxlens.imaging.decoding import content_type, decode_reserved, read_header
from boxlens.imaging.perceptual_hash import picture_hash
from boxlens.pipeline.annotations import annotations_of, apply_metadata, transfer_annotations, with_metadata
from boxlens.pipeline.crops import cut_picture
from boxlens.pipeline.model_set import CropEncoder, ModelSet
from boxlens.pipeline.picture_files import read_picture_file
from boxlens.pipeline.rows import Crop, Failed, Fetched, Measured, Opened, Outage, Rewritten, Row, Unchanged

In = TypeVar("In")


class StoredImages(Protocol):
    """What a collection holds already."""

    def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
        """The frames of those images that are stored whole, by image id."""
        ...

    def deleted(self, image_ids: Sequence[str]) -> Collection[str]:
        """Those of them that a person deleted from it."""
        ...

    def whole(self, image_id: str) -> Sequence[IndexedObject]:
        """All objects of a stored image with their vectors, the frame first."""
        ...


class StageClock:
    """Adds up items and seconds (wall time) per stage. Thread-safe."""

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
    """The row that stands for an error of one picture. The trace goes: it would hold the picture as long as the row."""
    _forget_traces(error)
    if isinstance(error, Unavailable):
        return Outage(ref, error)
    if isinstance(error, BoxlensError):
        return Failed(ref, Failure(ref.uri, stage, error.code, error.detail, error.hint), error)
    reason = f"{type(error).__name__}: {error}"
    return Failed(ref, Failure(ref.uri, stage, "internal", reason, "Please report this."), error)


def _forget_traces(error: BaseException) -> None:
    cause: BaseException | None = error
    while cause is not None and cause.__traceback__ is not None:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__


class Stages:
    """The stages over given ports. Each public method is one step of an engine; all are thread-safe.

    ``bucket``: where the object store keeps pictures. No stage raises on account of a picture: its row tells the error.
    """

    def __init__(
        self,
        models: ModelSet,
        *,
        fetcher: Fetcher,
        store: ObjectStore,
        stored: StoredImages,
        bucket: str,
        clock: StageClock | None = None,
    ) -> None:
        self.models = models
        self._fetcher, self._store, self._stored, self._bucket = fetcher, store, stored, bucket
        self.clock = clock or StageClock()

    # --- one picture at a time ---------------------------------------------------------------------------------------

    def fetch(self, ref: ImageRef) -> Row:
        """Bytes of the reference and their id."""
        if ref.problem is not None:
            return _without_picture(ref, ref.problem)
        return self._guarded("fetch", ref, ref, self._fetch)

    def measure(self, row: Row) -> Row:
        """Read the header, by which the memory is reckoned that decoding takes."""
        return self._guarded("decode", row.ref, row, self._measure, items=0) if isinstance(row, Fetched) else row

    def open(self, row: Row) -> Row:
        """Decode upright and make the record, within memory that the engine has reserved."""
        return self._guarded("decode", row.ref, row, self._open) if isinstance(row, Measured) else row

    def keep(self, row: Row) -> Row:
        """Put the bytes into the object store, unless they are to stay where they are."""
        return self._guarded("keep", row.ref, row, self._keep) if isinstance(row, Opened) else row

    def read(self, row: Row) -> Row:
        """Lines of text."""
        if self.models.reader is None or not isinstance(row, Opened):
            return row
        return self._guarded("ocr", row.ref, row, lambda opened: replace(opened, lines=self.models.read(opened.pixels)))

    def cut(self, row: Row) -> list[Row]:
        """The frame and each object as a crop of its own; the frame comes first."""
        if not isinstance(row, Opened):
            return [row]
        started = time.perf_counter()
        crops = cut_picture(row, self.models)
        self.clock.add("crop", len(crops), time.perf_counter() - started)
        return list(crops)

    # --- many at a time ----------------------------------------------------------------------------------------------

    def skip_stored(self, rows: list[Row]) -> list[Row]:
        """Let new pictures through; end those that are stored already, or give them their new metadata."""
        return self._many("known", rows, Fetched, self._skip_stored)

    def detect(self, rows: list[Row]) -> list[Row]:
        """Objects of each picture."""
        return self._many("detect", rows, Opened, self._detect)

    def embed_vit(self, rows: list[Row]) -> list[Row]:
        """ViT vectors of crops that may come from many pictures."""
        encoder = self.models.vit
        if encoder is None:
            return rows
        return self._many("vit", rows, Crop, lambda crops: _with_vectors(crops, encoder, "vit"))

    def embed_clip(self, rows: list[Row]) -> list[Row]:
        """CLIP vectors of crops that may come from many pictures."""
        encoder = self.models.clip
        if encoder is None:
            return rows
        return self._many("clip", rows, Crop, lambda crops: _with_vectors(crops, encoder, "clip"))

    # --- the work itself ---------------------------------------------------------------------------------------------

    def _fetch(self, ref: ImageRef) -> Row:
        data = ref.data if ref.data is not None else self._bytes(ref.uri)
        return Fetched(ref, data, image_id_of(data))

    def _bytes(self, uri: str) -> bytes:
        if uri.startswith(("http://", "https://")):
            return self._fetcher.fetch(uri)
        if uri.startswith("bucket://"):
            return self._store.get(*bucket_and_key(uri))
        return read_picture_file(uri)

    def _skip_stored(self, rows: Sequence[Fetched]) -> list[Row]:
        frames = self._stored.stored([row.image_id for row in rows])
        absent = [row.image_id for row in rows if row.image_id not in frames and not row.ref.undelete]
        deleted = self._stored.deleted(absent) if absent else ()
        return [
            Unchanged(row.ref, row.image_id, "deleted")
            if row.image_id in deleted and not (row.ref.undelete or row.ref.before)
            else self._unless_stored(row, frames.get(row.image_id))
            for row in rows
        ]

    def _unless_stored(self, row: Fetched, frame: IndexedObject | None) -> Row:
        if frame is None:
            return row
        if row.ref.before:
            same = frame.corrections == row.ref.before[0].corrections
            return self._unless_transferred(row) if same else row
        repaired = self._put_again(row, frame.image)
        if with_metadata(frame.image, row.ref) == frame.image:
            return Unchanged(row.ref, row.image_id, "repaired" if repaired else "unchanged")
        return Rewritten(row.ref, apply_metadata(self._stored.whole(row.image_id), row.ref), frame.image)

    def _put_again(self, row: Fetched, image: ImageRecord) -> bool:
        """Put the bytes of a stored picture once more when they are lost or cut; whether they were."""
        if image.bucket != self._bucket:
            return False
        there = self._store.stat(image.bucket, image.image_key)
        if there is not None and there.size == image.bytes:
            return False
        self._store.put(image.bucket, image.image_key, row.data, content_type(image.format))
        return True

    def _unless_transferred(self, row: Fetched) -> Row:
        stored = self._stored.whole(row.image_id)
        renewed = transfer_annotations(row.ref.before, stored)
        same = all(
            old.image == new.image and annotations_of(old) == annotations_of(new)
            for old, new in zip(stored, renewed, strict=True)
        )
        return Unchanged(row.ref, row.image_id) if same else Rewritten(row.ref, renewed)

    def _measure(self, row: Fetched) -> Row:
        picture = read_header(row.data, max_pixels=self.models.limits.max_pixels)
        return Measured(row.ref, picture, row.data, row.image_id)

    def _open(self, row: Measured) -> Row:
        if row.memory is None:
            raise ValueError(f"no memory was reserved for {row.ref.uri}")
        picture = decode_reserved(row.picture, row.memory)
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
            source_uri=ref.source,
            file_name=ref.name,
            width=picture.width,
            height=picture.height,
            bytes=len(row.data),
            format=picture.format,
            md5=hashlib.md5(row.data, usedforsecurity=False).hexdigest(),
            taken_at=picture.taken_at,
            camera=picture.camera,
            location=picture.location,
            caption=picture.caption,
            tags=picture.tags,
            picture_hash=picture_hash(picture.pixels),
        )
        return Opened(ref, with_metadata(image, ref), picture.pixels, row.data)

    def _keep(self, row: Opened) -> Row:
        if not row.ref.reference:
            self._store.put(row.image.bucket, row.image.image_key, row.data, content_type(row.image.format))
        return replace(row, data=b"")

    def _detect(self, rows: Sequence[Opened]) -> list[Row]:
        detections = self.models.propose([row.pixels for row in rows], tiles=self.models.tiles)
        return [replace(row, objects=objects) for row, objects in zip(rows, detections, strict=True)]

    # --- guards ------------------------------------------------------------------------------------------------------

    def _guarded(self, stage: str, ref: ImageRef, value: In, work: Callable[[In], Row], items: int = 1) -> Row:
        started = time.perf_counter()
        try:
            return work(value)
        except Exception as error:  # noqa: BLE001 - whatever one picture does, the others go on
            return ended_by(ref, stage, error)
        finally:
            self.clock.add(stage, items, time.perf_counter() - started)

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


def _without_picture(ref: ImageRef, problem: SourceProblem) -> Failed:
    error = problem.error
    failure = Failure(ref.uri, "source", error.code, error.detail, error.hint, problem.file, problem.line)
    return Failed(ref, failure, error)


def bucket_and_key(uri: str) -> tuple[str, str]:
    """``bucket://name/key`` as (name, key). Raises BadSource."""
    bucket, _, key = uri.removeprefix("bucket://").partition("/")
    if not bucket or not key:
        raise BadSource(f"{uri} names no object.", hint="Write bucket://name/key.")
    return bucket, key


def _record_before(row: Measured) -> ImageRecord:
    record = row.ref.before[0].image
    if record.image_id != row.image_id:
        raise BadSource(
            f"{row.ref.uri} is not the picture {record.image_id} any more: its bytes changed.",
            hint="Put the picture back, or delete its image from the collection.",
        )
    return record


def _with_vectors(crops: Sequence[Crop], encoder: CropEncoder, role: Literal["vit", "clip"]) -> list[Crop]:
    vectors: Vector = encoder.encode_shrunk([getattr(crop.shrunk, role) for crop in crops])
    return [
        replace(
            crop,
            object=replace(crop.object, **{f"{role}_vector": vector}),
            shrunk=crop.shrunk._replace(**{role: None}),
        )
        for crop, vector in zip(crops, vectors, strict=True)
    ]
