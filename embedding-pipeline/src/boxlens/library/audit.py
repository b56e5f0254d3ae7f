"""What should agree: the objects of an image in the index, its record and its bytes in the object store.

The index tells what is stored: an image that is whole there stands, and its record follows it. What the index lost is
brought back from the record. Bytes are mended from the file or bucket they came from, while that still holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal, TypeVar

from boxlens.domain.errors import BadInput, BoxlensError, NotFound
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.local_files import local_path
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord, image_id_of
from boxlens.imaging.decoding import content_type
from boxlens.library.deletion import KEEP_S, TRASH, Library, is_held
from boxlens.pipeline.picture_files import read_picture_file
from boxlens.pipeline.stages import bucket_and_key
from boxlens.records.recorded_image import RecordedImage, decode

Kind = Literal[
    "half_image",
    "stray_objects",
    "no_record",
    "other_record",
    "no_image",
    "deleted_image",
    "no_bytes",
    "damaged_bytes",
    "unheld_bytes",
]
MEANINGS: dict[Kind, str] = {
    "half_image": "objects of the image are missing, or are there and not counted",
    "stray_objects": "objects of an image that is not stored",
    "no_record": "the image has no readable record",
    "other_record": "the record says something else than the index",
    "no_image": "a record of an image that is not stored",
    "deleted_image": "a record of an image that was deleted",
    "no_bytes": "the picture is not in the object store",
    "damaged_bytes": "the picture in the object store is not the one that was stored",
    "unheld_bytes": "a picture in the object store that no collection holds",
}
T = TypeVar("T")
_BATCH = 500
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree. ``mended``: whether it does now; ``remark`` says why not, or how."""

    kind: Kind
    collection: str
    image_id: str
    mended: bool = False
    remark: str = ""


