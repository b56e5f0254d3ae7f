"""Python's search for garbage in cycles, kept out of the way of answers.

An answer makes thousands of small objects and hardly a cycle. By default every 700 new ones begin a search, and now and
then one goes through all that was ever imported, which stops the process for a tenth of a second.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (10_000, 20, 20)
"""New objects before a search through the young ones, and how many searches before one goes a generation deeper."""


@contextmanager
def rarely_searched() -> Iterator[None]:
    """For the length of the block, what stands already is not searched, and what is new is searched less often."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
