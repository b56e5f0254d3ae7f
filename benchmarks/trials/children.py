"""Processes that a trial starts: they end with it, also when SIGTERM or Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

ENDED_BY = (signal.SIGTERM, signal.SIGINT)
CLOSE_S = 60.0
"""Seconds that a process has to end in order."""


@contextmanager
def attached(command: Sequence[str], variables: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that prints into ``log`` and ends with the block.

    Until then a signal that ends this process ends all its children at once, then the block by SystemExit: a thread
    of the block that waits for an answer of theirs gets an error, and nobody waits for it. For the main thread alone.
    """
    before = {number: signal.signal(number, _end) for number in ENDED_BY}
    process = None
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | variables)
        yield process
    finally:
        if process is not None:
            _close(process)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    for process in psutil.Process().children():
        process.terminate()
    raise SystemExit(128 + number)


def _close(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
