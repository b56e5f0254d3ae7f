"""What an actor does: the same networks, stages and writes as an ingest on one machine, for the chunks it is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from boxlens import __version__
from boxlens.domain.errors import BoxlensError, Conflict
from boxlens.domain.ports import ObjectStore
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure, IngestReport
from boxlens.ingest.indexer import Indexer
from boxlens.ingest.run import RUNS, IngestRun, Settled, Worked, batched
from boxlens.ingest.videos import frames_of, is_video
from boxlens.made_once import made_once
from boxlens.on_ray.chunks import NOTHING, ChunkResult, total
from boxlens.servers import Addresses
from boxlens.settings import Settings
from boxlens.wiring import Boxlens


@dataclass(frozen=True, slots=True)
class Parts:
    """What the work needs: pictures go into ``collection``, ``batch`` of them through the engine at a time."""

    indexer: Indexer
    store: ObjectStore
    collection: str
    batch: int


def open_parts(settings: Settings, addresses: Addresses, collection: str, version: str) -> Parts:
    """The parts on the machine of an actor. Raises Conflict for another version of Boxlens than the driver's, and what
    opening a collection raises."""
    if version != __version__:
        raise Conflict(
            f"Here is Boxlens {__version__}, and the ingest was started by {version}.",
            hint="Install the same version on every machine of the Ray cluster.",
        )
    boxlens = Boxlens(settings, addresses)
    return Parts(boxlens.for_pictures(collection).indexer, boxlens.store, collection, settings.pipeline.slab)


@dataclass
class _Collected:
    """What is known of a chunk so far."""

    report: IngestReport = NOTHING
    failures: list[tuple[ImageRef, Failure]] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    error: BoxlensError | None = None


class PictureWorker:
    """Takes chunks, each in a thread of its own; they are settled in the order in which they came.

    Nothing is opened before the first call, so that an actor that Ray starts anew is as good as the first.
    """

    def __init__(self, opening: Callable[[], Parts]) -> None:
        self._opening = opening
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._engine = threading.Semaphore(RUNS)
        self._last = threading.Event()
        self._last.set()
        self._failures: list[tuple[ImageRef, Failure]] = []
        self._before = NOTHING

    def ready(self) -> BoxlensError | None:
        """Opens everything; what is missing here, if something is."""
        try:
            _ = self._run
        except BoxlensError as error:
            return error
        return None

    def take(self, refs: Sequence[ImageRef]) -> ChunkResult:
        """Takes pictures in, and the frames of videos among them."""
        with self._lock:
            before, self._last = self._last, threading.Event()
            ended = self._last
        collected = _Collected()
        try:
            for batch in batched(self._pictures(refs), self._parts.batch):
                if self._stop.is_set():
                    collected.report = replace(collected.report, interrupted=True)
                    break
                with self._engine:
                    worked = self._run.work(batch)
                before.wait()
                self._settle(worked, collected)
        except BoxlensError as error:
            collected.error = error
        finally:
            before.wait()
            ended.set()
        return ChunkResult(collected.report, collected.failures, collected.settled, collected.error)

    def stop(self) -> None:
        """Ends after the batches under way."""
        self._stop.set()

    @made_once
    def _parts(self) -> Parts:
        return self._opening()

    @made_once
    def _run(self) -> IngestRun:
        parts = self._parts
        return parts.indexer.run(
            parts.collection, on_failure=lambda ref, failure: self._failures.append((ref, failure))
        )

    def _pictures(self, refs: Iterable[ImageRef]) -> Iterator[ImageRef]:
        for ref in refs:
            if is_video(ref):
                yield from frames_of(ref, self._parts.store)
            else:
                yield ref

    def _settle(self, worked: Worked, collected: _Collected) -> None:
        """Only one thread is here at a time, so the counts that changed are those of its chunk."""
        try:
            settled = self._run.settle(worked)
            collected.settled += [item._replace(ref=without_bytes(item.ref)) for item in settled]
        finally:
            report = self._run.report()
            collected.report = total(collected.report, total(report, self._before, -1))
            self._before = report
            failures, self._failures = self._failures, []
            collected.failures += [(without_bytes(ref), failure) for ref, failure in failures]


def without_bytes(ref: ImageRef) -> ImageRef:
    """What the driver needs to know of a reference."""
    return ref if ref.data is None else replace(ref, data=None)
