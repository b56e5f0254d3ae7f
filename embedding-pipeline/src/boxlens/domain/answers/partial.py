"""Whether an answer may be made of a part of a collection, and how much of it was missing.

An index may lose a shard and go on with the others. What decides over stored images (a deletion, an audit, a swap) must
see all of them or fail; a person who searches is better served by most of it, if it is said. So nothing is partial
unless whoever asks opens ``partial_answers``, for the calls of its own thread:

    with partial_answers() as losses:
        lists = index.search(...)
    if losses.shards:
        ...                     # say so
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Losses:
    """``shards``: the most shards that were missing in any of the calls; 0: all was seen."""

    def __init__(self) -> None:
        self.shards = 0

    def add(self, shards: int) -> None:
        """Shards that one call had to do without."""
        self.shards = max(self.shards, shards)


_open: ContextVar[Losses | None] = ContextVar("losses", default=None)


@contextmanager
def partial_answers() -> Iterator[Losses]:
    """Lets the index answer from what is left of a collection; gives what was missing. A block within a block shares
    its losses."""
    losses = _open.get() or Losses()
    before = _open.set(losses)
    try:
        yield losses
    finally:
        _open.reset(before)


def open_losses() -> Losses | None:
    """Where an index notes what is missing; None where it must fail instead."""
    return _open.get()
