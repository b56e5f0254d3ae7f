"""Pictures into a collection: references in chunks through the ingest stages, whole images into the index, once each.

Ids are deterministic and an image's frame is written last, so a killed run is simply run again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from cachetools import LRUCache

from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import BoxlensError, Unavailable
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import image_id_of
from boxlens.domain.ports import ChangingIndex, ObjectIndex
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure, IngestReport
from boxlens.ingest.collection_images import CollectionImages, Deletions
from boxlens.ingest.run import RUNS, WAITING, IngestRun, Journal, Settled, Worked, batched
from boxlens.pipeline.engine import IngestEngine
from boxlens.pipeline.rows import Failed, Outage, Rewritten, Unchanged
from boxlens.pipeline.stages import StageClock, StoredImages

_ENGINES = 32  # one is kept for each collection that was written to last

MERGE_SHARE, MERGE_DOCUMENTS = 0.25, 5000
"""A load is merged when it wrote so large a share of the collection, and so many documents: so however many loads make
a collection, each of its documents is merged a few times only."""


class Indexer:
    """Takes pictures into collections that belong to one pack.

    ``engine_for`` makes the engine over what a collection holds; those of the collections written to last
    are kept. ``writer`` changes the index: by default the index itself.
    """

    def __init__(
        self,
        index: ObjectIndex,
        pack: PackInfo,
        engine_for: Callable[[StoredImages, StageClock], IngestEngine],
        *,
        chunk_size: int = 16,
        deletions: Deletions | None = None,
        writer: ChangingIndex | None = None,
    ) -> None:
        self._index, self._pack, self._engine_for, self._chunk_size = index, pack, engine_for, chunk_size
        self._writer: ChangingIndex = writer or index
        self._deletions = deletions
        self._engines: LRUCache[str, tuple[IngestEngine, CollectionImages]] = LRUCache(_ENGINES)
        self._lock = threading.Lock()
        self.clock = StageClock()

    def add(self, ref: ImageRef, *, collection: str) -> tuple[list[IndexedObject], bool]:
        """Take in one picture, deleted before or not: its objects, frame first, and whether it was new. It can be found
        on return.

        Raises NotFound for an unknown collection, PackMismatch, and whatever is wrong with the picture.
        """
        self._index.check_pack(collection, self._pack)
        image_ids = [] if ref.data is None else [image_id_of(ref.data)]
        with self._writer.exclusive(collection, image_ids):
            objects, created = self._added(ref, collection)
        self._writer.refresh(collection)
        return objects, created

    def _added(self, ref: ImageRef, collection: str) -> tuple[list[IndexedObject], bool]:
        engine, images = self._engine(collection)
        (outcome,) = engine.run([replace(ref, undelete=True)], patient=False)
        if isinstance(outcome, Outage | Failed):
            raise outcome.error
        if isinstance(outcome, Unchanged):
            return self._index.image(collection, outcome.image_id), False
        created = not isinstance(outcome, Rewritten)
        objects = outcome.objects if isinstance(outcome, Rewritten) else outcome
        for result in self._writer.write(collection, objects):
            if not result.ok:
                raise Unavailable(
                    f"{result.object_id} was not stored: {result.reason}", hint="Send it again.", retry_after_s=1
                )
        images.forget_deletion(objects[0].image.image_id)
        return list(objects), created

    def ingest(
        self,
        refs: Iterable[ImageRef],
        *,
        collection: str,
        on_progress: Callable[[IngestReport], None] = lambda report: None,
        on_failure: Callable[[ImageRef, Failure], None] = lambda ref, failure: None,
        stop: threading.Event | None = None,
        journal: Journal | None = None,
        on_merge: Callable[[int], None] = lambda documents: None,
    ) -> IngestReport:
        """Take in many pictures; the collection is made when it is not there. A large load is merged into few segments
        at its end: ``on_merge`` is told before it begins, with the documents of the collection.

        ``stop`` ends the run after the chunks under way. Raises PackMismatch before anything is read, BadSource where
        the references themselves break off, and Unavailable when a server goes away; what was stored until then stays.
        """
        with self._standing(collection):
            run = self.run(collection, on_failure=on_failure, journal=journal)
            for _ in self._chunks(run, self._dealt(refs, collection), stop or threading.Event()):
                on_progress(run.report())
        if not run.interrupted:
            self.merge(collection, run.report().objects, on_merge)
        return run.report()

    @contextmanager
    def loading(self, collection: str) -> Iterator[None]:
        """A collection made, where it is not there, and its index ready for many writes until the end of the block.

        Raises PackMismatch.
        """
        with self._standing(collection):
            self._writer.serving(collection, loading=True)
            yield

    @contextmanager
    def _standing(self, collection: str) -> Iterator[None]:
        """A collection made, where it is not there; at the end of the block its index serves searches. Raises
        PackMismatch, Frozen."""
        self._writer.create(collection, self._pack)
        self._index.setup(collection, fresh=True).require_thawed(collection)
        self._writer.refresh(collection)  # a killed run may have left documents that no search sees yet
        try:
            yield
        finally:
            self._writer.serving(collection, loading=False)
            self._writer.refresh(collection)

    def _dealt(self, refs: Iterable[ImageRef], collection: str) -> Iterator[list[ImageRef]]:
        """References in chunks. The index is made ready for many writes when there is more than one: a single picture
        in a watched folder is found sooner without."""
        for number, chunk in enumerate(batched(refs, self._chunk_size)):
            if number == 1:
                self._writer.serving(collection, loading=True)
            yield chunk

    def run(
        self,
        collection: str,
        *,
        on_failure: Callable[[ImageRef, Failure], None] = lambda ref, failure: None,
        journal: Journal | None = None,
    ) -> IngestRun:
        """A run over chunks that the caller deals out, into a collection that stands. Raises NotFound, PackMismatch."""
        self._index.check_pack(collection, self._pack)
        engine, images = self._engine(collection)
        images.read_deletions()
        return IngestRun(self._writer, collection, engine, images, self.clock, on_failure, journal)

    def merge(self, collection: str, written: int, on_merge: Callable[[int], None]) -> None:
        """Few segments, after a load that wrote so many documents, when it was a large one."""
        if written < MERGE_DOCUMENTS:
            return
        info = self._index.info(collection)
        documents = info.images + info.objects
        if written >= MERGE_SHARE * documents:
            on_merge(documents)
            started = time.perf_counter()
            self._writer.merge(collection)
            self.clock.add("merge", documents, time.perf_counter() - started)

    def _chunks(self, run: IngestRun, chunks: Iterable[list[ImageRef]], stop: threading.Event) -> Iterator[None]:
        """Keep chunks under way, and settle them in order in a thread of its own; one step per chunk."""
        under_way: deque[Future[Worked]] = deque()
        settling: deque[Future[list[Settled]]] = deque()
        broken: BoxlensError | None = None
        with (
            ThreadPoolExecutor(RUNS, thread_name_prefix="chunk") as threads,
            ThreadPoolExecutor(1, thread_name_prefix="settle") as settler,
        ):

            def settle_next() -> None:
                settling.append(settler.submit(run.settle, under_way.popleft().result()))
                if len(settling) > WAITING:
                    settling.popleft().result()

            try:
                for chunk in chunks:
                    if stop.is_set():
                        run.interrupted = True
                        break
                    under_way.append(threads.submit(run.work, chunk))
                    if len(under_way) >= RUNS:
                        settle_next()
                        yield
            except BoxlensError as error:
                broken = error  # what is under way is still stored
            while under_way:
                settle_next()
                yield
            while settling:
                settling.popleft().result()
                yield
        if broken is not None:
            raise broken

    def _engine(self, collection: str) -> tuple[IngestEngine, CollectionImages]:
        with self._lock:
            if collection not in self._engines:
                images = CollectionImages(self._index, collection, self._deletions)
                self._engines[collection] = self._engine_for(images, self.clock), images
            return self._engines[collection]
