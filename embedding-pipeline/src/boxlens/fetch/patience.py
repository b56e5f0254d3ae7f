"""When to ask a server again: as it says itself, and for as long as something arrives."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

ATTEMPTS = 5  # in a row that bring nothing
WAITS = 30  # in a row that a server asks for
PAUSE_S = 0.5  # after the first attempt; longer after each further one
LONGEST_WAIT_S = 3600.0
BUSY = frozenset({429, 503})
_RESET = re.compile(r";\s*t\s*=\s*(\d+)")


class Patience:
    """Counts what went wrong since something last arrived; ``said`` is told of waits of more than two seconds."""

    def __init__(self, said: Callable[[str], None] = lambda _: None) -> None:
        self._said = said
        self._failures = 0
        self._waits = 0
        self.reason = ""

    def progressed(self) -> None:
        """Something arrived: the counts begin anew."""
        self._failures = self._waits = 0

    def again(self, reason: str) -> bool:
        """Pause, and whether to try again after a failure."""
        self.reason = reason
        self._failures += 1
        if self._failures >= ATTEMPTS:
            return False
        time.sleep(PAUSE_S * self._failures)
        return True

    def answered(self, status: int, headers: Mapping[str, str]) -> bool:
        """Pause after an answer that is no success, and whether to try again; names of ``headers`` in any case.

        A server that has too much to do is waited for as it says; one that does not say how long, counts as
        a failure; more than an hour is not waited.
        """
        wait = told_wait(headers) if status in BUSY else None
        if wait is None:
            return self.again(f"the server answers {status}")
        self.reason = f"the server asks to wait for {wait:.0f} s ({status})"
        self._waits += 1
        if wait > LONGEST_WAIT_S or self._waits > WAITS:
            return False
        if wait > 2:
            self._said(f"The server asks to wait for {wait:.0f} seconds")
        time.sleep(wait)
        return True


def told_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait by ``Retry-After`` (RFC 9110, seconds or a date), or by the ``RateLimit`` of a hub
    (draft-ietf-httpapi-ratelimit-headers, its t); None when neither is there or understood.

    >>> told_wait({"retry-after": "7"}), told_wait({"ratelimit": '"resolvers";r=0;t=55'}), told_wait({})
    (7.0, 55.0, None)
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    if value:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
    reset = _RESET.search(headers.get("ratelimit", ""))
    return float(reset[1]) if reset else None
