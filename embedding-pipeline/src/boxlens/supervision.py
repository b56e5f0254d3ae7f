"""Looks after a server that others need: when it has ended, it is started again, after waits that grow."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from boxlens.domain.errors import BoxlensError

log = logging.getLogger(__name__)
LOOK_S = 0.5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 30.0
STEADY_S = 60.0
"""A server that ran so long is taken to be well: the next wait is the first again."""


@contextmanager
def kept_running(
    name: str, running: Callable[[], bool], start: Callable[[], object], report: Callable[[str], None]
) -> Iterator[None]:
    """For the length of the block, ``start`` is called when ``running`` says no.

    Both are called by a thread of its own, one after the other; when the block ends, neither is called again.
    """
    stop = threading.Event()

    def look() -> None:
        failures, started = 0, time.monotonic()
        while not stop.wait(LOOK_S):
            if running():
                continue
            if time.monotonic() - started > STEADY_S:
                failures = 0
            report(f"{name} has ended and is started again …")
            if stop.wait(min(FIRST_WAIT_S * 2**failures, LONGEST_WAIT_S)):
                return
            failures, started = failures + 1, time.monotonic()
            try:
                start()
            except (BoxlensError, OSError) as error:
                log.error("%s could not be started again: %s", name, error)

    watcher = threading.Thread(target=look, name=f"watch {name}", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join(5)
