"""Pictures into a collection: slabs of references through the graph, whole images into the index, nothing twice.

Ids are deterministic and an image's frame is written last, so a killed run is simply run again.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from embedding_pipeline.domain import Failure, ImageRef, IndexedObject, IngestReport, PackInfo
from embedding_pipeline.errors import BadSource, BoxlensError, Unavailable
from embedding_pipeline.pipeline.graph import IngestPipeline
from embedding_pipeline.pipeline.owner_words import retold
from embedding_pipeline.pipeline.rows import Ended, Failed, Outage, Rewritten, Unchanged
from embedding_pipeline.pipeline.stages import KnownImages, StageClock
from embedding_pipeline.ports import ObjectIndex

Outcome = tuple[IndexedObject, ...] | Ended
# Two slabs are under way at once: while the tail of one drains through the encoders, the next is fetched and decoded.
_RUNS = 2


class Journal(Protocol):
    """References that an earlier run finished, told without reading their bytes again."""

    def done(self, ref: ImageRef) -> bool: ...

    def add(self, refs: Sequence[ImageRef]) -> None: ...


class CollectionImages:
    """What one collection holds already, as the graph asks for it."""

    def __init__(self, index: ObjectIndex, collection: str) -> None:
        self._index, self._collection = index, collection

    def stored(self, image_ids: Sequence[str]) -> Mapping[str, IndexedObject]:
        return self._index.stored(self._collection, image_ids)

    def whole(self, image_id: str) -> Sequence[IndexedObject]:
        return self._index.image(self._collection, image_id, vectors=True)


class Indexer:
    """Takes pictures into collections that belong to one pack.

    ``pipeline_for`` builds the graph over what a collection holds; one is kept per collection.
    """

    def __init__(
        self,
        index: ObjectIndex,
        pack: PackInfo,
        pipeline_for: Callable[[KnownImages, StageClock], IngestPipeline],
        *,
        slab: int = 16,
    ) -> None:
        self._index, self._pack, self._pipeline_for, self._slab = index, pack, pipeline_for, slab
        self._pipelines: dict[str, IngestPipeline] = {}
        self._lock = threading.Lock()
        self.clock = StageClock()

    def add(self, ref: ImageRef, *, collection: str) -> tuple[list[IndexedObject], bool]:
        """Take in one picture: its objects, frame first, and whether it was new. It can be found on return.

        Raises NotFound for an unknown collection, PackMismatch, and whatever is wrong with the picture.
        """
        self._index.check_pack(collection, self._pack)
        (outcome,) = self._pipeline(collection).run([ref])
        if isinstance(outcome, Outage | Failed):
            raise outcome.error
        if isinstance(outcome, Unchanged):
            return self._index.image(collection, outcome.image_id), False
        created = not isinstance(outcome, Rewritten)
        objects = outcome.objects if isinstance(outcome, Rewritten) else outcome
        for result in self._index.write(collection, objects):
            if not result.ok:
                raise Unavailable(f"{result.object_id} was not stored: {result.reason}", hint="Send the picture again.")
        self._index.refresh(collection)
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
    ) -> IngestReport:
        """Take in many pictures; the collection is made when it is not there.

        ``stop`` ends the run after the slabs under way. Raises PackMismatch before anything is read, BadSource where
        the references themselves break off, and Unavailable when a server goes away; what was stored until then stays.
        """
        self._index.create(collection, self._pack)
        self._index.refresh(collection)  # a killed run may have left documents that no search sees yet
        run = _Run(self._index, collection, self._pipeline(collection), on_failure, journal)
        self._index.serving(collection, loading=True)
        try:
            for _ in self._slabs(run, refs, stop or threading.Event()):
                on_progress(run.report(self.clock))
        finally:
            self._index.serving(collection, loading=False)
            self._index.refresh(collection)
        return run.report(self.clock)

    def _slabs(self, run: _Run, refs: Iterable[ImageRef], stop: threading.Event) -> Iterator[None]:
        """Keep slabs under way and settle them in order; one step per settled slab."""
        under_way: deque[Future[list[tuple[ImageRef, Outcome]]]] = deque()
        broken: BoxlensError | None = None
        with ThreadPoolExecutor(_RUNS, thread_name_prefix="slab") as threads:
            try:
                for slab in _batched(refs, self._slab):
                    if stop.is_set():
                        run.interrupted = True
                        break
                    under_way.append(threads.submit(run.work, slab))
                    if len(under_way) >= _RUNS:
                        run.settle(under_way.popleft().result())
                        yield
            except BoxlensError as error:
                broken = error  # what is under way is still stored
            while under_way:
                run.settle(under_way.popleft().result())
                yield
        if broken is not None:
            raise broken

    def _pipeline(self, collection: str) -> IngestPipeline:
        with self._lock:
            if collection not in self._pipelines:
                self._pipelines[collection] = self._pipeline_for(CollectionImages(self._index, collection), self.clock)
            return self._pipelines[collection]


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """One image about to be written, and under which count it goes."""

    ref: ImageRef
    count: str
    objects: tuple[IndexedObject, ...]


class _Run:
    """The counts of one ingest, and what is done with the outcome of each slab."""

    def __init__(
        self,
        index: ObjectIndex,
        collection: str,
        pipeline: IngestPipeline,
        on_failure: Callable[[ImageRef, Failure], None],
        journal: Journal | None,
    ) -> None:
        self._index, self._collection, self._pipeline = index, collection, pipeline
        self._on_failure, self._journal = on_failure, journal
        self._started = time.perf_counter()
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        # What the slab before wrote: the next slab was sorted into known and new while that was under way.
        self._recent: dict[str, _Planned] = {}
        self.interrupted = False

    def work(self, slab: Sequence[ImageRef]) -> list[tuple[ImageRef, Outcome]]:
        """Run one slab through the graph; called from a thread of its own."""
        outcomes: list[tuple[ImageRef, Outcome]] = []
        fresh: list[ImageRef] = []
        for ref in slab:
            if self._journal is not None and self._journal.done(ref):
                outcomes.append((ref, Unchanged(ref, "")))
            else:
                fresh.append(ref)
        if fresh:
            outcomes.extend(zip(fresh, self._pipeline.run(fresh), strict=True))
        return outcomes

    def settle(self, outcomes: Sequence[tuple[ImageRef, Outcome]]) -> None:
        """Write what is new, count everything, and end the run when something needed is away."""
        writing: dict[str, _Planned] = {}
        outage: Unavailable | None = None
        finished: list[ImageRef] = []
        for ref, outcome in outcomes:
            if isinstance(outcome, Outage):
                outage = outage or outcome.error
            elif isinstance(outcome, Failed):
                self._fail(ref, outcome.failure)
            elif isinstance(outcome, Unchanged):
                self._counts["unchanged"] += 1
                finished.append(ref)
            else:
                self._plan(ref, outcome, writing)
        finished.extend(self._write(writing))
        self._recent = writing
        if self._journal is not None:
            self._journal.add(finished)
        if outage is not None:
            raise outage

    def _plan(
        self, ref: ImageRef, outcome: tuple[IndexedObject, ...] | Rewritten, writing: dict[str, _Planned]
    ) -> None:
        """Choose what to write of one image; the same bytes met again are one image with the words of both."""
        objects = outcome.objects if isinstance(outcome, Rewritten) else outcome
        image_id = objects[0].image.image_id
        met = writing.get(image_id) or self._recent.get(image_id)
        if met is not None:
            planned = _Planned(ref, "unchanged", retold(ref, met.objects))
        else:
            planned = _Planned(ref, "updated" if isinstance(outcome, Rewritten) else "stored", objects)
        self._counts[planned.count] += 1
        writing[image_id] = planned

    def _write(self, writing: Mapping[str, _Planned]) -> list[ImageRef]:
        """Write whole images; the references of those that are stored. An image with a refused document failed."""
        refused: dict[str, str] = {}
        started = time.perf_counter()
        everything = itertools.chain.from_iterable(planned.objects for planned in writing.values())
        written = 0
        for result in self._index.write(self._collection, everything):
            written += 1
            if not result.ok:
                refused.setdefault(result.object_id.rsplit("-", 1)[0], result.reason)
        self._counts["objects"] += written
        self._pipeline.stages.clock.add("store", written, time.perf_counter() - started)
        for image_id, reason in refused.items():
            planned = writing[image_id]
            self._counts[planned.count] -= 1
            self._fail(
                planned.ref, Failure(planned.ref.uri, "store", "not_stored", reason, "Run the same command again.")
            )
        return [planned.ref for image_id, planned in writing.items() if image_id not in refused]

    def _fail(self, ref: ImageRef, failure: Failure) -> None:
        self._counts["failed"] += 1
        self._reasons[failure.code] += 1
        self._on_failure(ref, failure)

    def report(self, clock: StageClock) -> IngestReport:
        counts = self._counts
        return IngestReport(
            stored=counts["stored"],
            updated=counts["updated"],
            unchanged=counts["unchanged"],
            failed=counts["failed"],
            objects=counts["objects"],
            seconds=time.perf_counter() - self._started,
            stages=clock.stages(),
            reasons=dict(self._reasons),
            interrupted=self.interrupted,
        )


def _batched(refs: Iterable[ImageRef], size: int) -> Iterator[list[ImageRef]]:
    """Slabs of references; where the references break off with an error, the last slab comes before the error."""
    slab: list[ImageRef] = []
    try:
        for ref in refs:
            slab.append(ref)
            if len(slab) == size:
                yield slab
                slab = []
    except BadSource:
        if slab:
            yield slab
        raise
    if slab:
        yield slab
