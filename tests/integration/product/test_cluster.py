"""Three Elasticsearch nodes of which one is killed while pictures come in and are searched."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from tests.contract.objects import PACK, VIT, frame, record, thing, unit

from boxlens.domain.answers.partial import partial_answers
from boxlens.domain.errors import BoxlensError, ElasticsearchAway
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.queries import RankedObject, VectorQuery, WordQuery
from boxlens.embedded.node import EmbeddedElasticsearch
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.settings import ElasticsearchSettings, IndexSettings

NODES = 3
SETTLED_S = 240
BEFORE, AFTER = 12, 12
"""Pictures that are to be acknowledged before the kill and after it."""
QUERIES: list[VectorQuery | WordQuery] = [VectorQuery("vit", unit(1, VIT), 10), WordQuery(("dog",), (), 10)]


def picture(name: str) -> list[IndexedObject]:
    image = record(name)
    return [frame(image), thing(image, 1), thing(image, 2, "cat")]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SETTLED_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answered(ask: Callable[[], list[RankedObject]]) -> list[RankedObject]:
    """The first answer that is not "later": the address of the killed node is tried now and then."""
    deadline = time.monotonic() + SETTLED_S
    while True:
        try:
            return ask()
        except ElasticsearchAway:
            assert time.monotonic() < deadline
            time.sleep(0.2)


@dataclass
class Traffic:
    """Pictures written one after the other, and searches beside them, until ``stop``; what came of both."""

    index: ElasticsearchIndex
    acknowledged: list[str] = field(default_factory=list)
    answers: int = 0
    refusals: list[BoxlensError] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        number = 0
        while not self.stop.is_set():
            image = picture(f"picture {number}")
            if self._tried(partial(self._put, image)):
                number += 1  # what was refused is written again, as an ingest does

    def _put(self, image: list[IndexedObject]) -> None:
        results = list(self.index.write("photos", image))
        if all(result.ok for result in results):
            self.acknowledged.append(image[0].image.image_id)

    def search(self) -> None:
        while not self.stop.is_set():
            self.answers += self._tried(lambda: self.index.search("photos", QUERIES))

    def _tried(self, work: Callable[[], object]) -> bool:
        try:
            work()
            return True
        except BoxlensError as error:
            self.refusals.append(error)
            return False


@dataclass
class Cluster:
    client: Elasticsearch
    pids: dict[str, int]

    def index(self, replicas: int) -> ElasticsearchIndex:
        return ElasticsearchIndex(self.client, IndexSettings(shards=NODES, replicas=replicas))

    def holder(self, index: str) -> str:
        """The node that has the first shard of an index."""
        shards: Any = self.client.cat.shards(index=index, format="json")
        return next(str(shard["node"]) for shard in shards if shard["shard"] == "0" and shard["prirep"] == "p")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    node = EmbeddedElasticsearch(tmp_path, nodes=NODES, heap="256m", short_lived=True)
    try:
        node.start(wait_s=500)
        status = node.status()
        assert status is not None
        client = connect(",".join(status.urls), ElasticsearchSettings())
        yield Cluster(client, {f"node-{number + 1}": pid for number, pid in enumerate(status.pids)})
        client.close()
    finally:
        node.close()


def test_a_node_that_is_killed_takes_nothing_acknowledged_with_it(cluster: Cluster) -> None:
    alone, copied = cluster.index(replicas=0), cluster.index(replicas=1)
    uncopied = alone.create("uncopied", PACK).index
    pictures = [picture(f"uncopied {number}") for number in range(9)]
    assert all(result.ok for result in alone.write("uncopied", [obj for image in pictures for obj in image]))
    alone.refresh("uncopied")
    copied.create("photos", PACK)
    cluster.client.cluster.health(wait_for_status="green", timeout=f"{SETTLED_S}s")

    traffic = Traffic(copied)
    with ThreadPoolExecutor(2) as threads:
        work = [threads.submit(traffic.write), threads.submit(traffic.search)]
        try:
            wait_until(lambda: len(traffic.acknowledged) >= BEFORE and traffic.answers > 0)
            os.kill(cluster.pids[cluster.holder(uncopied)], signal.SIGKILL)
            written, answers = len(traffic.acknowledged), traffic.answers
            wait_until(lambda: len(traffic.acknowledged) >= written + AFTER and traffic.answers > answers)
        finally:
            traffic.stop.set()
        for future in work:
            future.result()  # an adapter raises errors of Boxlens and nothing else

    assert all(isinstance(error, ElasticsearchAway) and error.retry_after_s for error in traffic.refusals)
    copied.refresh("photos")
    for image_id in traffic.acknowledged:
        assert len(copied.image("photos", image_id)) == 3
    seen = {entry.image_id for entry in copied.matching("photos", Filter(), 10_000)}
    assert seen >= set(traffic.acknowledged)

    # without a copy a part is gone: most is still found, and it is said
    wait_until(lambda: cluster.client.cluster.health(index=uncopied)["active_shards"] == NODES - 1)
    with partial_answers() as losses:
        objects = answered(lambda: alone.matching("uncopied", Filter(), 100))
    assert losses.shards == 1
    assert {entry.image_id for entry in objects} < {image[0].image.image_id for image in pictures}
    with pytest.raises(ElasticsearchAway):
        alone.matching("uncopied", Filter(), 100)
