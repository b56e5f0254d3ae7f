"""The examples in docstrings give what stands below them."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest
from tests.checkout import ROOT

SOURCES = (ROOT / "embedding-pipeline" / "src", ROOT / "minio-proxy" / "src")


def module_name(path: Path, source: Path) -> str:
    return ".".join(path.relative_to(source).with_suffix("").parts)


EXAMPLES = sorted(
    module_name(path, source)
    for source in SOURCES
    for path in source.rglob("*.py")
    if ">>> " in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_hold(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
