"""Milliseconds per stage of one request."""

from __future__ import annotations

import time


class Laps:
    """Runs from when it is made; every lap ends the stage that began with the one before."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = self._laps.get(name, 0.0) + (now - self._last) * 1000
        self._last = now

    def laps(self) -> dict[str, float]:
        """The laps by name, and ``total`` up to now."""
        return self._laps | {"total": (time.perf_counter() - self._start) * 1000}
