"""What the contracts are held against: the object index on its two adapters, the object store on its two backends."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.contract.objects import PACK
from tests.servers import live

from boxlens.domain.ports import ObjectIndex
from boxlens.index.elasticsearch.admin import rollover
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.elasticsearch.writing.bulk import RetryPolicy
from boxlens.index.memory.index import InMemoryIndex
from boxlens.settings import ElasticsearchSettings, IndexSettings
from minio_proxy.app import create_app
from minio_proxy.settings import ProxySettings


@pytest.fixture(scope="session", params=["file", "s3"])
def proxy_settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ProxySettings:
    """Settings of a proxy over an empty folder, and of one over the real MinIO."""
    folder = tmp_path_factory.mktemp("proxy")
    common: dict[str, Any] = {
        "root": folder / "root",
        "cache": folder / "cache",
        "max_bytes": 4 * 1024 * 1024,
        "idle_s": 5.0,
    }
    if request.param == "file":
        return ProxySettings(backend="file", **common)
    server = request.getfixturevalue("minio_server")
    return ProxySettings(
        backend="s3",
        s3_endpoint=server.endpoint,
        s3_access_key=server.access_key,
        s3_secret_key=server.secret_key,
        **common,
    )


@pytest.fixture(scope="session")
def proxy(proxy_settings: ProxySettings) -> Iterator[httpx.Client]:
    """The proxy over that store, on a real socket."""
    with live.serving(create_app(proxy_settings)) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture
def bucket() -> str:
    """A bucket name that nobody has used."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:10]}"


@contextmanager
def over_elasticsearch(url: str, prefix: str, *, several: bool = False) -> Iterator[ElasticsearchIndex]:
    """The adapter over the running node, with names of its own; its collections are dropped afterwards. ``several``:
    they outgrow an index with every 40 documents, and nobody waits for other processes."""
    client = connect(url, ElasticsearchSettings())
    settings = IndexSettings(ef_construction=100)
    with pytest.MonkeyPatch.context() as patch:
        if several:
            settings.shard_documents = 40
            patch.setattr(rollover, "GRACE_S", 0.0)
        retry = RetryPolicy(most_bytes=200_000) if several else None
        index = ElasticsearchIndex(client, settings, prefix=prefix, retry=retry)
        yield index
        for collection in index.collections():
            index.drop(collection.name)
    client.close()


@pytest.fixture
def elastic(elasticsearch_url: str, prefix: str) -> Iterator[ElasticsearchIndex]:
    with over_elasticsearch(elasticsearch_url, prefix) as index:
        yield index


@pytest.fixture(params=["exact", "elastic", "several"])
def index(request: pytest.FixtureRequest) -> Iterator[ObjectIndex]:
    if request.param == "exact":
        yield InMemoryIndex()
        return
    url, prefix = request.getfixturevalue("elasticsearch_url"), request.getfixturevalue("prefix")
    with over_elasticsearch(url, prefix, several=request.param == "several") as index:
        yield index


@pytest.fixture(scope="module", params=["exact", "elastic", "several"])
def read_index(request: pytest.FixtureRequest) -> Iterator[ObjectIndex]:
    """An index that is filled once for the tests of a file, which only read it."""
    if request.param == "exact":
        yield InMemoryIndex()
        return
    url, prefix = request.getfixturevalue("elasticsearch_url"), f"t{uuid.uuid4().hex[:10]}"
    with over_elasticsearch(url, prefix, several=request.param == "several") as index:
        yield index


@pytest.fixture
def c(index: ObjectIndex) -> str:
    """An empty collection of the test pack."""
    index.create("photos", PACK)
    return "photos"
