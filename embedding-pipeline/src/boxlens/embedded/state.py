"""What runs on a data folder: written by whoever starts it, read by whoever asks, true also after a crash.

A process is known by its number and its start time: a number alone may belong to another program by now.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

_FILE = "state.json"
_SAME_START_S = 0.5  # start times come from clock ticks


@dataclass(frozen=True, slots=True)
class NodeProcess:
    """One node: ``url`` is its HTTP address, ``created`` the start of its process in seconds since 1970."""

    name: str
    pid: int
    created: float
    url: str
    transport: str
    log: str

    def process(self) -> psutil.Process | None:
        """The living process; None when it has ended or its number belongs to another one now."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _SAME_START_S
            return process if same and not has_ended(process) else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True, slots=True)
class State:
    """The nodes as they were started; ``started_at`` is UTC in ISO 8601."""

    nodes: tuple[NodeProcess, ...]
    started_at: str
    detached: bool
    java: str
    simd: bool

    @property
    def alive(self) -> tuple[NodeProcess, ...]:
        return tuple(node for node in self.nodes if node.process() is not None)

    def write(self, home: Path) -> None:
        unfinished = home / f"{_FILE}.part"
        unfinished.write_text(json.dumps(asdict(self), indent=1), "utf-8")
        unfinished.replace(home / _FILE)


def read_state(home: Path) -> State | None:
    """The state left by the last start; None when it was stopped, or never started, or the file is damaged."""
    try:
        raw = json.loads((home / _FILE).read_text("utf-8"))
        return State(**{**raw, "nodes": tuple(NodeProcess(**node) for node in raw["nodes"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def embedded_address(home: Path) -> str | None:
    """Where the first living node of a folder answers, whoever started it; None when none lives."""
    state = read_state(home)
    return state.alive[0].url if state is not None and state.alive else None


def forget_state(home: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        (home / _FILE).unlink()


def end_groups(leaders: Sequence[subprocess.Popen[bytes]], wait_s: float) -> None:
    """The same for a start that failed: it knows the process groups it made, not yet every process in them."""
    deadline = time.monotonic() + wait_s
    for number in (signal.SIGTERM, signal.SIGKILL):
        for leader in leaders:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(leader.pid, number)
        while any(_has_members(leader) for leader in leaders) and time.monotonic() < deadline:
            time.sleep(0.05)


def _has_members(leader: subprocess.Popen[bytes]) -> bool:
    leader.poll()  # an ended child counts as a member until it is waited for
    try:
        os.killpg(leader.pid, 0)
    except ProcessLookupError:
        return False
    return True


def end(processes: list[psutil.Process], wait_s: float) -> None:
    """SIGTERM to all of them, then SIGKILL to those that live on after ``wait_s`` seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in await_ends(processes, wait_s):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    await_ends(processes, 5)


def await_ends(processes: list[psutil.Process], wait_s: float) -> list[psutil.Process]:
    """Those that live on after ``wait_s`` seconds. In a container, an ended process may stay in the list for long."""
    deadline = time.monotonic() + wait_s
    while (living := [process for process in processes if not has_ended(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return living


def has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
