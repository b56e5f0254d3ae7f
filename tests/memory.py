"""The memory for decoding, which all tests of a process share: what one says of it holds whatever others left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from picture_decoding import process_budget
from tests.checkout import ROOT

_HELD = 10**9


@contextmanager
def all_memory_held() -> Iterator[None]:
    """Nothing is free in between, even when pictures of other tests are let go of: more is held than is allowed."""
    allowed = process_budget.limit
    process_budget.limit = 2 * (process_budget.used + _HELD)
    with process_budget.reserve(_HELD):
        process_budget.limit = _HELD
        try:
            yield
        finally:
            process_budget.limit = allowed


def in_own_process(module: str, call: str) -> None:
    """Run a call such as ``go(3)`` of a module's functions: of a process that runs it alone, what other tests left
    behind, and what their threads do, is no part. Raises AssertionError with what it printed when it fails."""
    program = [sys.executable, "-X", "faulthandler", "-c", f"from {module} import *; {call}"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{call} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
