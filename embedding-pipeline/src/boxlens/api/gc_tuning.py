"""Garbage collection tuned for a server: rare, and without what stood at the start.

An answer makes thousands of small objects and hardly a reference cycle. By default every 700 new objects begin a
collection, and now and then one goes through all that was ever imported, which stops the process for 0.1 s.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (10_000, 20, 20)
"""New objects before a search through the young ones, and how many searches before one goes a generation deeper."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """For the length of the block, what exists already is frozen, and new objects are collected less often."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
