"""Prometheus metrics in a registry of their own: requests per route, stages of searches, work of the pipeline."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from boxlens.api.services import Services

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Metrics:
    """What one process of the API counts; times in seconds."""

    def __init__(self, services: Services) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "boxlens_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "boxlens_request_seconds", "Time to answer", ["route", "method"], buckets=_BUCKETS, registry=self.registry
        )
        self.search = Histogram(
            "boxlens_search_stage_seconds",
            "Time of each stage of a search",
            ["stage"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Stages(services))

    def searched(self, took_ms: Mapping[str, float]) -> None:
        """Count the stages of one search."""
        for stage, milliseconds in took_ms.items():
            self.search.labels(stage).observe(milliseconds / 1000)

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        return generate_latest(self.registry)


class _Stages(Collector):
    """Reads what the pipeline counted itself at the moment of scraping."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[CounterMetricFamily]:
        items = CounterMetricFamily("boxlens_stage_items", "Items through a stage of the pipeline", labels=["stage"])
        seconds = CounterMetricFamily(
            "boxlens_stage_seconds", "Time spent in a stage of the pipeline", labels=["stage"]
        )
        for name, stage in self._services.stages().items():
            items.add_metric([name], stage.items)
            seconds.add_metric([name], stage.seconds)
        yield items
        yield seconds
        remembered = CounterMetricFamily(
            "boxlens_query_lookups",
            "Texts, boxes and pictures of queries that were remembered (hit) or went to a network (miss)",
            labels=["of", "result"],
        )
        for name, lookups in self._services.lookups().items():
            remembered.add_metric([name, "hit"], lookups.hits)
            remembered.add_metric([name, "miss"], lookups.misses)
        yield remembered

    def describe(self) -> Iterator[CounterMetricFamily]:
        return iter(())


class CountRequests:
    """Counts every request by its route template, never by its path: ids must not become labels, nor must methods that
    a client makes up, as each label is held for good."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin = time.perf_counter()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if route != "other" and scope["method"] in _METHODS else "any"
            self._metrics.requests.labels(route, method, str(status)).inc()
            self._metrics.seconds.labels(route, method).observe(time.perf_counter() - begin)
