"""The port of ingest engines, and the steps that every engine carries pictures through.

The steps are declared once, in ``arriving_steps`` and ``decoding_steps``. An engine decides only how they are run: one
after the other, or overlapping in threads.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from boxlens.domain.objects import IndexedObject
from boxlens.domain.references import ImageRef
from boxlens.pipeline.rows import Crop, Ended, Row
from boxlens.pipeline.stages import Stages

Outcome = tuple[IndexedObject, ...] | Ended
"""All objects of a picture, the frame first, or how the picture ended early."""


class IngestEngine(Protocol):
    """Carries pictures through the ingest stages. May be called from several threads at once."""

    def run(self, refs: Sequence[ImageRef], *, patient: bool = True) -> Iterator[Outcome]:
        """One outcome per reference, in order. The references must be distinct objects. ``patient`` waits as long as it
        takes for memory that other pictures hold; else what does not get it in time is an Outage.

        Raises nothing on account of a single picture: its outcome says what went wrong.
        """
        ...


@dataclass(frozen=True, slots=True)
class BatchSizes:
    """How many rows meet in one call: ``lookup`` pictures asked of the index, ``detect`` pictures, ``embed`` crops."""

    detect: int
    embed: int
    lookup: int = 16


@dataclass(frozen=True, slots=True)
class Step:
    """One stage as an engine runs it.

    ``kind`` says what ``work`` takes and gives: "map" a row to a row, "expand" a row to a list of rows, "batch" a list
    of at most ``size`` rows to a list of as many rows in the same order.
    """

    kind: Literal["map", "expand", "batch"]
    work: Callable[[Any], Any]
    size: int = 1


def arriving_steps(stages: Stages, sizes: BatchSizes) -> tuple[Step, ...]:
    """The way of a picture from its reference to its header. Nothing is decoded yet."""
    return (
        Step("map", stages.fetch),
        Step("batch", stages.skip_stored, sizes.lookup),
        Step("map", stages.measure),
    )


def decoding_steps(stages: Stages, sizes: BatchSizes) -> tuple[Step, ...]:
    """The way on to embedded crops; stages of roles that are off are left out."""
    models = stages.models
    steps = [
        Step("map", stages.open),
        Step("map", stages.keep),
        Step("batch", stages.detect, sizes.detect),
    ]
    if models.reader is not None:
        steps.append(Step("map", stages.read))
    steps.append(Step("expand", stages.cut))
    if models.vit is not None:
        steps.append(Step("batch", stages.embed_vit, sizes.embed))
    if models.clip is not None:
        steps.append(Step("batch", stages.embed_clip, sizes.embed))
    return tuple(steps)


def carried(step: Step, rows: list[Row]) -> list[Row]:
    """The rows of a run after one step, which is finished for all of them."""
    if step.kind == "map":
        return [step.work(row) for row in rows]
    if step.kind == "expand":
        return [out for row in rows for out in step.work(row)]
    return [out for at in range(0, len(rows), step.size) for out in step.work(rows[at : at + step.size])]


def outcomes(rows: Iterable[Row]) -> Iterator[Outcome]:
    """The outcome of each picture, from the rows that leave the last step.

    Rows of one picture stand together and share its reference object. A picture of which one crop failed in an encoder
    fails as a whole, so that half a picture is never stored.
    """
    for _, group in itertools.groupby(rows, key=lambda row: id(row.ref)):
        of_picture = list(group)
        ended = next((row for row in of_picture if isinstance(row, Ended)), None)
        yield ended or tuple(row.object for row in of_picture if isinstance(row, Crop))
