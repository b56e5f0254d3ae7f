"""The engine without a library: each step is finished for all pictures of a group before the next one begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from boxlens.domain.references import ImageRef
from boxlens.pipeline.engine import BatchSizes, Outcome, arriving_steps, carried, decoding_steps
from boxlens.pipeline.picture_groups import decoded_in_groups
from boxlens.pipeline.rows import Row
from boxlens.pipeline.stages import Stages


class SequentialEngine:
    """Runs the steps in the calling thread."""

    def __init__(self, stages: Stages, sizes: BatchSizes) -> None:
        self._arriving, self._decoding = arriving_steps(stages, sizes), decoding_steps(stages, sizes)

    def run(self, refs: Sequence[ImageRef], *, patient: bool = True) -> Iterator[Outcome]:
        """One outcome per reference, in order."""
        rows: list[Row] = list(refs)  # type: ignore[arg-type]  # the first step makes rows of references
        for step in self._arriving:
            rows = carried(step, rows)
        return decoded_in_groups(rows, self._decoded, patient=patient)

    def _decoded(self, rows: list[Row]) -> list[Row]:
        for step in self._decoding:
            rows = carried(step, rows)
        return rows
