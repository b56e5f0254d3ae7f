"""Two who change the same image at the same time, as two processes do: whatever comes between, it ends whole."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

import pytest
from tests.contract.objects import PACK
from tests.integration.index.contention import CHANGES, ID, PausedNode, broken, deletes, version, writes
from tests.parts import MemoryStore

from boxlens.domain.errors import ElasticsearchAway
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.elasticsearch.writing.bulk import RetryPolicy
from boxlens.library.audit import Audit
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.records.records import Records
from boxlens.settings import ElasticsearchSettings


@pytest.fixture
def paused(elasticsearch_url: str, elastic: ElasticsearchIndex, prefix: str) -> Iterator[ElasticsearchIndex]:
    """A second adapter on the same collections, as in a second process."""
    elastic.create("photos", PACK)
    PausedNode.bulks = 0
    PausedNode.before = staticmethod(lambda number: None)
    client = connect(elasticsearch_url, ElasticsearchSettings(), node_class=PausedNode)
    yield ElasticsearchIndex(client, prefix=prefix, retry=RetryPolicy(first_wait_s=0.01))
    client.close()


@pytest.mark.parametrize(("slow", "fast"), list(product(CHANGES, CHANGES)))
def test_a_change_that_comes_between_leaves_a_whole_image(
    paused: ElasticsearchIndex, elastic: ElasticsearchIndex, slow: str, fast: str
) -> None:
    """The fast one comes before each request of the slow one, on an image that stands and on one that does not."""
    for stands, place in product((True, False), range(1, 5)):
        if stands:
            writes("before", 1, 5)(elastic)
        else:
            deletes(elastic)
        PausedNode.bulks = 0
        came: list[int] = []

        def between(number: int, place: int = place, came: list[int] = came) -> None:
            if number == place:
                came.append(number)
                CHANGES[fast](elastic)

        PausedNode.before = staticmethod(between)
        CHANGES[slow](paused)
        PausedNode.before = staticmethod(lambda number: None)
        assert broken(elastic) == "", f"{fast} before request {place} of {slow}, stands: {stands}"
        if not came:
            break


def test_many_at_once_leave_whole_images(elasticsearch_url: str, elastic: ElasticsearchIndex, prefix: str) -> None:
    """Eight adapters, each as a process of its own would be."""
    elastic.create("photos", PACK)
    clients = [connect(elasticsearch_url, ElasticsearchSettings()) for _ in range(8)]
    indices = [ElasticsearchIndex(client, prefix=prefix, retry=RetryPolicy(first_wait_s=0.02)) for client in clients]
    choice = random.Random(14)

    def change(index: ElasticsearchIndex, name: str) -> None:
        with suppress(ElasticsearchAway):  # it began anew too often: the caller is told so
            CHANGES[name](index)

    with ThreadPoolExecutor(8) as threads:
        for number in range(6):
            names = choice.choices(list(CHANGES), k=8)
            list(threads.map(change, indices, names))
            assert broken(elastic) == "", f"round {number}: {names}"
    for client in clients:
        client.close()


def test_a_half_image_is_told_and_mended_from_its_record(elasticsearch_url: str, elastic: ElasticsearchIndex) -> None:
    """Documents are lost past Boxlens, as by a damaged disk."""
    store = MemoryStore()
    library = Holding(elastic, RecordedWriter(elastic, Records(store)), store)
    library.writer.create("photos", PACK)
    list(library.writer.write("photos", version("a", 1, 2)))
    client = connect(elasticsearch_url, ElasticsearchSettings())
    for number, kind in ((2, "half_image"), (0, "stray_objects")):
        client.delete(index=elastic.info("photos").index, id=f"{ID}-{number}", routing=ID, refresh=True)
        assert [finding.kind for finding in Audit(library).collection("photos")][:1] == [kind]
        assert [finding.mended for finding in Audit(library, repair=True).collection("photos")][:1] == [True]
        assert [obj.number for obj in elastic.image("photos", ID)] == [0, 1, 2]
    client.close()


@dataclass(frozen=True)
class Holding:
    """Where images are stored."""

    index: ElasticsearchIndex
    writer: RecordedWriter
    store: MemoryStore
    bucket: str = "pictures"
