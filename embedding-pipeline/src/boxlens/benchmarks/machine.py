"""The machine that figures are measured on: what it is, and whether anything else is running on it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from boxlens.domain.errors import Unavailable
from boxlens.memory_limits import usable_memory

LOOK_S = 3.0
"""How long the processors are watched."""

QUIET = 0.15
"""Share 0..1 of all processor time that others may take before figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Machine:
    """``busy``: share 0..1 of all processor time that was taken by others before anything was measured."""

    processor: str
    cores: int
    memory_bytes: int
    system: str
    busy: float
    date: str

    @property
    def quiet(self) -> bool:
        return self.busy <= QUIET

    @property
    def hardware(self) -> str:
        """As it stands beside every figure."""
        gib = self.memory_bytes / 2**30
        return f"{self.cores} {'' if self.quiet else 'shared '}cores ({self.processor}), {gib:.0f} GiB, {self.system}"


def look_at(*, busy_allowed: bool = False) -> Machine:
    """Watches the processors for ``LOOK_S``. Raises Unavailable on a busy machine, unless that is allowed."""
    busy = psutil.cpu_percent(LOOK_S) / 100
    machine = Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_bytes=usable_memory().total,
        system=f"{platform.system()} {platform.machine()}",
        busy=busy,
        date=datetime.now(UTC).date().isoformat(),
    )
    if not machine.quiet and not busy_allowed:
        raise Unavailable(
            f"Other work takes {busy:.0%} of this machine's processors: nothing is measured.",
            hint="Wait until it is done, or add --busy: then the figures say so, and only their ratios tell something.",
        )
    return machine


def _processor() -> str:
    """The name of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
