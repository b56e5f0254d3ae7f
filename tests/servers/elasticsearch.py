"""One embedded Elasticsearch for the whole test session; tests share it and use indices of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedding_pipeline.stores.embedded_node import EmbeddedElasticsearch


@pytest.fixture(scope="session")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running single node on a free port, ended with the session."""
    node = EmbeddedElasticsearch(tmp_path_factory.mktemp("elasticsearch"), port=0, heap="1g", short_lived=True)
    yield node.start(wait_s=120)
    node.close()
