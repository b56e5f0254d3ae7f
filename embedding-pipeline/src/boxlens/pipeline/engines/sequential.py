"""The engine without a library: each step is finished for all pictures of a run before the next one begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from boxlens.domain.references import ImageRef
from boxlens.pipeline.engine import BatchSizes, Outcome, Step, ingest_steps, outcomes
from boxlens.pipeline.rows import Row
from boxlens.pipeline.stages import Stages


class SequentialEngine:
    """Runs the steps in the calling thread. Memory grows with the number of references given to one ``run``."""

    def __init__(self, stages: Stages, sizes: BatchSizes) -> None:
        self._steps = ingest_steps(stages, sizes)

    def run(self, refs: Sequence[ImageRef]) -> Iterator[Outcome]:
        """One outcome per reference, in order."""
        rows: list[Row] = list(refs)  # type: ignore[arg-type]  # the first step makes rows of references
        for step in self._steps:
            rows = _apply(step, rows)
        return outcomes(rows)


def _apply(step: Step, rows: list[Row]) -> list[Row]:
    if step.kind == "map":
        return [step.work(row) for row in rows]
    if step.kind == "expand":
        return [out for row in rows for out in step.work(row)]
    return [out for at in range(0, len(rows), step.size) for out in step.work(rows[at : at + step.size])]
