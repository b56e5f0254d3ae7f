"""What travels between the driver and the actors: references on their way, and what became of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from boxlens.domain.errors import BoxlensError
from boxlens.domain.references import REMOTE, ImageRef
from boxlens.domain.reports import Failure, IngestReport, Stage
from boxlens.ingest.run import Settled


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """References that travel together. ``losses``: actors that were lost while they had it. ``repeated``: its pictures
    are counted already, and come once more so that the words of all their places are kept."""

    refs: tuple[ImageRef, ...]
    losses: int = 0
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What became of a chunk: counts of this chunk alone, failures, what is stored now, and the error that ends the
    run."""

    report: IngestReport
    failures: Sequence[tuple[ImageRef, Failure]]
    settled: Sequence[Settled]
    error: BoxlensError | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an actor gave back for a chunk; ``result`` is None when the actor was lost meanwhile."""

    actor: int
    chunk: Chunk
    result: ChunkResult | None


class Pool(Protocol):
    """Actors that take chunks. Called from one thread."""

    def ready(self) -> Collection[int]:
        """The actors that take chunks now."""
        ...

    def send(self, actor: int, chunk: Chunk) -> None: ...

    def answers(self, timeout_s: float) -> Sequence[Answer]:
        """What came back since the last call; waits for the first. Raises BoxlensError when no actor is left."""
        ...

    def stop(self) -> None:
        """Asks all actors to end after the batches under way."""
        ...


def movable(ref: ImageRef) -> ImageRef:
    """A reference that means the same on another machine, where files are at the same paths."""
    local = ref.problem is None and ref.data is None and not ref.uri.startswith(REMOTE)
    return replace(ref, uri=os.path.abspath(ref.uri)) if local else ref  # noqa: PTH100 - Path drops "./" and bytes alike


_COUNTS = ("stored", "updated", "unchanged", "failed", "objects", "deleted", "repaired", "unsure")


def total(a: IngestReport, b: IngestReport, sign: int = 1) -> IngestReport:
    """The counts, reasons and stages of both; with a ``sign`` of -1 those of ``a`` without those of ``b``. The rest is
    from ``a``."""
    counts = {name: getattr(a, name) + sign * getattr(b, name) for name in _COUNTS}
    reasons = {code: a.reasons.get(code, 0) + sign * b.reasons.get(code, 0) for code in {**a.reasons, **b.reasons}}
    stages = {stage.name: stage for stage in a.stages}
    for stage in b.stages:
        before = stages.get(stage.name, Stage(stage.name, 0, 0.0))
        items, seconds = before.items + sign * stage.items, before.seconds + sign * stage.seconds
        stages[stage.name] = Stage(stage.name, items, seconds)
    return replace(a, **counts, reasons={c: n for c, n in reasons.items() if n}, stages=tuple(stages.values()))


NOTHING = IngestReport(0, 0, 0, 0, 0, 0.0, ())
