"""The object stores that the contract is held against."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from minio_proxy.app import create_app
from minio_proxy.settings import ProxySettings

from tests.servers import minio


@pytest.fixture(scope="session")
def minio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[minio.Minio]:
    """A real server for the whole session. In a strict run its absence is a failure."""
    try:
        program = minio.binary()
    except minio.NoMinio as error:
        if minio.strict():
            pytest.fail(f"MinIO cannot be had: {error}")
        pytest.skip(f"MinIO cannot be had: {error}")
    with minio.running(tmp_path_factory.mktemp("minio"), program) as server:
        yield server


@pytest.fixture(params=["file", "s3"])
def proxy_settings(request: pytest.FixtureRequest, tmp_path: Path) -> ProxySettings:
    """Settings of a proxy over an empty folder, and of one over the real MinIO."""
    common = {"root": tmp_path / "root", "cache": tmp_path / "cache", "max_bytes": 4 * 1024 * 1024, "idle_s": 5.0}
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


@pytest.fixture
def proxy(proxy_settings: ProxySettings) -> Iterator[TestClient]:
    with TestClient(create_app(proxy_settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def bucket() -> str:
    """A bucket name that nobody has used."""
    return f"test-{uuid.uuid4().hex[:12]}"
