"""The engine over a Towhee graph. The only file that imports Towhee.

Crops of many pictures meet in one batch of each encoder, steps overlap in threads, and order is kept. Towhee's queues
are unbounded within one run, so a run is given a chunk of pictures, of which a group that fits into the memory goes
through the graph at a time, and two runs overlap: memory stays constant.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from boxlens.domain.references import ImageRef
from boxlens.pipeline.engine import BatchSizes, Outcome, Step, arriving_steps, carried, decoding_steps
from boxlens.pipeline.picture_groups import decoded_in_groups
from boxlens.pipeline.rows import Row
from boxlens.pipeline.stages import Stages

with warnings.catch_warnings():  # towhee imports pkg_resources and Pydantic V1 names
    warnings.simplefilter("ignore")
    from towhee import ops, pipe, register
    from towhee.runtime.runtime_pipeline import RuntimePipeline

_numbers = itertools.count()


class TowheeEngine:
    """Runs what decodes as nodes of a Towhee graph, with a thread for every node of two overlapping runs. What comes
    before, up to the headers, is done by the calling thread: the look-up needs all of them anyway."""

    def __init__(self, stages: Stages, sizes: BatchSizes) -> None:
        self._arriving = arriving_steps(stages, sizes)
        graph = pipe.input("rows").flat_map("rows", "row", _operator(_items))
        for step in decoding_steps(stages, sizes):
            graph = _append(graph, step)
        dag = graph.output("row").dag_repr
        # Towhee's default pool has fewer threads than two runs have nodes, and then they starve each other
        self._run = RuntimePipeline(dag, max_workers=2 * len(dag.nodes))

    def run(self, refs: Sequence[ImageRef], *, patient: bool = True) -> Iterator[Outcome]:
        """One outcome per reference, in order."""
        rows: list[Row] = list(refs)  # type: ignore[arg-type]  # the first step makes rows of references
        for step in self._arriving:
            rows = carried(step, rows)
        return decoded_in_groups(rows, self._decoded, patient=patient)

    def _decoded(self, rows: list[Row]) -> list[Row]:
        queue = self._run(rows)
        return [queue.get()[0] for _ in range(queue.size)]


def _append(graph: Any, step: Step) -> Any:
    operator = _operator(step.work)
    if step.kind == "map":
        return graph.map("row", "row", operator)
    if step.kind == "expand":
        return graph.flat_map("row", "row", operator)
    batches = graph.window("row", "rows", step.size, step.size, operator)
    return batches.flat_map("rows", "row", _operator(_items))


def _operator(work: Callable[..., Any]) -> Any:
    """A callable as a local Towhee operator under a name of its own.

    It is registered by name because Towhee deep-copies whatever is handed to a graph, networks included.
    """
    name = f"{work.__name__.strip('_').replace('_', '-')}-{next(_numbers)}"
    register(name=f"boxlens/{name}")(work)
    return getattr(ops.boxlens, name)()


def _items(rows: list[Any]) -> list[Any]:
    return rows
