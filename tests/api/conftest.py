from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.answers import check_order
from tests.api.world import InProcess, World, proxy_in_process

from boxlens.api.app import create_app
from boxlens.settings import Settings


@pytest.fixture
def transport(tmp_path: Path) -> Iterator[InProcess]:
    """The way to a minio-proxy with an empty folder."""
    with proxy_in_process(tmp_path / "objects") as transport:
        yield transport


@pytest.fixture(scope="package", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the API writes beside the servers, its log of changes, goes here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOXLENS_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="package", autouse=True)
def automatic_collections() -> Iterator[None]:
    """A collection at each start of the API would go through all that other tests left, which takes half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boxlens.api.app.rare_collections", nullcontext)
        yield


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def world(transport: InProcess, settings: Settings) -> Iterator[World]:
    """Everything behind the API, with the empty collection ``photos``."""
    with closing(World(transport, settings)) as world:
        world.writer.create("photos", world.pack)
        yield world


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with TestClient(create_app(world), base_url="http://localhost") as client:
        client.event_hooks["response"].append(check_order)
        yield client
