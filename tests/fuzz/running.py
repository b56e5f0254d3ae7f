"""A run of targets in a process of their own, from the kept corpus on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.corpus import kept

LONGEST = 1200
"""Bytes of an input."""

ENDLESS_S = 1800
"""Seconds on the clock after which an input is given up. A machine that stands still for minutes is no fault, so what
is a fault is reckoned in processor time, by the engine."""


@dataclass(frozen=True)
class Outcome:
    """What came of a target: inputs tried, places of the code reached, the last lines said, the inputs that led on,
    and those that were faults."""

    target: str
    inputs: int
    places: int
    said: str
    reached: list[bytes]
    faults: list[bytes]


def fuzz(names: Sequence[str], *limits: str) -> list[Outcome]:
    """Tries each target until a limit of libFuzzer is reached (``-runs=N``, ``-max_total_time=SECONDS``)."""
    with tempfile.TemporaryDirectory(prefix="boxlens-fuzz-") as root:
        for name in names:
            (Path(root) / name / "faults").mkdir(parents=True)
            (Path(root) / name / "reached").mkdir()
            for number, data in enumerate(kept(name)):
                (Path(root) / name / "reached" / f"kept-{number}").write_bytes(data)
        common = (
            f"-max_len={LONGEST}",
            f"-timeout={ENDLESS_S}",
            f"-report_slow_units={ENDLESS_S}",
            "-rss_limit_mb=0",
        )
        command = [sys.executable, "-m", "tests.fuzz.engine", root, *common, *limits]
        variables = {"PYTHONHASHSEED": "0", "TMPDIR": root}  # libFuzzer ends without clearing up
        run = subprocess.run(command, env=os.environ | variables, capture_output=True)
        if run.returncode:
            raise RuntimeError(f"the targets could not be tried: {run.stderr.decode(errors='replace')[-3000:]}")
        return [_outcome(Path(root) / name) for name in names]


def _outcome(folder: Path) -> Outcome:
    said = (folder / "said").read_text(errors="replace")
    faults = [file.read_bytes() for file in (folder / "faults").iterdir()]
    inputs = re.findall(r"^#(\d+)\s+DONE", said, re.MULTILINE) or ["0"]
    if inputs == ["0"] and not faults:
        raise RuntimeError(f"{folder.name} could not be tried: {said[-3000:]}")
    places = re.findall(r" ft: (\d+)", said) or ["0"]
    reached = [file.read_bytes() for file in (folder / "reached").iterdir()]
    return Outcome(folder.name, int(inputs[-1]), int(places[-1]), said[-6000:], reached, faults)
