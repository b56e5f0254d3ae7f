"""What a search costs beyond its networks and Elasticsearch, measured in one run over HTTP.

Overhead is the time a client waits less the time inside the networks and the time waited for Elasticsearch of that very
request: encoding and decoding, fusing, grouping and HTTP are overhead. The client is that of Python's own library,
which takes little itself; httpx took one to two milliseconds more. On a busy machine much of the overhead is waiting
for a processor, so the processor time that it took, client included, stands beside it. A request of four clauses is set
against the slowest of the four asked alone: all its lists go out in one call. ``all_of`` asks for two of the most
common labels in one image, and "two names" for the same by a text that names both: that is set against the slower of
the two names alone.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import orjson

from boxlens.benchmarks.clock import Clock, clocked
from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import BadSource, Unavailable
from boxlens.domain.filters import Filter
from boxlens.domain.objects import Vector
from boxlens.domain.ports import TextEncoder
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher
from boxlens.wiring import Boxlens

SIZE = 20
_WARM_UP = 10
_COMMON = 8
_MOST_OBJECTS = 300
"""How many stored objects are asked for; each is another query, so that no cache answers."""


class Measured(Boxlens):
    """Boxlens with the pack of one collection, whose calls of Elasticsearch and of the text network are clocked."""

    def __init__(self, boxlens: Boxlens, collection: str) -> None:
        settings = boxlens.settings.model_copy(update={"pack": boxlens.index.setup(collection).pack.name})
        self.clock = Clock()
        client = clocked(boxlens.addresses.elasticsearch, settings.elasticsearch, self.clock)
        super().__init__(settings, boxlens.addresses, index=ElasticsearchIndex(client, settings.index))

    def for_collection(self, collection: str | CollectionSet, *, fresh: bool = False) -> Boxlens:
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
    boxlens: Measured, collection: str, address: str, requests: int, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Times of the collection's searches, asked at ``address``, where ``boxlens`` is served by this process.

    Raises NotFound, and BadSource when the collection has too few objects to ask for.
    """
    words = _words(boxlens, collection)
    objects = [document.object_id for document in boxlens.index.matching(collection, Filter(), _MOST_OBJECTS)]
    if len(objects) < 4 or not words:
        raise BadSource(f"{collection} has {len(objects)} objects.", hint="Ingest some pictures: boxlens ingest FOLDER")
    keys = boxlens.settings.api.keys
    headers = {"X-API-Key": keys[0].get_secret_value()} if keys else {}
    headers["Content-Type"] = "application/json"
    with closing(HTTPConnection(urlsplit(address).netloc, timeout=60)) as client:

        def ask(series: Series, subjects: Sequence[dict[str, Any]], field: str = "clauses") -> None:
            boxlens.clock.take()
            body = orjson.dumps({field: subjects, "size": SIZE, "min_relevance": None})
            started, spent = time.perf_counter(), time.process_time()
            client.request("POST", f"/v1/collections/{quote(collection)}/search", body, headers)
            answer = client.getresponse()
            content = answer.read()
            seconds, cpu = time.perf_counter() - started, time.process_time() - spent
            if answer.status != 200:
                raise Unavailable(f"A search was answered with {answer.status}: {content[:300].decode()}")
            series.add(seconds, cpu, boxlens.clock.take(), orjson.loads(content)["took_ms"])

        progress("Warming up …")
        for turn in range(_WARM_UP):
            ask(Series(), _four(objects, words, turn))
            ask(Series(), _two(words, turn), "all_of")
        kinds = {name: Series() for name in ("object", "text", "four clauses", "all_of", "two names")}
        slowest, slower_name = Series(), Series()
        progress(f"{requests} requests of each kind, in turns …")
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
            ask(kinds["two names"], [_together(_two(words, turn))])
            alone = Series()
            for name in _two(words, turn):
                ask(alone, [name])
            slower_name.total.append(max(alone.total))
            slower_name.elasticsearch.append(max(alone.elasticsearch))
    return _summary(boxlens, collection, kinds, slowest, requests) | _names(kinds["two names"], slower_name)


def _words(boxlens: Boxlens, collection: str) -> list[str]:
    """The labels of the collection, or of its pack."""
    counted = boxlens.index.facets(collection, Filter()).get("label", {})
    return list(counted) or [label.id for label in boxlens.for_collection(collection).labels]


def _four(objects: Sequence[str], words: Sequence[str], turn: int) -> list[dict[str, Any]]:
    """Three stored objects and a text, other ones at each turn."""
    picks = [{"object_id": objects[(3 * turn + i) % len(objects)]} for i in range(3)]
    return [*picks, {"text": words[turn % len(words)]}]


def _two(words: Sequence[str], turn: int) -> list[dict[str, Any]]:
    """Two of the most common words, another pair at each turn."""
    common = words[:_COMMON]
    step = 1 + turn // len(common) % max(1, len(common) - 1)
    return [{"text": common[turn % len(common)]}, {"text": common[(turn + step) % len(common)]}]


def _together(names: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several texts as one."""
    return {"text": " ".join(name["text"] for name in names)}


def _names(together: Series, alone: Series) -> dict[str, Any]:
    """Two names in one text against the slower of them."""
    return {
        "two names over the slower name": round(_p50(together.total) / _p50(alone.total), 2),
        "the same in Elasticsearch": round(_p50(together.elasticsearch) / _p50(alone.elasticsearch), 2),
    }


def _summary(
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
