"""The memory that all decoded pictures of this process, and those being decoded, may take together."""

from __future__ import annotations

import ctypes
import gc
import math
import threading
import time
import weakref
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType

from numpy import ndarray

from picture_decoding.colours import Pixels
from picture_decoding.errors import BudgetBusy, PictureTooLarge

GIB = 1024**3
_RETRY_AFTER_S = 2
_LOOK_AGAIN_S = 0.02
_COLLECT_AFTER_S, _COLLECT_AT_LEAST_S = 0.5, 8.0
_SPARE = 7
"""Of the limit one of so many parts stays free while several pictures are held: what is made of each, such as the bands
in which it is resized and the inputs of networks, takes some 24 MB of one of 64 megapixels and is not reserved."""
_MMAP_THRESHOLD = -3  # of malloc.h: M_MMAP_THRESHOLD


class Reservation:
    """Bytes of a budget that are held until they are released, or until the end of a ``with`` block."""

    def __init__(self, budget: MemoryBudget, held: int) -> None:
        self._budget, self._held = budget, held

    def part(self, size: int) -> Reservation:
        """So many of its bytes as a reservation of their own."""
        size = min(size, self._held)
        self._held -= size
        return Reservation(self._budget, size)

    def release(self) -> None:
        """Let go of all of it; a second time changes nothing."""
        held, self._held = self._held, 0
        self._budget.give_back(held)

    def last_as_long_as(self, pixels: Pixels) -> None:
        """Be released when nothing holds these pixels, or a part of them, any more."""
        owner = pixels
        while isinstance(owner.base, ndarray):  # what a part of a picture keeps is the array that its memory belongs to
            owner = owner.base
        held, self._held = self._held, 0
        self._budget.hold_until_freed(owner, held)

    def __enter__(self) -> Reservation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class MemoryBudget:
    """``limit`` bytes, given out first come first served, so that a large picture is not passed by small ones for ever.
    Several together take no more than ``together``.

    Safe for use from several threads. A thread that holds a reservation must not wait for another: it reserves all that
    it will take at once.
    """

    def __init__(self, limit: int = GIB, *, wait_s: float = 20, setting: str = "the budget for decoding") -> None:
        """``wait_s``: longest wait for a reservation in seconds; ``setting``: what a hint names to raise the limit."""
        self.limit, self.wait_s, self.setting = limit, wait_s, setting
        self._used = 0
        self._lasting: dict[int, tuple[weakref.ref[Pixels], int]] = {}
        self._freed: SimpleQueue[weakref.ref[Pixels]] = SimpleQueue()
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def together(self) -> int:
        """Bytes that several may hold together; one alone may hold all."""
        return self.limit - self.limit // _SPARE

    def govern(self, limit: int, setting: str) -> None:
        """Be the budget of a program: ``setting`` is what a hint names to raise the limit."""
        self.limit, self.setting = limit, setting
        _give_freed_blocks_back()

    @property
    def used(self) -> int:
        """Bytes that are reserved now."""
        with self._changed:
            self._count_freed()
            return self._used

    def reserve(self, needed: int, *, patient: bool = False) -> Reservation:
        """Hold ``needed`` bytes; ``patient`` waits for them as long as it takes.

        Raises PictureTooLarge when they exceed the whole budget, BudgetBusy when they are not free in time.
        """
        self.require_room(needed)
        if needed:
            self._take(needed, None if patient else self.wait_s)
        return Reservation(self, needed)

    def require_room(self, needed: int) -> None:
        """Raises PictureTooLarge when so many bytes exceed the whole budget."""
        if needed > self.limit:
            raise PictureTooLarge(
                f"Decoding the picture takes {needed:,} bytes of memory; {self.limit:,} are allowed.",
                f"Send a smaller one, or raise {self.setting}.",
            )

    def give_back(self, freed: int) -> None:
        """Bytes that a reservation does not hold any more."""
        with self._changed:
            self._used -= freed
            self._changed.notify_all()

    def hold_until_freed(self, owner: Pixels, held: int) -> None:
        """So many reserved bytes belong to an array, and are given back when its memory is freed.

        The queue's own ``put`` is what is called then, just before: as no line of Python runs in between, no other
        thread gets a turn and begins to decode while the array is still there.
        """
        reference = weakref.ref(owner, self._freed.put)
        self._lasting[id(reference)] = reference, held

    def _count_freed(self) -> None:
        with suppress(Empty):
            while True:
                self._used -= self._lasting.pop(id(self._freed.get_nowait()))[1]

    def _take(self, needed: int, wait_s: float | None) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                if not self._becomes_next(ticket, needed, wait_s):
                    raise BudgetBusy(
                        f"Other pictures are held; {needed:,} bytes of memory did not come free in time.",
                        f"Try again, or raise {self.setting}.",
                        _RETRY_AFTER_S,
                    )
                self._used += needed
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def _becomes_next(self, ticket: object, needed: int, wait_s: float | None) -> bool:
        """Whether the bytes come free in time. Now and then what nobody uses any more is looked for: a circle of
        references, such as that of an error and its trace, keeps a picture until the garbage collector runs, and where
        all threads wait for memory it does not run by itself."""
        now = time.monotonic()
        end = math.inf if wait_s is None else now + wait_s
        pause = _COLLECT_AFTER_S
        collect_at = now + pause
        while not self._is_next(ticket, needed):
            now = time.monotonic()
            if now >= end:
                gc.collect()
                return self._is_next(ticket, needed)
            if now >= collect_at:
                gc.collect()
                pause = min(2 * pause, _COLLECT_AT_LEAST_S)
                collect_at = now + pause
                continue
            self._changed.wait(_LOOK_AGAIN_S)
        return True

    def _is_next(self, ticket: object, needed: int) -> bool:
        self._count_freed()
        room = self.together if self._used else self.limit
        return self._waiting[0] is ticket and self._used + needed <= room


def _give_freed_blocks_back() -> None:
    """Memory of pictures goes back to the system when it is freed, in this process from now on.

    By default the C library of GNU keeps ever larger freed blocks, up to 32 MiB each and for every thread apart: after
    some large pictures a gigabyte that nobody uses. Others have no such setting.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 1 << 20)


process_budget = MemoryBudget()  # what every picture of this process is reserved from; programs set its limit at start
