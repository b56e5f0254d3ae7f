"""A collection made again from the records in the object store alone: no picture is decoded, nothing embedded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import BadInput, NotFound
from boxlens.domain.ports import SearchIndex
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.records.recorded_image import RecordedImage

_AT_ONCE = 64
_THREADS = 8
_MERGED_FROM = 5000
"""Documents from which an index is merged at the end, so that its vectors get their graphs."""


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """Images that were written, that stood already, and whose record was of no use; ``reason``: of the first of these.
    ``objects`` counts documents, frames included."""

    written: int
    standing: int
    failed: int
    objects: int
    seconds: float
    reason: str = ""


def rebuild(
    index: SearchIndex,
    writer: RecordedWriter,
    collection: str,
    on_progress: Callable[[int], None] = lambda images: None,
) -> RebuildReport:
    """Make the collection when it is not there, and write into it every recorded image that it does not hold.

    ``on_progress`` is told how many images were looked at. May be ended and run again at any time. Raises NotFound
    without records, PackMismatch when the collection stands with another pack, ProxyAway, ElasticsearchAway, DiskFull.
    """
    started = time.perf_counter()
    recorded = writer.records.collection(collection)
    writer.create(collection, recorded.pack, recorded.index_type)
    writer.configure(collection, recorded.settings)
    written = standing = failed = objects = 0
    reason = ""
    writer.serving(collection, loading=True)
    try:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="rebuild") as threads:
            for ids in _batches(writer.records.image_ids(collection, recorded.pack)):
                there = index.stored(collection, ids)
                standing += len(there)
                missing = [image_id for image_id in ids if image_id not in there]
                read = list(threads.map(lambda key: _read(writer, collection, recorded.pack, key), missing))
                images = [image for image in read if isinstance(image, RecordedImage)]
                results = writer.restore(collection, images, put=False)
                refused = {result.object_id.rpartition("-")[0]: result.reason for result in results if not result.ok}
                reasons = [image for image in read if isinstance(image, str)] + list(refused.values())
                failed += len(reasons)
                reason = reason or next(iter(reasons), "")
                written += len(images) - len(refused)
                objects += sum(result.ok for result in results)
                on_progress(written + standing + failed)
    finally:
        writer.serving(collection, loading=False)
        writer.refresh(collection)
    if objects >= _MERGED_FROM:
        writer.merge(collection)
    return RebuildReport(written, standing, failed, objects, time.perf_counter() - started, reason)


def _read(writer: RecordedWriter, collection: str, pack: PackInfo, image_id: str) -> RecordedImage | str:
    """The record, or why there is none."""
    try:
        return writer.records.get(collection, pack, image_id)
    except (NotFound, BadInput) as error:
        return error.detail


def _batches(ids: Iterator[str]) -> Iterator[Sequence[str]]:
    batch: list[str] = []
    for image_id in ids:
        batch.append(image_id)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
