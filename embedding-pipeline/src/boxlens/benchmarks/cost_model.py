"""A model of what a collection costs, fitted on measured sizes, and plans for sizes that nobody has measured.

Bytes grow with the documents. A kNN search walks a graph, whose ways grow with the logarithm of the documents (Malkov
and Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small world
graphs", 2016), and so does the work of putting one more document into it. So milliseconds of a search and seconds of a
document are fitted as ``a + b log2(documents)``, bytes as a constant. Vectors and graphs are to be in memory; how many
bytes these are follows from dims and index type.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boxlens.benchmarks.scale_result import OBJECT, ScaleResult
from boxlens.domain.errors import BadInput
from boxlens.domain.share_out import SHARD_DOCUMENTS, walked_bytes

PLANNED = (10_000_000, 100_000_000, 1_000_000_000)
"""Sizes that plans are made for."""

MACHINE_BYTES = 64 * 2**30
"""Memory of a machine of a plan, of which half is left to vectors and graphs."""


@dataclass(frozen=True, slots=True)
class CostModel:
    """``search_ms`` and ``document_s`` are the a and b of ``a + b log2(documents)``. All of one type, one setting of
    dims, and one machine."""

    bytes_per_document: float
    walked_bytes: float
    search_ms: tuple[float, float]
    document_s: tuple[float, float]
    fitted_on: tuple[int, ...]

    def milliseconds(self, documents: int) -> float:
        """Of a search by a stored object, p50."""
        return _at(self.search_ms, documents)

    def load_s(self, documents: int) -> float:
        """Seconds until so many are loaded and settled."""
        return documents * _at(self.document_s, documents)

    def plan(self, documents: int) -> dict[str, Any]:
        """What a collection of that size asks for. Shards are loaded side by side, one machine's cores each."""
        shards = max(1, math.ceil(documents / SHARD_DOCUMENTS))
        memory = documents * self.walked_bytes
        machines = max(1, math.ceil(memory / (MACHINE_BYTES / 2)))
        of_shard = math.ceil(documents / shards)
        return {
            "documents": documents,
            "shards": shards,
            f"machines of {MACHINE_BYTES // 2**30} GiB": machines,
            "disk, GB": round(documents * self.bytes_per_document / 1e9, 1),
            "vectors and graphs in memory, GB": round(memory / 1e9, 1),
            "hours to load, each machine as the one measured": round(
                shards * self.load_s(of_shard) / machines / 3600, 1
            ),
            "one shard's search, ms": round(self.milliseconds(of_shard)),
        }


def fit(results: Sequence[ScaleResult], m: int) -> CostModel:
    """Least squares over sizes of one type and dims. Raises BadInput with fewer than two sizes."""
    if len({result.documents for result in results}) < 2:
        raise BadInput("A model of cost needs two sizes or more.", hint="Give --documents several times.")
    first = results[0]
    logs = np.log2([result.documents for result in results])
    return CostModel(
        bytes_per_document=float(np.mean([result.bytes_per_document for result in results])),
        walked_bytes=walked_bytes(first.vit_dims, first.clip_dims, first.index_type, m),
        search_ms=_line(logs, [result.p50(OBJECT) for result in results]),
        document_s=_line(logs, [(result.load_s + result.settle_s) / result.documents for result in results]),
        fitted_on=tuple(result.documents for result in results),
    )


def held_out(results: Sequence[ScaleResult], m: int) -> dict[str, Any] | None:
    """A size in the middle against a model that was fitted on all others; None with fewer than three sizes."""
    if len(results) < 3:
        return None
    ordered = sorted(results, key=lambda result: result.documents)
    measured = ordered.pop(len(ordered) // 2)
    model = fit(ordered, m)
    return {
        "documents": measured.documents,
        "bytes a document": [round(model.bytes_per_document), round(measured.bytes_per_document)],
        "search p50 ms": [round(model.milliseconds(measured.documents), 1), measured.p50(OBJECT)],
        "load s": [round(model.load_s(measured.documents)), round(measured.load_s + measured.settle_s)],
    }


def _line(logs: np.ndarray[tuple[int], np.dtype[np.float64]], values: Sequence[float]) -> tuple[float, float]:
    slope, start = np.polyfit(logs, values, 1)
    return float(start), float(slope)


def _at(line: tuple[float, float], documents: int) -> float:
    start, slope = line
    return max(0.0, start + slope * math.log2(documents))
