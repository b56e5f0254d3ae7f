"""The fewest inputs of a target that show all that many show, by the lines of the code that follow one another."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from tests.fuzz.targets import Target

_OURS = ("/boxlens/", "/minio_proxy/")


def smallest(target: Target, inputs: Iterable[bytes]) -> list[bytes]:
    """Short inputs first: those that reach a pair of lines which none before has reached."""
    reached: set[tuple[str, int, int]] = set()
    chosen = []
    for data in sorted(set(inputs), key=lambda data: (len(data), data)):
        pairs = _pairs(target, data)
        if not pairs <= reached:
            reached |= pairs
            chosen.append(data)
    return chosen


def _pairs(target: Target, data: bytes) -> set[tuple[str, int, int]]:
    """(module, line, next line) of all that was run of ours."""
    pairs: set[tuple[str, int, int]] = set()
    last: dict[FrameType, int] = {}

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        path = frame.f_code.co_filename
        if not any(part in path for part in _OURS):
            return None
        if event == "line":
            pairs.add((path, last.get(frame, 0), frame.f_lineno))
            last[frame] = frame.f_lineno
        return trace

    sys.settrace(trace)
    try:
        target.read(data)
    finally:
        sys.settrace(None)
    return pairs
