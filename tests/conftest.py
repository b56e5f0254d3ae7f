"""Fixtures that every layer of tests may use; the servers are started once, when first asked for.

Each test carries its layer, the folder below ``tests``, as a marker.
"""

from __future__ import annotations

from pathlib import Path

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
