"""The memory that all pictures being decoded in this process may take together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from picture_decoding.errors import BudgetBusy, PictureTooLarge

GIB = 1024**3
_RETRY_AFTER_S = 2


class MemoryBudget:
    """``limit`` bytes, given out first come first served, so that a large picture is not passed by small ones for ever.

    Safe for use from several threads. A thread that holds a reservation must not ask for another.
    """

    def __init__(self, limit: int = GIB, *, wait_s: float = 20, setting: str = "the budget for decoding") -> None:
        """``wait_s``: longest wait for a reservation in seconds; ``setting``: what a hint names to raise the limit."""
        self.limit, self.wait_s, self.setting = limit, wait_s, setting
        self._used = 0
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def used(self) -> int:
        """Bytes that are reserved now."""
        return self._used

    @contextmanager
    def reserve(self, needed: int, *, patient: bool = False) -> Iterator[None]:
        """Hold ``needed`` bytes for the length of the block; ``patient`` waits for them as long as it takes.

        Raises PictureTooLarge when they exceed the whole budget, BudgetBusy when they are not free in time.
        """
        if needed > self.limit:
            raise PictureTooLarge(
                f"Decoding the picture takes {needed:,} bytes of memory; {self.limit:,} are allowed.",
                f"Send a smaller one, or raise {self.setting}.",
            )
        self._take(needed, None if patient else self.wait_s)
        try:
            yield
        finally:
            with self._changed:
                self._used -= needed
                self._changed.notify_all()

    def _take(self, needed: int, wait_s: float | None) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                if not self._changed.wait_for(lambda: self._is_next(ticket, needed), wait_s):
                    raise BudgetBusy(
                        f"Other pictures are being decoded; {needed:,} bytes of memory did not come free in time.",
                        f"Try again, or raise {self.setting}.",
                        _RETRY_AFTER_S,
                    )
                self._used += needed
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def _is_next(self, ticket: object, needed: int) -> bool:
        return self._waiting[0] is ticket and self._used + needed <= self.limit


process_budget = MemoryBudget()  # what every decoding of this process reserves from; programs set its limit at start
