"""The whole of Boxlens on real parts: embedded Elasticsearch, minio-proxy in a process of its own, the trial pack."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from embedding_pipeline.api.app import create_app
from embedding_pipeline.ingest.sources import references
from embedding_pipeline.models.trial_pack import TRIAL_NAME, make_test_pack
from embedding_pipeline.page_build import built_page, front_folder
from embedding_pipeline.servers import Addresses, embedded_proxy
from embedding_pipeline.settings import ElasticsearchSettings, Settings
from embedding_pipeline.wiring import Boxlens
from tests.shared import DATA, PHOTOS


@dataclass(frozen=True)
class Stack:
    """A running whole, with the real photos in the collection ``photos`` (no captions: words find labels and text)."""

    boxlens: Boxlens
    collection: str


@pytest.fixture(scope="session")
def boxlens(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boxlens]:
    """Real parts, nothing stored."""
    if not PHOTOS.is_dir():
        pytest.skip(f"{PHOTOS} is not there: set BOXLENS_SHARED_DATA")
    data_dir = tmp_path_factory.mktemp("boxlens")
    make_test_pack(DATA, data_dir / "packs")
    settings = Settings(
        data_dir=data_dir,
        pack=TRIAL_NAME,
        runtime="onnx",  # so that a busy moment decides nothing
        elasticsearch=ElasticsearchSettings(url=elasticsearch_url),
        collection="photos",
    )
    with embedded_proxy(settings, 0) as proxy:
        whole = Boxlens(settings, Addresses(elasticsearch_url, proxy))
        yield whole
        whole.close()


@pytest.fixture(scope="session")
def stack(boxlens: Boxlens) -> Stack:
    """The photos ingested once for all tests that only read."""
    report = boxlens.indexer.ingest(references([str(PHOTOS)]), collection="photos")
    assert report.failed == 0, report.reasons
    return Stack(boxlens, "photos")


@pytest.fixture(scope="session")
def page_url(stack: Stack) -> Iterator[str]:
    """API and built page over the photos."""
    page = built_page(front_folder(), lambda text: None)
    with served(stack.boxlens, page) as address:
        yield address


@contextmanager
def served(whole: Boxlens, page: Path | None) -> Iterator[str]:
    """A uvicorn in this process for the length of the block."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(whole, page_dir=page), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
