"""Requests that the real server refuses as too large, because it takes few bytes at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch
from tests.contract.objects import PACK, frame, record, thing, written
from tests.servers.elasticsearch import running

from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.elasticsearch.writing.bulk import RetryPolicy
from boxlens.settings import ElasticsearchSettings

LIMIT = 48 * 1024
"""Enough for the mapping of an index."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """Of a server of this module that takes ``LIMIT`` bytes a request."""
    folder = tmp_path_factory.mktemp("narrow")
    with running(folder, heap="512m", further={"http.max_content_length": f"{LIMIT}b"}) as url:
        client = connect(url, ElasticsearchSettings())
        yield client
        client.close()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def narrow(client: Elasticsearch, prefix: str, waits: list[float]) -> Iterator[ElasticsearchIndex]:
    index = ElasticsearchIndex(client, prefix=prefix, retry=RetryPolicy(sleep=waits.append))
    index.create("photos", PACK)
    yield index
    index.drop("photos")


def test_requests_are_halved_until_they_pass(narrow: ElasticsearchIndex, waits: list[float]) -> None:
    """Of 600 kB, in what would be one request: no document is lost, and none is sent for nothing again and again."""
    images = [record(f"small {n}", caption="word " * 1000) for n in range(60)]
    written(narrow, "photos", [o for image in images for o in (frame(image), thing(image, 1))])
    assert set(narrow.stored("photos", [image.image_id for image in images])) == {i.image_id for i in images}
    assert waits == []


@pytest.mark.parametrize("words", [20_000, 500_000], ids=["100 kB", "2.5 MB"])
def test_one_document_that_is_too_large_fails_alone(narrow: ElasticsearchIndex, waits: list[float], words: int) -> None:
    large = record(f"large {words}", caption="word " * words)
    small = [record(f"beside {words} {n}") for n in range(20)]
    objects = [o for image in (*small[:10], large, *small[10:]) for o in (frame(image), thing(image, 1))]
    results = list(narrow.write("photos", objects))
    assert sorted(result.object_id for result in results) == sorted(o.object_id for o in objects)
    failed = {result.object_id: result.reason for result in results if not result.ok}
    assert set(failed) == {frame(large).object_id, thing(large, 1).object_id}
    assert "does not take a document of" in failed[thing(large, 1).object_id]
    assert set(narrow.stored("photos", [image.image_id for image in (*small, large)])) == {i.image_id for i in small}
    assert waits == []
