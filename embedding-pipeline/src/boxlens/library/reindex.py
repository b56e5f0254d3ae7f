"""A collection over to another pack while it goes on answering: pictures are taken again into a successor beside it.

Pass after pass takes what the successor lacks or has otherwise, so that a swap that ended early is simply run again,
and what is added, described or deleted meanwhile comes along. Before the last pass writes are refused for a moment;
then the successor takes the collection's place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import Conflict
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord
from boxlens.domain.ports import ChangingIndex, IndexAdmin, IndexSearch, ObjectIndex, SearchIndex
from boxlens.domain.queries import RankedObject
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure, IngestReport
from boxlens.ingest.indexer import Indexer
from boxlens.pipeline.annotations import annotations_of, transfer_annotations

_BATCH = 500
_FRAMES = Filter((Condition("kind", any_of=("frame",)),))
_PASSES = 20  # pictures may be added for ever; the last pass with writes refused then takes what is left


@dataclass(frozen=True, slots=True)
class ReindexResult:
    """How a swap ended. Not ``done``: the collection answers as before, and the same command goes on."""

    done: bool
    images: int
    failed: int


class ReindexJob:
    """One collection to one pack; ``indexer`` belongs to that pack. ``writer`` changes the index: by default itself."""

    def __init__(
        self,
        index: ObjectIndex,
        collection: str,
        pack: PackInfo,
        indexer: Indexer,
        *,
        writer: ChangingIndex | None = None,
    ) -> None:
        self._index, self._collection, self._pack, self._indexer = index, collection, pack, indexer
        self._writer: ChangingIndex = writer or index

    def run(
        self,
        *,
        on_progress: Callable[[IngestReport], None] = lambda report: None,
        on_failure: Callable[[ImageRef, Failure], None] = lambda ref, failure: None,
        stop: threading.Event | None = None,
    ) -> ReindexResult:
        """Raises Conflict when the collection has this pack already, or a swap to a third one was begun; NotFound; and
        Unavailable when a server goes away. After any of them the collection answers as before."""
        stop = stop or threading.Event()
        if self._index.setup(self._collection, fresh=True).pack == self._pack:
            raise Conflict(f"{self._collection} has the pack {self._pack.name} already.")
        successor = self._writer.create_successor(self._collection, self._pack)
        self._writer.block_writes(self._collection, blocked=False)  # a swap killed in its last pass left it so
        for _ in range(_PASSES):
            report = self._pass(successor, on_progress, on_failure, stop)
            if report.interrupted or report.failed:
                return self._ended(successor, report, done=False)
            if not report.stored and not report.updated:
                break
        self._writer.block_writes(self._collection, blocked=True)
        try:
            report = self._pass(successor, on_progress, on_failure, stop)
            if not (report.interrupted or report.failed):
                self._writer.switch_alias(self._collection)
                return ReindexResult(True, self._index.info(self._collection).images, 0)
        except BaseException:
            self._writer.block_writes(self._collection, blocked=False)
            raise
        self._writer.block_writes(self._collection, blocked=False)
        return self._ended(successor, report, done=False)

    def _ended(self, successor: str, report: IngestReport, *, done: bool) -> ReindexResult:
        return ReindexResult(done, self._index.info(successor).images, report.failed)

    def _pass(
        self,
        successor: str,
        on_progress: Callable[[IngestReport], None],
        on_failure: Callable[[ImageRef, Failure], None],
        stop: threading.Event,
    ) -> IngestReport:
        self._writer.refresh(self._collection)
        report = self._indexer.ingest(
            self.missing(successor), collection=successor, on_progress=on_progress, on_failure=on_failure, stop=stop
        )
        if not report.interrupted:
            for image_id in list(self._gone(successor)):
                self._writer.delete_image(successor, image_id)
        return report

    def missing(self, successor: str) -> Iterator[ImageRef]:
        """Pictures that the successor lacks, or of which it says something else."""
        for images in _batched_images(self._index, self._collection):
            there = self._index.stored(successor, [image[0].image.image_id for image in images])
            for image in images:
                record = image[0].image
                copy = there.get(record.image_id)
                same = copy is not None and copy.image == record and copy.corrections == image[0].corrections
                if not same or self._annotations_differ(successor, image):
                    yield _again(record, image)

    def _annotations_differ(self, successor: str, image: Sequence[IndexedObject]) -> bool:
        copy = self._index.image(successor, image[0].image.image_id)
        if not any(any(annotations_of(obj)) for obj in (*image, *copy)):
            return False
        transferred = transfer_annotations(image, copy)
        return [annotations_of(obj) for obj in transferred] != [annotations_of(obj) for obj in copy]

    def _gone(self, successor: str) -> Iterator[str]:
        after: str | None = None
        while batch := self._index.matching(successor, _FRAMES, _BATCH, after):
            after = batch[-1].object_id
            there = self._index.stored(self._collection, [match.image_id for match in batch])
            yield from (match.image_id for match in batch if match.image_id not in there)


def discard(index: IndexAdmin, collection: str) -> None:
    """Give up a swap that ended early; the collection is as before. Raises NotFound when none was begun."""
    index.block_writes(collection, blocked=False)
    index.drop_successor(collection)


def _batched_images(index: SearchIndex, collection: str) -> Iterator[list[list[IndexedObject]]]:
    """All whole images of a collection, each with its objects, frame first."""
    after: str | None = None
    while batch := index.matching(collection, _FRAMES, _BATCH // 10, after):
        after = batch[-1].object_id
        ids = [match.image_id for match in batch]
        inside = Filter((Condition("image_id", any_of=tuple(ids)),))
        objects = index.objects(collection, [match.object_id for match in _all(index, collection, inside)])
        grouped = groupby(sorted(objects, key=lambda o: (o.image.image_id, o.number)), key=lambda o: o.image.image_id)
        yield [image for _, group in grouped if (image := list(group))[0].number == 0]


def _all(index: IndexSearch, collection: str, chosen: Filter) -> Iterator[RankedObject]:
    after: str | None = None
    while batch := index.matching(collection, chosen, _BATCH, after):
        after = batch[-1].object_id
        yield from batch


def _again(record: ImageRecord, image: Sequence[IndexedObject]) -> ImageRef:
    """A stored picture as something to take in: its bytes stay where they are."""
    has_bytes = bool(record.bucket and record.image_key)
    uri = f"bucket://{record.bucket}/{record.image_key}" if has_bytes else record.source_uri
    return ImageRef(uri, file_name=record.file_name, reference=True, before=tuple(image))
