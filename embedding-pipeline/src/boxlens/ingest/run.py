"""One ingest at work: the outcomes of its chunks written, counted and told."""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from boxlens.domain.errors import BadSource, Unavailable
from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import ChangingIndex
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import SURE_THING, Failure, IngestReport
from boxlens.ingest.collection_images import CollectionImages
from boxlens.pipeline.annotations import FirstWords, apply_metadata, with_metadata
from boxlens.pipeline.engine import IngestEngine, Outcome
from boxlens.pipeline.rows import Failed, Outage, Rewritten, Unchanged
from boxlens.pipeline.shots import ShotObjects
from boxlens.pipeline.stages import StageClock

RUNS = 2
"""Chunks in the engine at once: while the tail of one drains through the encoders, the next is fetched and decoded."""
WAITING = 2
"""Chunks that wait for the index while the next are under way: neither has to wait for the other."""


class Journal(Protocol):
    """Says which references an earlier run finished, without reading their bytes."""

    def done(self, ref: ImageRef) -> bool: ...

    def add(self, finished: Sequence[tuple[ImageRef, str]]) -> None:
        """References that are stored now, each with its image id."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """One image about to be written, and the references that brought it, each with the count under which it goes."""

    refs: tuple[tuple[ImageRef, str], ...]
    objects: tuple[IndexedObject, ...]


class Settled(NamedTuple):
    """A reference whose picture is stored, and its standing: stored, updated, or what an Unchanged says."""

    ref: ImageRef
    image_id: str
    standing: str


class Worked(NamedTuple):
    """A chunk that went through the engine, and how many were settled when its pictures were looked up."""

    outcomes: list[tuple[ImageRef, Outcome]]
    settled_before: int


class IngestRun:
    """The counts of one ingest, and what is done with the outcome of each chunk: ``work`` may run beside others,
    ``settle`` takes one chunk after the other."""

    def __init__(
        self,
        writer: ChangingIndex,
        collection: str,
        engine: IngestEngine,
        images: CollectionImages,
        clock: StageClock,
        on_failure: Callable[[ImageRef, Failure], None],
        journal: Journal | None,
    ) -> None:
        self._writer, self._collection, self._engine, self._clock = writer, collection, engine, clock
        self._images, self._shots, self._words = images, ShotObjects(), FirstWords()
        self._on_failure, self._journal = on_failure, journal
        self._started = time.perf_counter()
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        # What the chunks before wrote, each with its number: the next were looked up while these were under way
        self._recent: deque[tuple[int, dict[str, _Planned]]] = deque(maxlen=RUNS + WAITING)
        self._settled = 0
        self.interrupted = False

    def work(self, chunk: Sequence[ImageRef]) -> Worked:
        """Run one chunk through the engine; called from a thread of its own."""
        settled_before = self._settled
        outcomes: list[tuple[ImageRef, Outcome]] = []
        fresh: list[ImageRef] = []
        for ref in chunk:
            if self._journal is not None and self._journal.done(ref):
                outcomes.append((ref, Unchanged(ref, "")))
            else:
                fresh.append(ref)
        if fresh:
            outcomes.extend(zip(fresh, self._engine.run(fresh), strict=True))
        return Worked(outcomes, settled_before)

    def settle(self, worked: Worked) -> list[Settled]:
        """Write what is new and count everything; what is stored now. Raises Unavailable when something needed is
        away."""
        writing: dict[str, _Planned] = {}
        outage: Unavailable | None = None
        settled: list[Settled] = []
        for ref, outcome in worked.outcomes:
            if isinstance(outcome, Outage):
                outage = outage or outcome.error
            elif isinstance(outcome, Failed):
                self._fail(ref, outcome.failure)
            elif isinstance(outcome, Unchanged):
                self._counts[outcome.standing] += 1
                if outcome.image_id:
                    self._words.admit(outcome.image_id, ref)
                    settled.append(Settled(ref, outcome.image_id, outcome.standing))
            elif as_it_is := self._plan(ref, outcome, writing, worked.settled_before):
                settled.append(as_it_is)
        settled.extend(self._write(writing))
        self._settled += 1
        self._recent.append((self._settled, writing))
        if self._journal is not None:
            self._journal.add([(ref, image_id) for ref, image_id, _ in settled])
        if outage is not None:
            raise outage
        return settled

    def _plan(
        self,
        ref: ImageRef,
        outcome: tuple[IndexedObject, ...] | Rewritten,
        writing: dict[str, _Planned],
        settled_before: int,
    ) -> Settled | None:
        """Choose what to write of one image; the same bytes met again are one image with the words of both, and the
        first one's where these disagree. An image that is to stay as it is stored comes back."""
        objects = outcome.objects if isinstance(outcome, Rewritten) else outcome
        image_id = objects[0].image.image_id
        count = "updated" if isinstance(outcome, Rewritten) else "stored"
        refs: tuple[tuple[ImageRef, str], ...] = ()
        if met := writing.get(image_id):
            refs = met.refs
        unseen = (chunk for number, chunk in reversed(self._recent) if number > settled_before)
        met = met or next((chunk[image_id] for chunk in unseen if image_id in chunk), None)
        if count == "stored":
            objects = self._shots.once(objects)
        before = outcome.before if isinstance(outcome, Rewritten) else None
        if met is not None:
            admitted = self._words.admit(image_id, ref, met.objects[0].image)
            count, objects = "unchanged", apply_metadata(met.objects, admitted)
        elif before is not None:
            image = with_metadata(before, self._words.admit(image_id, ref, before))
            if image == before:
                self._counts["unchanged"] += 1
                return Settled(ref, image_id, "unchanged")
            objects = tuple(replace(obj, image=image) for obj in objects)
        else:
            self._words.admit(image_id, ref)
        self._counts[count] += 1
        if count == "stored":
            self._counts["unsure"] += all(o.kind == "frame" or o.box_score < SURE_THING for o in objects)
        writing[image_id] = _Planned((*refs, (ref, count)), objects)
        return None

    def _write(self, writing: Mapping[str, _Planned]) -> list[Settled]:
        """Write whole images; those that are stored. An image with a refused document failed."""
        refused: dict[str, str] = {}
        started = time.perf_counter()
        everything = itertools.chain.from_iterable(planned.objects for planned in writing.values())
        written = 0
        for result in self._writer.write(self._collection, everything):
            written += 1
            if not result.ok:
                refused.setdefault(result.object_id.rsplit("-", 1)[0], result.reason)
        self._counts["objects"] += written
        self._clock.add("store", written, time.perf_counter() - started)
        for image_id, reason in refused.items():
            for ref, count in writing[image_id].refs:
                self._counts[count] -= 1
                self._fail(ref, Failure(ref.uri, "store", "not_stored", reason, "Run the same command again."))
        stored = [
            Settled(ref, image_id, count)
            for image_id, planned in writing.items()
            if image_id not in refused
            for ref, count in planned.refs
        ]
        for ref, image_id, _ in stored:
            if ref.undelete:
                self._images.forget_deletion(image_id)
        return stored

    def _fail(self, ref: ImageRef, failure: Failure) -> None:
        self._counts["failed"] += 1
        self._reasons[failure.code] += 1
        self._on_failure(ref, failure)

    def report(self) -> IngestReport:
        counts = self._counts
        return IngestReport(
            stored=counts["stored"],
            updated=counts["updated"],
            unchanged=counts["unchanged"],
            failed=counts["failed"],
            objects=counts["objects"],
            seconds=time.perf_counter() - self._started,
            stages=self._clock.stages(),
            reasons=dict(self._reasons),
            interrupted=self.interrupted,
            unsure=counts["unsure"],
            deleted=counts["deleted"],
            repaired=counts["repaired"],
        )


def batched(refs: Iterable[ImageRef], size: int) -> Iterator[list[ImageRef]]:
    """Chunks of references; where the references break off with an error, the last chunk comes before the error."""
    chunk: list[ImageRef] = []
    try:
        for ref in refs:
            chunk.append(ref)
            if len(chunk) == size:
                yield chunk
                chunk = []
    except BadSource:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk
