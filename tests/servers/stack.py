"""The whole of Boxlens on real parts: embedded Elasticsearch, minio-proxy in a process of its own, the trial pack.

The page shows the photographs where these are, else drawn pictures and a pack that sees them.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from boxlens.api.app import create_app
from boxlens.api.services import Services
from boxlens.ingest.sources import references
from boxlens.servers import Addresses, embedded_proxy
from boxlens.settings import ElasticsearchSettings, NotifySettings, Settings
from boxlens.web.build import built_page
from boxlens.wiring import Boxlens
from tests.checkout import ROOT
from tests.model_files.block_pack import make_block_pack
from tests.model_files.trial_pack import TRIAL_NAME, make_test_pack
from tests.samples.stand_ins import drawn_folder
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
    with _whole(data_dir, elasticsearch_url) as whole:
        yield whole


@contextmanager
def _whole(data_dir: Path, elasticsearch_url: str) -> Iterator[Boxlens]:
    """A Boxlens with the pack of that name in ``data_dir``, and a minio-proxy of its own."""
    settings = Settings(
        data_dir=data_dir,
        pack=TRIAL_NAME,
        runtime="onnx",  # so that a busy moment decides nothing
        elasticsearch=ElasticsearchSettings(url=elasticsearch_url),
        collection="photos",
        notify=NotifySettings(every_s=1),
    )
    with embedded_proxy(settings, 0, page_port=0) as proxy:
        whole = Boxlens(settings, Addresses(elasticsearch_url, proxy))
        yield whole
        whole.close()


@pytest.fixture(scope="session")
def stack(boxlens: Boxlens) -> Stack:
    """The photos ingested once for all tests that only read."""
    return _filled(boxlens, PHOTOS)


def _filled(whole: Boxlens, pictures: Path) -> Stack:
    report = whole.indexer.ingest(references([str(pictures)]), collection="photos")
    assert report.failed == 0, report.reasons
    return Stack(whole, "photos")


@pytest.fixture(scope="session")
def drawn_stack(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Drawn pictures in the place of the photos, with the things in them that tests of the page ask for."""
    data_dir = tmp_path_factory.mktemp("boxlens-drawn")
    make_block_pack(data_dir / "packs")
    with _whole(data_dir, elasticsearch_url) as whole:
        yield _filled(whole, drawn_folder())


@pytest.fixture(scope="session")
def page_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """API and built page over the photos, or over what is drawn in their place."""
    filled: Stack = request.getfixturevalue("stack" if PHOTOS.is_dir() else "drawn_stack")
    page = built_page(ROOT / "search-front", lambda text: None)
    with served(filled.boxlens, page) as address:
        yield address


@contextmanager
def served(whole: Services, page: Path | None) -> Iterator[str]:
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
