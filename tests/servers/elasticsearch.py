"""One embedded Elasticsearch for the whole test session; tests share it and use indices of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxlens.embedded.node import EmbeddedElasticsearch

SHARED = "BOXLENS_TEST_ELASTICSEARCH"
"""The address of a server that several test processes share, as ``./boxlens test --fast`` sets it."""


@contextmanager
def running(folder: Path, *, heap: str = "1g", further: Mapping[str, object] | None = None) -> Iterator[str]:
    """The address of a single node on a free port, ended with the block. A busy machine may take minutes. ``further``
    are settings of the server."""
    node = EmbeddedElasticsearch(folder, port=0, heap=heap, short_lived=True, further=further)
    try:
        yield node.start(wait_s=500)
    finally:
        node.close()


@pytest.fixture(scope="session")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The shared server, else one of this session's own."""
    if shared := os.environ.get(SHARED):
        yield shared
        return
    with running(tmp_path_factory.mktemp("elasticsearch")) as url:
        yield url
