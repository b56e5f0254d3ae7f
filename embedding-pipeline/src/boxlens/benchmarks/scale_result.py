"""What is measured of a made-up collection of one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from boxlens.domain.collections import IndexType

TOP = 10
BARE = "bare kNN, k 20 of 100, both vectors"
OBJECT = "a stored object"


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of the requests of one kind, whole and waiting for Elasticsearch."""

    total: list[float] = field(default_factory=list)
    elasticsearch: list[float] = field(default_factory=list)

    def row(self, request: str) -> dict[str, Any]:
        return {
            "request": request,
            "p50 ms": _percentile(self.total, 50),
            "p90 ms": _percentile(self.total, 90),
            "of it Elasticsearch p50 ms": _percentile(self.elasticsearch, 50),
        }


@dataclass(frozen=True, slots=True)
class ScaleResult:
    """One size. ``bytes_per_document``: on disk. ``off_heap_bytes``: of vectors and graphs that a search wants in
    memory, None where the server does not tell. ``recall``: of the exact first ten images of a search by a stored
    object, the share that was answered."""

    documents: int
    vit_dims: int
    clip_dims: int
    index_type: IndexType
    shards: int
    load_s: float
    settle_s: float
    bytes_per_document: float
    off_heap_bytes: int | None
    segments: int
    first_search_ms: float
    recall: float
    requests: list[dict[str, Any]]

    @property
    def documents_per_second(self) -> float:
        return self.documents / self.load_s

    def p50(self, request: str) -> float:
        return float(next(row["p50 ms"] for row in self.requests if row["request"] == request))

    def summary(self) -> dict[str, Any]:
        """Everything beside the requests, by the words it is printed with."""
        return {
            "documents": self.documents,
            "dims": f"{self.vit_dims} + {self.clip_dims}",
            "index type": self.index_type,
            "shards": self.shards,
            "load, documents/s": round(self.documents_per_second),
            "settled after the load, s": round(self.settle_s, 1),
            "loaded and settled, documents/s": round(self.documents / (self.load_s + self.settle_s)),
            "bytes a document on disk": round(self.bytes_per_document),
            "bytes a document off heap": None
            if self.off_heap_bytes is None
            else round(self.off_heap_bytes / self.documents),
            "segments": self.segments,
            "first search ms": round(self.first_search_ms),
            f"recall@{TOP} by image": round(self.recall, 4),
            "a stored object over bare kNN": round(self.p50(OBJECT) / self.p50(BARE), 2),
        }


def _percentile(times: Sequence[float], percent: int) -> float:
    return round(float(np.percentile(times, percent)), 2)
