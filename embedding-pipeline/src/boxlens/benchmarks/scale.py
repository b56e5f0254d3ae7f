"""What a collection of a given size costs: loading it, its bytes, its searches against bare kNN and exact answers.

All is measured in one run through the product's own index and searcher.

The collection is made up (``made_up``). Each request is asked in turns with the others, every time with another object
or label; Elasticsearch's memory of answered requests is emptied before facets, which would come from it otherwise.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from boxlens.benchmarks.clock import Clock, clocked
from boxlens.benchmarks.cost_model import PLANNED, fit, held_out
from boxlens.benchmarks.exact import ExactIndex, exact_lists
from boxlens.benchmarks.made_up import Example, MadeUpCollection
from boxlens.benchmarks.scale_result import BARE, OBJECT, TOP, ScaleResult, Times
from boxlens.domain.answers.hits import Answer
from boxlens.domain.errors import Unavailable
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import SearchIndex
from boxlens.domain.queries import ObjectClause, Part, Query, TextClause
from boxlens.embedded.node import EmbeddedElasticsearch
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.elasticsearch.writing.segments import segments
from boxlens.pipeline.model_set import Limits, ModelSet
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher
from boxlens.servers import EMBEDDED, DownloadProgress, Report
from boxlens.settings import Settings

SIZE = 20
_WARM_UP = 5
_COMMON = 6
_PROGRESS_S = 10.0
_NO_NETWORKS = ModelSet(detector=None, vit=None, clip=None, reader=None, limits=Limits(0, 1, 100, 1))


@contextmanager
def scratch_server(settings: Settings, on_download: DownloadProgress | None = None) -> Iterator[str]:
    """The server of the settings; instead of the embedded one of the data folder a new one, which is deleted again."""
    if settings.elasticsearch.url != EMBEDDED:
        yield settings.elasticsearch.url
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix="bench-", dir=settings.data_dir))
    chosen = settings.elasticsearch
    node = EmbeddedElasticsearch(folder, port=0, nodes=chosen.nodes, heap=chosen.heap)
    try:
        yield node.connect(progress=on_download)
    finally:
        node.close()
        shutil.rmtree(folder, ignore_errors=True)


def bench_sizes(
    settings: Settings,
    sizes: Sequence[int],
    dims: tuple[int, int],
    requests: int,
    report: Report,
    on_download: DownloadProgress | None = None,
) -> dict[str, Any]:
    """Each size by itself, and where there are several, a model of cost, its test on a size that was held out, and the
    plans that follow. ``dims``: of vit and clip. Raises as ``bench_scale``."""
    m, ordered = settings.index.m, sorted(set(sizes))
    with scratch_server(settings, on_download) as address:
        made = [MadeUpCollection(size, vit_dims=dims[0], clip_dims=dims[1]) for size in ordered]
        results = [bench_scale(address, settings, made_up, requests, report) for made_up in made]
    plans = [fit(results, m).plan(size) for size in PLANNED] if len(ordered) > 1 else []
    return {
        "sizes": [result.summary() | {"requests": result.requests} for result in results],
        "model and measurement of a size held out": held_out(results, m),
        "plans": plans,
    }


def bench_scale(
    address: str, settings: Settings, made_up: MadeUpCollection, requests: int, report: Report
) -> ScaleResult:
    """Loads the collection under a name of its own, measures, and drops it. Raises ElasticsearchAway, DiskFull."""
    clock = Clock()
    client = clocked(address, settings.elasticsearch, clock)
    prefix = f"bench-{uuid.uuid4().hex[:8]}"
    index = ElasticsearchIndex(client, settings.index, prefix=prefix)
    name = "scale"
    alias = f"{prefix}-{name}"  # of all indices of the collection
    try:
        index.create(name, made_up.pack)
        load_s, settle_s = load(index, name, made_up, report)
        report("Searching, in turns …")
        searcher = searcher_of(index, made_up)
        examples = made_up.examples(_WARM_UP + requests)
        searcher.warm(name)  # as a server does at its start
        started = time.perf_counter()
        answered(searcher, name, examples[0])
        first_search_ms = (time.perf_counter() - started) * 1000
        times, answers = ask(searcher, client, name, alias, made_up, examples, clock)
        report("Exact answers …")
        exact = ExactIndex(client, settings.index, prefix, exact_lists(made_up, examples))
        exact_searcher = searcher_of(exact, made_up)
        recall = image_recall(answers, [answered(exact_searcher, name, example) for example in examples])
        info = index.info(name)
        return ScaleResult(
            documents=made_up.documents,
            vit_dims=made_up.pack.vit_dims or 0,
            clip_dims=made_up.pack.clip_dims or 0,
            index_type=info.index_type,
            shards=info.shards,
            load_s=load_s,
            settle_s=settle_s,
            bytes_per_document=_bytes(client, alias) / made_up.documents,
            off_heap_bytes=_off_heap(client, alias),
            segments=_segments(client, alias),
            first_search_ms=first_search_ms,
            recall=recall,
            requests=[series.row(request) for request, series in times.items()],
        )
    finally:
        for collection in index.collections():
            index.drop(collection.name)
        client.close()


def load(index: ElasticsearchIndex, name: str, made_up: MadeUpCollection, report: Report) -> tuple[float, float]:
    """Writes the collection as an ingest does; seconds until all is stored, and until all is ready to be searched."""
    index.serving(name, loading=True)
    started = time.perf_counter()
    for result in index.write(name, _counted(made_up.objects(), made_up.documents, report)):
        if not result.ok:
            raise Unavailable(f"{result.object_id} was not stored: {result.reason}")
    stored = time.perf_counter()
    index.serving(name, loading=False)
    index.merge(name)
    return stored - started, time.perf_counter() - stored


def searcher_of(index: SearchIndex, made_up: MadeUpCollection) -> Searcher:
    """A searcher that needs no network: it is asked for stored objects and labels alone."""
    return Searcher(index, made_up.pack, QueryPipeline(_NO_NETWORKS), None, made_up.labels)


def ask(
    searcher: Searcher,
    client: Elasticsearch,
    name: str,
    alias: str,
    made_up: MadeUpCollection,
    examples: Sequence[Example],
    clock: Clock,
) -> tuple[dict[str, Times], list[list[str]]]:
    """Times of each kind of request, the first ``_WARM_UP`` turns left out, and the images answered by example."""
    labels = [label.id for label in made_up.labels]
    common = labels[:_COMMON]
    pairs = [(a, b) for a in common for b in common if a != b]
    answers: list[list[str]] = []
    times: dict[str, Times] = {}

    def clocked_call(request: str, call: Callable[[], Any]) -> Any:
        clock.take()
        started = time.perf_counter()
        answer = call()
        series = times.setdefault(request, Times())
        series.total.append((time.perf_counter() - started) * 1000)
        series.elasticsearch.append(clock.take().elasticsearch * 1000)
        return answer

    def search(request: str, query: Query) -> Answer:
        answer: Answer = clocked_call(request, lambda: searcher.search(name, query))
        return answer

    for turn, example in enumerate(examples):
        if turn == _WARM_UP:
            times.clear()
        clause = ObjectClause(example.object_id)
        filtered = Filter((Condition("label", any_of=(common[turn % _COMMON],)),))
        parts = tuple(Part(TextClause(label)) for label in pairs[turn % len(pairs)])
        answer = search(OBJECT, Query((clause,), size=SIZE))
        answers.append([hit.image.image_id for hit in answer.hits])
        search("a label", Query((TextClause(labels[turn % len(labels)]),), size=SIZE))
        search("an object under a label filter", Query((clause,), filter=filtered, size=SIZE))
        search("two common things (all_of)", Query((), all_of=parts, size=SIZE))
        client.indices.clear_cache(index=alias, request=True)
        clocked_call("facets of everything", lambda: searcher.facets(name, Query(())))
        clocked_call(BARE, partial(bare_knn, client, alias, example))
    return times, answers


def bare_knn(client: Elasticsearch, alias: str, example: Example) -> None:
    """What Elasticsearch itself takes for the two vectors of an object: k 20 of 100, nothing rescored, nothing read."""
    lines: list[dict[str, Any]] = []
    for name, vector in (("vit_vector", example.vit), ("clip_vector", example.clip)):
        knn = {"field": name, "query_vector": vector, "k": SIZE, "num_candidates": 100}
        lines += [{}, {"knn": knn, "size": SIZE, "_source": False}]
    client.msearch(index=alias, searches=lines)


def answered(searcher: Searcher, name: str, example: Example) -> list[str]:
    """The images of a page, best first."""
    answer = searcher.search(name, Query((ObjectClause(example.object_id),), size=SIZE))
    return [hit.image.image_id for hit in answer.hits]


def image_recall(answers: Sequence[Sequence[str]], exact: Sequence[Sequence[str]]) -> float:
    """Mean share 0..1 of the exact first ``TOP`` images that were answered among the first ``TOP``."""
    pairs = [(set(answer[:TOP]), set(best[:TOP])) for answer, best in zip(answers, exact, strict=True)]
    shares = [len(answer & best) / len(best) for answer, best in pairs]
    return float(np.mean(shares))


def _counted(objects: Iterator[IndexedObject], documents: int, report: Report) -> Iterator[IndexedObject]:
    started = last = time.perf_counter()
    for count, obj in enumerate(objects):
        now = time.perf_counter()
        if now - last > _PROGRESS_S:
            last = now
            report(f"{count:,} of {documents:,} documents, {count / (now - started):,.0f} a second …")
        yield obj


def _segments(client: Elasticsearch, alias: str) -> int:
    return segments(client.indices.stats(index=alias, metric="segments").body)


def _bytes(client: Elasticsearch, alias: str) -> int:
    """What the segments of the primaries take on the disk. The size that the statistics give may be ten seconds old
    (``index.store.stats_refresh_interval``)."""
    indices = client.indices.segments(index=alias)["indices"].values()
    shards = (shard for index in indices for shard in index["shards"].values())
    copies = (copy for shard in shards for copy in shard if copy["routing"]["primary"])
    return sum(segment["size_in_bytes"] for copy in copies for segment in copy["segments"].values())


def _off_heap(client: Elasticsearch, alias: str) -> int | None:
    stats = client.indices.stats(index=alias, metric="dense_vector")
    sizes = stats["_all"]["primaries"]["dense_vector"].get("off_heap", {})
    return int(sizes["total_size_bytes"]) if "total_size_bytes" in sizes else None
