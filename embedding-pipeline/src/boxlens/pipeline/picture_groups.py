"""The pictures of a run in groups that are decoded within the memory that all pictures of this process may take.

A group holds its pictures while their batches fill up. So it reserves what all of them take before any is decoded, and
holds nothing while it waits: groups never wait for one another with their hands full, and none waits for itself. The
pixels stay reserved until they are freed: a thread that has handed a picture on may hold it a moment longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from boxlens.domain.errors import Unavailable
from boxlens.imaging.decoding import own_errors
from boxlens.pipeline.engine import Outcome, outcomes
from boxlens.pipeline.rows import Ended, Measured, Row
from boxlens.pipeline.stages import ended_by
from picture_decoding import MemoryBudget, Reservation, memory_together, process_budget

SHARE = 2
"""A group takes at most one of so many parts of the memory, so that two runs overlap; a larger picture goes alone."""


def decoded_in_groups(
    rows: Sequence[Row],
    decode: Callable[[list[Row]], list[Row]],
    *,
    patient: bool,
    budget: MemoryBudget = process_budget,
) -> Iterator[Outcome]:
    """The outcomes of rows that have arrived, in their order. ``decode`` carries a group on to embedded crops."""
    for group in picture_groups(rows, budget.together // SHARE):
        try:
            with own_errors(), budget.reserve(memory_of(group), patient=patient) as memory:
                # whole, because whoever takes the outcomes may take its time
                ended = list(outcomes(decode([_with_memory(row, memory) for row in group])))
        except Unavailable as error:
            ended = [row if isinstance(row, Ended) else ended_by(row.ref, "decode", error) for row in group]
        yield from ended


def _with_memory(row: Row, memory: Reservation) -> Row:
    return replace(row, memory=memory) if isinstance(row, Measured) else row


def picture_groups(rows: Sequence[Row], limit: int) -> Iterator[list[Row]]:
    """The rows in groups of which each takes at most ``limit`` bytes of memory, or is a single picture."""
    group: list[Row] = []
    for row in rows:
        if group and memory_of([*group, row]) > limit:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def memory_of(rows: Sequence[Row]) -> int:
    """Bytes that decoding these rows takes, all of them kept; 0 where there is nothing to decode."""
    return memory_together([row.picture for row in rows if isinstance(row, Measured)])
