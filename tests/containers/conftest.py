"""One engine and one set of services for all tests of this folder, which only ``python -m tests.containers`` runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers import engine
from tests.containers.stack import Stack, prepared

FOLDER = "BOXLENS_TEST_CONTAINERS"
"""Where engine and images are kept; without it nothing here is collected."""

if FOLDER not in os.environ:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def folder() -> Path:
    """What ``engine.prepare`` made."""
    return Path(os.environ[FOLDER])


@pytest.fixture(scope="session")
def stack(folder: Path) -> Iterator[Stack]:
    """All services, healthy. They end with the engine."""
    with engine.running(folder, folder / "data") as running:
        services = prepared(running, folder, lambda text: print(text, flush=True))
        services.compose("up", "--detach", "--wait")
        yield services
