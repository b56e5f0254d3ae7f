"""One embedded Elasticsearch for the whole test session; tests share it and use indices of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxlens.embedded.node import EmbeddedElasticsearch

SHARED = "BOXLENS_TEST_ELASTICSEARCH"
"""Names the file in which several test processes find the address of the server they share, once it has started;
``./boxlens test --fast`` sets it."""
START_S = 500


@contextmanager
def running(folder: Path, *, heap: str = "1g", further: Mapping[str, object] | None = None) -> Iterator[str]:
    """The address of a single node on a free port, ended with the block. A busy machine may take minutes. ``further``
    are settings of the server."""
    node = EmbeddedElasticsearch(folder, port=0, heap=heap, short_lived=True, further=further)
    try:
        yield node.start(wait_s=START_S)
    finally:
        node.close()


def share(url: str, file: Path) -> None:
    """Write the address for those that wait for it in ``shared_address``."""
    unfinished = file.with_suffix(".part")
    unfinished.write_text(url, "utf-8")
    unfinished.replace(file)


def shared_address(file: Path, *, wait_s: float = START_S) -> str:
    """The address that ``share`` wrote. Raises TimeoutError when it has not come in time."""
    end = time.monotonic() + wait_s
    while not file.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"no Elasticsearch has started within {wait_s:g} s: {file} is not there")
        time.sleep(0.05)
    return file.read_text("utf-8")


@pytest.fixture(scope="session")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The shared server, else one of this session's own."""
    if shared := os.environ.get(SHARED):
        yield shared_address(Path(shared))
        return
    with running(tmp_path_factory.mktemp("elasticsearch")) as url:
        yield url
