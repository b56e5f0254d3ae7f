"""What a search costs beyond its networks and Elasticsearch, measured in one run over HTTP.

Overhead is the time a client waits less the time inside the networks and the time waited for Elasticsearch of that
very request: encoding and decoding, fusing, grouping and HTTP are overhead. On a busy machine much of it is waiting for
a processor, so the processor time that it took, client included, stands beside it. A request of four clauses is set
against the slowest of the four asked alone: all its lists go out in one call. ``all_of`` asks for two of the most
common labels in one image.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpx
import numpy as np
from elastic_transport import Urllib3HttpNode

from embedding_pipeline.domain import Vector
from embedding_pipeline.errors import BadSource, Unavailable
from embedding_pipeline.pipeline.graph import QueryPipeline
from embedding_pipeline.ports import TextEncoder
from embedding_pipeline.queries import Filter
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_client import connect
from embedding_pipeline.wiring import Boxlens

SIZE = 20
_WARM_UP = 10
_COMMON = 8
_MOST_OBJECTS = 300
"""How many stored objects are asked for; each is another query, so that no cache answers."""


@dataclass(slots=True)
class Clock:
    """Seconds spent waiting for Elasticsearch and inside networks since ``take``; one request at a time."""

    elasticsearch: float = 0.0
    models: float = 0.0
    models_cpu: float = 0.0

    def take(self) -> Clock:
        """What was counted since the last call."""
        told = Clock(self.elasticsearch, self.models, self.models_cpu)
        self.elasticsearch = self.models = self.models_cpu = 0.0
        return told


class Measured(Boxlens):
    """Boxlens with the pack of one collection, whose calls of Elasticsearch and of the text network are clocked."""

    def __init__(self, boxlens: Boxlens, collection: str) -> None:
        settings = boxlens.settings.model_copy(update={"pack": boxlens.index.setup(collection).pack.name})
        self.clock = Clock()
        clock = self.clock

        class Node(Urllib3HttpNode):
            def perform_request(self, *arguments: Any, **more: Any) -> Any:
                started = time.perf_counter()
                try:
                    return super().perform_request(*arguments, **more)
                finally:
                    clock.elasticsearch += time.perf_counter() - started

        client = connect(boxlens.addresses.elasticsearch, settings.elasticsearch, node_class=Node)
        super().__init__(settings, boxlens.addresses, index=ElasticIndex(client, settings.index))

    def at(self, collection: str, *, fresh: bool = False) -> Boxlens:
        return self

    @cached_property
    def searcher(self) -> Searcher:
        pack = self.loaded
        texts = None if pack.clip_text is None else _ClockedTexts(pack.clip_text, self.clock)
        return Searcher(self.index, self.pack, QueryPipeline(self.networks), texts, pack.labels)


@dataclass(frozen=True, slots=True)
class _ClockedTexts:
    inner: TextEncoder
    clock: Clock

    @property
    def dims(self) -> int:
        return self.inner.dims

    def encode_texts(self, texts: Sequence[str]) -> Vector:
        started, spent = time.perf_counter(), time.process_time()
        vectors = self.inner.encode_texts(texts)
        self.clock.models += time.perf_counter() - started
        self.clock.models_cpu += time.process_time() - spent
        return vectors


@dataclass(slots=True)
class Series:
    """Milliseconds of many requests of one kind."""

    total: list[float] = field(default_factory=list)
    elasticsearch: list[float] = field(default_factory=list)
    models: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)

    def add(self, seconds: float, cpu: float, clock: Clock, stages: dict[str, float]) -> None:
        self.total.append(seconds * 1000)
        self.elasticsearch.append(clock.elasticsearch * 1000)
        self.models.append(clock.models * 1000)
        self.cpu.append((cpu - clock.models_cpu) * 1000)
        for name, value in stages.items():
            self.stages.setdefault(name, []).append(value)

    @property
    def overhead(self) -> list[float]:
        return [t - e - m for t, e, m in zip(self.total, self.elasticsearch, self.models, strict=True)]


def bench_search(
    boxlens: Measured, collection: str, address: str, requests: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Times of the collection's searches, asked at ``address``, where ``boxlens`` is served by this process.

    Raises NotFound, and BadSource when the collection has too few objects to ask for.
    """
    words = _words(boxlens, collection)
    objects = [found.object_id for found in boxlens.index.matching(collection, Filter(), _MOST_OBJECTS)]
    if len(objects) < 4 or not words:
        raise BadSource(f"{collection} has {len(objects)} objects.", hint="Ingest some pictures: boxlens ingest FOLDER")
    keys = boxlens.settings.api.keys
    headers = {"X-API-Key": keys[0].get_secret_value()} if keys else {}
    with httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as client:

        def ask(series: Series, subjects: Sequence[dict[str, Any]], field: str = "clauses") -> None:
            boxlens.clock.take()
            body = {field: subjects, "size": SIZE, "min_relevance": None}
            started, spent = time.perf_counter(), time.process_time()
            answer = client.post(f"/v1/collections/{collection}/search", json=body)
            seconds, cpu = time.perf_counter() - started, time.process_time() - spent
            if answer.status_code != 200:
                raise Unavailable(f"A search was answered with {answer.status_code}: {answer.text[:300]}")
            series.add(seconds, cpu, boxlens.clock.take(), answer.json()["took_ms"])

        say("Warming up …")
        for turn in range(_WARM_UP):
            ask(Series(), _four(objects, words, turn))
            ask(Series(), _two(words, turn), "all_of")
        kinds = {"object": Series(), "text": Series(), "four clauses": Series(), "all_of": Series()}
        slowest = Series()
        say(f"{requests} requests of each kind, in turns …")
        for turn in range(requests):
            four = _four(objects, words, turn)
            ask(kinds["object"], four[:1])
            ask(kinds["text"], four[-1:])
            ask(kinds["four clauses"], four)
            ask(kinds["all_of"], _two(words, turn), "all_of")
            alone = Series()
            for clause in four:
                ask(alone, [clause])
            slowest.elasticsearch.append(max(alone.elasticsearch))
    return _told(boxlens, collection, kinds, slowest, requests)


