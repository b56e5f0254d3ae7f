"""What of a request's time is spent waiting for Elasticsearch, and what inside networks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from elastic_transport import Urllib3HttpNode
from elasticsearch import Elasticsearch

from boxlens.index.elasticsearch.client import connect
from boxlens.settings import ElasticsearchSettings


@dataclass(slots=True)
class Clock:
    """Seconds spent waiting for Elasticsearch and inside networks since ``take``; one request at a time."""

    elasticsearch: float = 0.0
    models: float = 0.0
    models_cpu: float = 0.0

    def take(self) -> Clock:
        """What was counted since the last call."""
        reading = Clock(self.elasticsearch, self.models, self.models_cpu)
        self.elasticsearch = self.models = self.models_cpu = 0.0
        return reading


def clocked(address: str, settings: ElasticsearchSettings, clock: Clock) -> Elasticsearch:
    """A client whose every call is counted."""

    class Node(Urllib3HttpNode):
        def perform_request(self, *arguments: Any, **more: Any) -> Any:
            started = time.perf_counter()
            try:
                return super().perform_request(*arguments, **more)
            finally:
                clock.elasticsearch += time.perf_counter() - started

    return connect(address, settings, node_class=Node)
