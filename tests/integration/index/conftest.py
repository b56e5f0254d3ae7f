"""Collections that outgrow an index with every few documents, and processes that work on them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from elastic_transport import Urllib3HttpNode
from elasticsearch import Elasticsearch

from boxlens.index.elasticsearch.admin import reindex, rollover
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.elasticsearch.writing.bulk import RetryPolicy
from boxlens.settings import ElasticsearchSettings, IndexSettings

BOUND = 12


@dataclass
class Processes:
    """Makes adapters on the same collections, each as a process of its own would be."""

    url: str
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    clients: list[Elasticsearch] = field(default_factory=list)

    def start(self, node: type[Urllib3HttpNode] = Urllib3HttpNode, bound: int = BOUND) -> ElasticsearchIndex:
        client = connect(self.url, ElasticsearchSettings(), node_class=node)
        self.clients.append(client)
        settings = IndexSettings(type="int8_flat", shard_documents=bound)
        retry = RetryPolicy(most_bytes=10_000, requests=2, first_wait_s=0.02)
        return ElasticsearchIndex(client, settings, prefix=self.prefix, retry=retry)

    def states(self, collection: str = "photos") -> list[str]:
        """The last word of each alias that tells what an index is for, of all indices named for a collection."""
        indices = self.clients[0].indices.get_alias(index=f"{self.prefix}-{collection}-*").body
        last = [alias.rpartition(".")[2] for index in indices.values() for alias in index["aliases"]]
        return sorted(word for word in last if word in ("new", "open", "held", "closing", "full"))


@pytest.fixture
def processes(elasticsearch_url: str) -> Iterator[Processes]:
    made = Processes(elasticsearch_url)
    made.start()
    yield made
    for index in made.clients[0].indices.get(index=f"{made.prefix}-*").body:
        made.clients[0].indices.delete(index=index)
    for client in made.clients:
        client.close()


@pytest.fixture
def start(processes: Processes) -> Callable[..., ElasticsearchIndex]:
    return processes.start


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits until others have looked again: what a process remembers may be wrong at any moment."""
    monkeypatch.setattr(rollover, "GRACE_S", 0.0)
    monkeypatch.setattr(reindex, "GRACE_S", 0.0)
