"""Waits for the one line that each node process prints, and words a failed start."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedding_pipeline.errors import NodeFailed
from embedding_pipeline.stores.node_home import CONSOLE_NAME, LOG_NAME, telling_lines

_MEMORY = "The JVM did not get its memory: set a smaller heap, for example BOXLENS_ELASTICSEARCH__HEAP=512m."
_RIGHTS = "Give the data folder write permission for this user."
_REPAIRS = {
    "failed to obtain node lock": "Another node uses this data folder: stop that one, or name another with --data.",
    "Could not reserve enough space": _MEMORY,
    "insufficient memory": _MEMORY,
    "OutOfMemoryError": "Its heap is too small: set a larger one, for example BOXLENS_ELASTICSEARCH__HEAP=2g.",
    "No space left": "Free some disk space, or name a data folder on another disk.",
    "Failed to bind": "All the ports tried are in use: name another one with --port.",
    "cannot downgrade a node": "A newer version wrote these data: update Boxlens, or name another folder with --data.",
    "AccessDenied": _RIGHTS,
    "Permission denied": _RIGHTS,
}
"""What to do, by what the log says; the first that is found."""


def await_answers(children: Sequence[tuple[subprocess.Popen[bytes], Path]], deadline: float) -> list[dict[str, Any]]:
    """What each node says of itself once up, in the order given; ``deadline`` in the clock of time.monotonic.

    Raises NodeFailed as soon as one has failed, or when the time is over.
    """
    lines = [b""] * len(children)
    with selectors.DefaultSelector() as waiting:
        for number, (child, _) in enumerate(children):
            assert child.stdout is not None
            waiting.register(child.stdout, selectors.EVENT_READ, number)
        while waiting.get_map():
            ready = waiting.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                number = min(key.data for key in waiting.get_map().values())
                raise _failure(children[number][1], "it was not up in time")
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                lines[key.data] += chunk
                if not chunk or chunk.endswith(b"\n"):
                    waiting.unregister(key.fileobj)
                    _raise_if_failed(children[key.data], lines[key.data])
    return [json.loads(line) for line in lines]


def _raise_if_failed(child: tuple[subprocess.Popen[bytes], Path], line: bytes) -> None:
    process, folder = child
    if not line.endswith(b"\n"):
        raise _failure(folder, f"its process ended with code {process.wait(timeout=5)}")
    answer = json.loads(line)
    if answer["state"] != "up":
        raise _failure(folder, answer["error"])


def _failure(folder: Path, reason: str) -> NodeFailed:
    log = folder / "logs" / LOG_NAME
    if not log.exists():
        log = log.with_name(CONSOLE_NAME)
    quoted = telling_lines(folder)
    told = "\n".join([reason, *quoted])
    hint = next((repair for mark, repair in _REPAIRS.items() if mark in told), "The log says more.")
    lines = "".join(f"\n  {line[:300]}" for line in quoted)
    return NodeFailed(f"{folder.name} did not start: {reason.splitlines()[-1]}{lines}", hint=f"{hint} Log: {log}")
