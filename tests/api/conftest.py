from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.world import InProcess, World, proxy_in_process

from embedding_pipeline.api.app import create_app
from embedding_pipeline.settings import Settings


@pytest.fixture
def transport(tmp_path: Path) -> Iterator[InProcess]:
    """The way to a minio-proxy with an empty folder."""
    with proxy_in_process(tmp_path / "objects") as transport:
        yield transport


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def world(transport: InProcess, settings: Settings) -> World:
    """Everything behind the API, with the empty collection ``photos``."""
    world = World(transport, settings)
    world.index.create("photos", world.pack)
    return world


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with TestClient(create_app(world)) as client:
        yield client