class Audit:
    """Looks through one collection after the other.

    ``repair`` mends what can be mended from what is there. ``read`` reads all bytes of the pictures, and not only
    whether they are there. ``prune`` deletes pictures that no collection holds; never those of a bucket of others.
    """

    def __init__(self, library: Library, *, repair: bool = False, read: bool = True, prune: bool = False) -> None:
        self._library, self._repair, self._read, self._prune = library, repair, read, prune

    def collection(self, name: str) -> Iterator[Finding]:
        """What does not agree of one collection. Raises NotFound, ProxyAway, ElasticsearchAway."""
        self._library.writer.refresh(name)
        if self._repair:
            self._library.writer.record_collection(name)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="audit") as threads:
            for batch in _batches(self._indexed(name)):
                for findings in threads.map(lambda image: list(self._image(name, *image)), batch):
                    yield from findings
            pack = self._library.index.setup(name, fresh=True).pack
            for ids in _batches(self._library.writer.records.image_ids(name, pack)):
                there = self._library.index.stored(name, ids)
                missing = [image_id for image_id in ids if image_id not in there]
                for finding in threads.map(lambda image_id: self._without_image(name, image_id), missing):
                    if finding is not None:
                        yield finding

    def bytes(self) -> Iterator[Finding]:
        """Pictures that were taken in and that neither a collection nor a deletion of the last hour holds."""
        library = self._library
        names = [info.name for info in library.index.collections()]
        deleted = {key.rpartition("/")[2].removesuffix(".json") for key in library.store.keys(TRASH)}
        for key in library.store.keys(library.bucket):
            image_id = key.rpartition("/")[2].partition(".")[0]
            if not key.startswith(f"{image_id[:2]}/{image_id}.") or len(image_id) != 64 or image_id in deleted:
                continue
            if any(is_held(library.index, name, image_id) for name in names) or self._just_put(key):
                continue
            if self._prune:
                library.store.delete(library.bucket, key)
            yield Finding("unheld_bytes", "", image_id, self._prune, f"{library.bucket}/{key}")

    def _just_put(self, key: str) -> bool:
        there = self._library.store.stat(self._library.bucket, key)
        return there is None or (datetime.now(UTC) - there.put_at).total_seconds() < KEEP_S

    def _indexed(self, name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        """All images of which anything is in the index, with the numbers of the objects that are there."""
        for image_id, ids in groupby(self._object_ids(name), key=lambda object_id: object_id.rpartition("-")[0]):
            yield image_id, tuple(sorted(int(object_id.rpartition("-")[2]) for object_id in ids))

    def _object_ids(self, name: str) -> Iterator[str]:
        after: str | None = None
        while batch := self._library.index.matching(name, Filter(), _BATCH, after):
            after = batch[-1].object_id
            yield from (match.object_id for match in batch)

    def _image(self, name: str, image_id: str, numbers: tuple[int, ...]) -> Iterator[Finding]:
        """What does not agree of one image: looked at while nobody else of this process changes it."""
        library = self._library
        with library.writer.exclusive(name, [image_id]):
            counted = library.index.numbers(name, [image_id]).get(image_id)
            if counted is None or tuple(sorted(counted)) != numbers:
                numbers = self._numbers(name, image_id)  # a search may be behind
            if counted is None:
                if numbers:
                    yield self._mended(Finding("stray_objects", name, image_id), self._bring_back)
                return
            whole = library.index.image(name, image_id)
            if sorted(counted) != sorted(obj.number for obj in whole) or tuple(sorted(counted)) != numbers:
                yield self._mended(Finding("half_image", name, image_id), self._make_whole)
                return
            yield from self._record(name, whole)
            yield from self._bytes_of(name, whole[0].image)

    def _numbers(self, name: str, image_id: str) -> tuple[int, ...]:
        self._library.writer.refresh(name)
        of_image = Filter((Condition("image_id", any_of=(image_id,)),))
        matches = self._library.index.matching(name, of_image, _BATCH)
        return tuple(sorted(int(match.object_id.rpartition("-")[2]) for match in matches))

    def _record(self, name: str, whole: list[IndexedObject]) -> Iterator[Finding]:
        image_id = whole[0].image.image_id

        def record(finding: Finding) -> str:
            self._library.writer.record(name, image_id)
            return "written from the index"

        recorded = self._recorded(name, image_id)
        if recorded is None:
            yield self._mended(Finding("no_record", name, image_id), record)
        elif not _same(whole, recorded):
            yield self._mended(Finding("other_record", name, image_id), record)

    def _recorded(self, name: str, image_id: str) -> RecordedImage | None:
        pack = self._library.index.setup(name).pack
        try:
            return self._library.writer.records.get(name, pack, image_id)
        except (NotFound, BadInput):
            return None

    def _bytes_of(self, name: str, image: ImageRecord) -> Iterator[Finding]:
        if not image.bucket:
            return  # it stayed where it was: nothing of it is ours
        if self._read:
            try:
                intact = image_id_of(self._library.store.get(image.bucket, image.image_key)) == image.image_id
                kind: Kind | None = None if intact else "damaged_bytes"
            except NotFound:
                kind = "no_bytes"
        else:
            there = self._library.store.stat(image.bucket, image.image_key)
            kind = "no_bytes" if there is None else None
        if kind is not None:
            yield self._mended(Finding(kind, name, image.image_id), lambda finding: self._put_again(image))

    def _without_image(self, name: str, image_id: str) -> Finding | None:
        """A record whose image the index does not hold: it was deleted, or the index lost it."""
        library = self._library
        with library.writer.exclusive(name, [image_id]):
            recorded = self._recorded(name, image_id)
            if library.index.stored(name, [image_id]) or recorded is None:
                return None  # it came, or went, meanwhile
            if self._numbers(name, image_id):
                return None  # its stray objects were told of
            if self._deleted_after(name, recorded):
                pack = recorded.pack

                def forget(finding: Finding) -> str:
                    library.writer.records.delete(name, pack, image_id)
                    return "the record is deleted too"

                return self._mended(Finding("deleted_image", name, image_id), forget)
            return self._mended(Finding("no_image", name, image_id), self._bring_back)

    def _deleted_after(self, name: str, recorded: RecordedImage) -> bool:
        try:
            deleted = decode(self._library.store.get(TRASH, f"{name}/{recorded.image_id}.json"))
        except (NotFound, LookupError, ValueError, TypeError):
            return False
        return deleted.deleted_at is not None and deleted.deleted_at >= recorded.written_at

    # --- repairs: each says how it mended, and raises a BoxlensError where it cannot --------------------------------

    def _mended(self, finding: Finding, repair: Callable[[Finding], str]) -> Finding:
        if not self._repair:
            return finding
        try:
            return replace(finding, mended=True, remark=repair(finding))
        except BoxlensError as error:
            return replace(finding, remark=error.detail)

    def _bring_back(self, finding: Finding) -> str:
        """From the record; without one, what is left of the image goes."""
        recorded = self._recorded(finding.collection, finding.image_id)
        if recorded is None:
            self._library.writer.delete_image(finding.collection, finding.image_id, strays=True)
            return "there is no record: what was left is deleted"
        self._restore(finding, recorded)
        return "written from the record"

    def _make_whole(self, finding: Finding) -> str:
        recorded = self._recorded(finding.collection, finding.image_id)
        if recorded is not None:
            self._restore(finding, recorded)
            return "written from the record"
        left = self._library.index.image(finding.collection, finding.image_id, vectors=True)
        pack = self._library.index.setup(finding.collection).pack
        self._restore(finding, RecordedImage(tuple(left), pack, datetime.now(UTC)))
        return f"there is no record: it has the {len(left)} objects that were left"

    def _restore(self, finding: Finding, recorded: RecordedImage) -> None:
        for result in self._library.writer.restore(finding.collection, [recorded]):
            if not result.ok:
                raise BadInput(f"{result.object_id} is not taken: {result.reason}.")
        self._library.writer.refresh(finding.collection)

    def _put_again(self, image: ImageRecord) -> str:
        source = image.source_uri
        if image.bucket != self._library.bucket or source.startswith(("http://", "https://", "upload:")):
            raise BadInput(f"it came from {source}: take it in from there again")
        if source.startswith("bucket://"):
            data = self._library.store.get(*bucket_and_key(source))
        else:
            data = read_picture_file(local_path(source))
        if image_id_of(data) != image.image_id:
            raise BadInput(f"{source} is another picture by now")
        self._library.store.put(image.bucket, image.image_key, data, content_type(image.format))
        return f"taken from {source}"


def _same(whole: list[IndexedObject], recorded: RecordedImage) -> bool:
    """Whether index and record say the same, vectors aside: those of the record have fewer bits."""

    def without_vectors(obj: IndexedObject) -> tuple[object, ...]:
        return (
            obj.image, obj.number, obj.kind, obj.box, obj.label, obj.box_score,
            obj.ocr_text, obj.colours, obj.caption, obj.tags, obj.label_names,
            obj.corrected_by, obj.corrected_at, obj.corrections,
        )  # fmt: skip

    return list(map(without_vectors, whole)) == list(map(without_vectors, recorded.objects))


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
