"""Waits for the one line that each node process prints, and words a failed start."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boxlens.domain.errors import NodeFailed
from boxlens.embedded.config import CONSOLE_NAME, LOG_NAME

_MEMORY = "The JVM did not get its memory: set a smaller heap, for example BOXLENS_ELASTICSEARCH__HEAP=512m."
_RIGHTS = "Give the data folder write permission for this user."
_REPAIRS = {
    "failed to obtain node lock": "Another node uses this data folder: stop that one, or name another with --data.",
    "Could not reserve enough space": _MEMORY,
    "insufficient memory": _MEMORY,
    "OutOfMemoryError": "Its heap is too small: set a larger one, for example BOXLENS_ELASTICSEARCH__HEAP=2g.",
    "No space left": "Free some disk space, or name a data folder on another disk.",
    "BindHttpException": "All the ports tried are in use: set BOXLENS_ELASTICSEARCH__PORT=0, which takes any.",
    "cannot downgrade a node": "A newer version wrote these data: update Boxlens, or name another folder with --data.",
    "AccessDenied": _RIGHTS,
    "Permission denied": _RIGHTS,
}
"""What to do, by what the log says; the first that is found."""
_MARKS = ("[ERROR]", "[FATAL]", "Exception:", "Error:")
_HARMLESS = "UnsatisfiedLinkError"  # every start misses the native libraries, which are no part of the jars
_WRAPPER = "Failed to bind service"  # the server puts this around every error of a start, whatever it was


@dataclass(frozen=True, slots=True)
class Child:
    """A node being started: its process, its folder, and how long its log was before, in bytes."""

    process: subprocess.Popen[bytes]
    folder: Path
    log_before: int


def log_size(folder: Path) -> int:
    """Bytes in the log of a node's folder; what was there before a start is not about that start."""
    log = folder / "logs" / LOG_NAME
    return log.stat().st_size if log.exists() else 0


def await_answers(children: Sequence[Child], deadline: float) -> list[dict[str, Any]]:
    """What each node says of itself once up, in the order given; ``deadline`` in the clock of time.monotonic.

    Raises NodeFailed as soon as one has failed, or when the time is over.
    """
    lines = [b""] * len(children)
    with selectors.DefaultSelector() as waiting:
        for number, child in enumerate(children):
            assert child.process.stdout is not None
            waiting.register(child.process.stdout, selectors.EVENT_READ, number)
        while waiting.get_map():
            ready = waiting.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                number = min(key.data for key in waiting.get_map().values())
                raise _failure(children[number], ["it was not up in time"])
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                lines[key.data] += chunk
                if not chunk or chunk.endswith(b"\n"):
                    waiting.unregister(key.fileobj)
                    _raise_if_failed(children[key.data], lines[key.data])
    return [json.loads(line) for line in lines]


def telling_lines(folder: Path, log_before: int = 0, at_most: int = 4) -> list[str]:
    """The errors a node has logged since ``log_before``, else its last lines: what to quote when it failed.

    What the JVM prints by itself, when it cannot even begin, comes first.
    """
    lines = _tail(folder / "logs" / LOG_NAME, log_before)
    errors = [line for line in lines if any(mark in line for mark in _MARKS) and _HARMLESS not in line]
    printed = _tail(folder / "logs" / CONSOLE_NAME, 0)[-at_most:]
    return printed + (errors[:at_most] or ([] if printed else lines[-at_most:]))


def _tail(path: Path, start: int) -> list[str]:
    if not path.is_file():
        return []
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(start if start <= size else 0, size - 64_000))  # shorter than before: it was rolled over
        return [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]


def _raise_if_failed(child: Child, line: bytes) -> None:
    if not line.endswith(b"\n"):
        raise _failure(child, ["its process ended before it was up"])
    answer = json.loads(line)
    if answer["state"] != "up":
        raise _failure(child, answer["error"])


def _failure(child: Child, reasons: list[str]) -> NodeFailed:
    """``reasons``: what failed, and then what caused that, and so on."""
    log = child.folder / "logs" / LOG_NAME
    if not log.exists():
        log = log.with_name(CONSOLE_NAME)
    quoted = telling_lines(child.folder, child.log_before)
    messages = "\n".join([*reasons, *quoted])
    hint = next((repair for mark, repair in _REPAIRS.items() if mark in messages), "The log says more.")
    lines = "".join(f"\n  {line[:300]}" for line in quoted)
    causes = [reason[:300] for reason in reasons if _WRAPPER not in reason] or reasons
    why = ", because of ".join(dict.fromkeys(causes))
    return NodeFailed(f"{child.folder.name} did not start: {why}{lines}", hint=f"{hint} Log: {log}")
