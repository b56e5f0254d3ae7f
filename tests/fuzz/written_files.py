"""Inputs as files, for what reads files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="boxlens-fuzz-")


@contextmanager
def written(name: str, data: bytes) -> Iterator[Path]:
    """A file of that name with these bytes, in a folder that stays until the process ends."""
    path = Path(_folder().name) / name
    path.write_bytes(data)
    yield path
