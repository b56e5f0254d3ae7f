"""Fixtures that every layer of tests may use; the servers are started once, when first asked for.

Each test carries its layer, the folder below ``tests``, as a marker.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.servers.elasticsearch", "tests.servers.minio", "tests.servers.stack"]

# A busy machine is no reason to fail: examples may take the time they need.
settings.register_profile("boxlens", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("boxlens")

LAYERS = ("unit", "contract", "integration", "api", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """``pytest -m "unit or contract"`` chooses layers."""
    for item in items:
        layer = item.path.relative_to(Path(__file__).parent).parts[0]
        if layer in LAYERS:
            item.add_marker(layer)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """Says with what a test process died: xdist names its test, and not whether a signal ended it."""
    if not error:
        return
    with suppress(AttributeError, subprocess.TimeoutExpired):  # execnet promises no such attribute
        status = node.gateway._io.popen.wait(timeout=10)
        print(f"\nprocess {node.gateway.id} ended with {status}; a negative number is a signal", file=sys.stderr)
