"""Looks after a server that others need: when it has ended, it is started again, after waits that grow."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from boxlens.domain.errors import BoxlensError

log = logging.getLogger(__name__)
LOOK_S = 0.5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 30.0
STEADY_S = 5.0
"""A server that ran so long after its start is taken to be well: the next wait is the first again."""


class Waits:
    """How long to wait before a server is started again: twice as long each time, until one has run steadily."""

    def __init__(self) -> None:
        self._next_s = FIRST_WAIT_S

    def after(self, ran_s: float) -> float:
        """Seconds to wait after the end of one that ran for ``ran_s`` seconds, 0 for one that did not start."""
        wait_s = FIRST_WAIT_S if ran_s >= STEADY_S else self._next_s
        self._next_s = min(2 * wait_s, LONGEST_WAIT_S)
        return wait_s


@contextmanager
def kept_running(
    name: str, running: Callable[[], bool], start: Callable[[], object], report: Callable[[str], None]
) -> Iterator[None]:
    """For the length of the block, ``start`` is called when ``running`` says no.

    Both are called by a thread of its own, one after the other; when the block ends, neither is called again.
    """
    stop = threading.Event()

    def look() -> None:
        waits, began = Waits(), time.monotonic()
        while not stop.wait(LOOK_S):
            if running():
                continue
            report(f"{name} has ended and is started again …")
            if stop.wait(waits.after(time.monotonic() - began)):
                return
            try:
                start()
                began = time.monotonic()
            except (BoxlensError, OSError) as error:
                began = math.inf  # it did not run at all
                log.error("%s could not be started again: %s", name, error)

    watcher = threading.Thread(target=look, name=f"watch {name}", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join(5)
