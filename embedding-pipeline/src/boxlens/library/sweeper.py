"""A thread that deletes, every ten minutes, uploads whose time is over and images deleted an hour ago."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from boxlens.domain.errors import BoxlensError
from boxlens.library.deletion import Library, sweep_deleted
from boxlens.library.uploads import sweep_uploads

log = logging.getLogger(__name__)
FIRST_SWEEP_S = 60
SWEEP_S = 600


@contextmanager
def sweeping(library: Library) -> Iterator[None]:
    """Sweep in the background for the length of the block; a failed sweep is logged and tried again."""
    stop = threading.Event()
    sweeper = threading.Thread(target=_sweep_until, args=(library, stop), name="boxlens-sweep", daemon=True)
    sweeper.start()
    try:
        yield
    finally:
        stop.set()


def _sweep_until(library: Library, stop: threading.Event) -> None:
    pause = FIRST_SWEEP_S
    while not stop.wait(pause):
        pause = SWEEP_S
        for sweep in (_sweep_uploads, sweep_deleted):
            try:
                sweep(library, datetime.now(UTC))
            except BoxlensError as error:
                log.warning("the sweep will try again: %s", error.detail)
            except Exception:  # whatever it was, the next sweep may do
                log.exception("the sweep will try again")


def _sweep_uploads(library: Library, now: datetime) -> int:
    return sweep_uploads(library.store, now.timestamp())
