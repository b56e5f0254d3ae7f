"""Which actor gets which references, and what is done with what comes back; no actor is asked for more than it can do.

Ids are deterministic and an image's frame is written last, so a chunk whose actor was lost is simply sent again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from boxlens.domain.errors import BoxlensError
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure, IngestReport
from boxlens.ingest.run import Journal, Settled, batched
from boxlens.on_ray.chunks import NOTHING, Answer, Chunk, ChunkResult, Pool, movable, total

IN_FLIGHT = 3
"""Chunks of one actor at a time: two in its engine, and one that waits for the index. An actor that waits for the index
is sent no more, so memory stays bounded, and a slow index slows the reading of the sources."""
MOST_LOSSES = 3
"""Actors that may be lost over a chunk until its pictures are sent one by one, and over a picture until it failed."""
_TURN_S = 0.5  # how soon Ctrl-C is seen


@dataclass(frozen=True, slots=True)
class _Sent:
    """A chunk under way, and how many chunks had come back when it was sent."""

    chunk: Chunk
    started: int


@dataclass(frozen=True, slots=True)
class _Stored:
    """Who stored an image last, as the how-manieth chunk that came back, and from where."""

    number: int
    actor: int
    ref: ImageRef


class Dealer:
    """One ingest over a pool of actors."""

    def __init__(
        self,
        pool: Pool,
        refs: Iterable[ImageRef],
        size: int,
        on_failure: Callable[[ImageRef, Failure], None],
        journal: Journal | None,
    ) -> None:
        """``size``: references of a chunk."""
        self._pool, self._on_failure, self._journal = pool, on_failure, journal
        self._fresh = self._chunks(refs, size)
        self._again: deque[Chunk] = deque()
        self._under_way: dict[int, list[_Sent]] = {}
        self._returned = 0
        self._recent: dict[str, _Stored] = {}
        self._started, self._counts = time.perf_counter(), NOTHING
        self._error: BoxlensError | None = None
        self._interrupted = self._drained = False

    def run(self, stop: threading.Event, on_progress: Callable[[IngestReport], None]) -> None:
        """Until all is done. ``stop`` ends it after the batches under way. Raises what the references break off with,
        and what an actor met that ends the run; what was stored until then stays."""
        while True:
            if stop.is_set() and not self._interrupted:
                self._interrupted = True
                self._pool.stop()
            if not self._interrupted and self._error is None:
                self._deal()
            if not self._under_way and (self._interrupted or self._error or (self._drained and not self._again)):
                break
            for answer in self._pool.answers(_TURN_S):
                self._settle(answer)
            on_progress(self.report())
        if self._error is not None:
            raise self._error

    def report(self) -> IngestReport:
        seconds = time.perf_counter() - self._started
        return replace(self._counts, seconds=seconds, interrupted=self._interrupted)

    def _chunks(self, refs: Iterable[ImageRef], size: int) -> Iterator[Chunk]:
        """Without the references that an earlier run finished."""
        for batch in batched(refs, size):
            fresh = [ref for ref in batch if self._journal is None or not self._journal.done(ref)]
            self._counts = replace(self._counts, unchanged=self._counts.unchanged + len(batch) - len(fresh))
            if fresh:
                yield Chunk(tuple(map(movable, fresh)))

    # --- sending -----------------------------------------------------------------------------------------------------

    def _deal(self) -> None:
        """Fills up the actors, those with the least first; they get nothing beside a chunk that is under suspicion."""
        load = {actor: self._load(actor) for actor in self._pool.ready()}
        while load:
            actor = min(load, key=lambda number: load[number])
            chunk = self._next(idle=load[actor] == 0) if load[actor] < IN_FLIGHT else None
            if chunk is None:
                del load[actor]
                continue
            self._under_way.setdefault(actor, []).append(_Sent(chunk, self._returned))
            self._pool.send(actor, chunk)
            load[actor] = self._load(actor)

    def _load(self, actor: int) -> int:
        sent = self._under_way.get(actor, [])
        return IN_FLIGHT if any(item.chunk.losses for item in sent) else len(sent)

    def _next(self, *, idle: bool) -> Chunk | None:
        """A chunk that came back first; one over which an actor was lost only for an actor that has nothing else."""
        for chunk in self._again:
            if idle or not chunk.losses:
                self._again.remove(chunk)
                return chunk
        try:
            fresh = next(self._fresh, None)
        except BoxlensError as error:
            self._error, fresh = error, None
        self._drained = fresh is None
        return fresh

    # --- what came back ----------------------------------------------------------------------------------------------

    def _settle(self, answer: Answer) -> None:
        sent = self._under_way[answer.actor]
        item = next(item for item in sent if item.chunk is answer.chunk)
        sent.remove(item)
        if not sent:
            del self._under_way[answer.actor]
        self._returned += 1
        if answer.result is None:
            self._lose(answer.chunk)
        else:
            self._count(item, answer.actor, answer.result)
        oldest = min((item.started for sent in self._under_way.values() for item in sent), default=self._returned)
        while self._recent and (first := next(iter(self._recent))) and self._recent[first].number <= oldest:
            del self._recent[first]

    def _lose(self, chunk: Chunk) -> None:
        lost = replace(chunk, losses=chunk.losses + 1)
        if lost.losses < MOST_LOSSES:
            self._again.append(lost)
        elif len(chunk.refs) > 1:
            self._again.extend(replace(chunk, refs=(ref,), losses=1) for ref in chunk.refs)
        elif not chunk.repeated:
            (ref,) = chunk.refs
            reason = f"{MOST_LOSSES} actors were lost over it, one after the other."
            hint = "Look at the picture, and into the log of Ray on their machines; or leave it out."
            failed = replace(NOTHING, failed=1, reasons={"actor_lost": 1})
            self._counts = total(self._counts, failed)
            self._on_failure(ref, Failure(ref.uri, "actor", "actor_lost", reason, hint))

    def _count(self, item: _Sent, actor: int, result: ChunkResult) -> None:
        self._error = self._error or result.error
        if item.chunk.repeated:
            return
        self._counts = total(self._counts, result.report)
        for ref, failure in result.failures:
            self._on_failure(ref, failure)
        if self._journal is not None:
            self._journal.add([(settled.ref, settled.image_id) for settled in result.settled])
        for settled in result.settled:
            if settled.standing in ("stored", "updated"):
                self._meet(settled, actor, item.started)

    def _meet(self, settled: Settled, actor: int, started: int) -> None:
        """Two actors that stored the same bytes at the same time knew nothing of each other's words: both references
        come once more, and the second counts as what it is."""
        other = self._recent.pop(settled.image_id, None)
        self._recent[settled.image_id] = _Stored(self._returned, actor, settled.ref)
        if other is None or other.actor == actor or other.number <= started:
            return
        self._again.append(Chunk((other.ref, settled.ref), repeated=True))
        if settled.standing == "stored":
            self._counts = total(self._counts, replace(NOTHING, stored=-1, unchanged=1))
