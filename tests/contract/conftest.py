"""The object index on its two adapters: the real Elasticsearch and the exact twin."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from tests.contract.objects import PACK

from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.settings import ElasticsearchSettings, IndexSettings
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_client import connect
from embedding_pipeline.stores.exact import ExactIndex


@pytest.fixture
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def elastic(elasticsearch_url: str, prefix: str) -> Iterator[ElasticIndex]:
    """The adapter over the running node, with names of its own; its collections are dropped afterwards."""
    client = connect(elasticsearch_url, ElasticsearchSettings())
    index = ElasticIndex(client, IndexSettings(ef_construction=100), prefix=prefix)
    yield index
    for collection in index.collections():
        index.drop(collection.name)
    client.close()


@pytest.fixture(params=["exact", "elastic"])
def index(request: pytest.FixtureRequest) -> ObjectIndex:
    if request.param == "exact":
        return ExactIndex()
    found: ObjectIndex = request.getfixturevalue("elastic")
    return found


@pytest.fixture
def c(index: ObjectIndex) -> str:
    """An empty collection of the test pack."""
    index.create("photos", PACK)
    return "photos"