def _words(boxlens: Boxlens, collection: str) -> list[str]:
    """The labels of the collection, or of its pack."""
    counted = boxlens.index.facets(collection, Filter()).get("label", {})
    return list(counted) or [label.id for label in boxlens.at(collection).labels]


def _four(objects: Sequence[str], words: Sequence[str], turn: int) -> list[dict[str, Any]]:
    """Three stored objects and a text, other ones at each turn."""
    picks = [{"object_id": objects[(3 * turn + i) % len(objects)]} for i in range(3)]
    return [*picks, {"text": words[turn % len(words)]}]


def _two(words: Sequence[str], turn: int) -> list[dict[str, Any]]:
    """Two of the most common words, another pair at each turn."""
    common = words[:_COMMON]
    step = 1 + turn // len(common) % max(1, len(common) - 1)
    return [{"text": common[turn % len(common)]}, {"text": common[(turn + step) % len(common)]}]


def _told(
    boxlens: Boxlens, collection: str, kinds: dict[str, Series], slowest: Series, requests: int
) -> dict[str, Any]:
    rows = []
    for name, series in kinds.items():
        parts = {"total": series.total, "elasticsearch": series.elasticsearch, "models": series.models}
        parts |= {"overhead": series.overhead, "overhead cpu": series.cpu}
        rows.append({"request": name} | {f"{part} p50": _p50(times) for part, times in parts.items()})
    four, alone = _p50(kinds["four clauses"].elasticsearch), _p50(slowest.elasticsearch)
    stages = {name: _p50(times) for name, times in kinds["four clauses"].stages.items()}
    info = boxlens.index.info(collection)
    return {
        "requests": rows,
        "overhead beyond networks and Elasticsearch, p50 ms": max(row["overhead p50"] for row in rows[:2]),
        "four clauses, Elasticsearch p50 ms": four,
        "slowest clause alone, Elasticsearch p50 ms": alone,
        "four clauses over slowest clause": round(four / alone, 2),
        "stages of four clauses, p50 ms": stages,
        "size": SIZE,
        "requests of each kind": requests,
        "images": info.images,
        "objects": info.objects,
        "pack": info.pack,
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "date": datetime.now(UTC).date().isoformat(),
    }


def _p50(times: Sequence[float]) -> float:
    return round(float(np.percentile(times, 50)), 2)
