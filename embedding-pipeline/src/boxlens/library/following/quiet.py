"""Times of the day in which nothing is taken in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from boxlens.domain.errors import BadInput

_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_SPAN = re.compile(rf"(?P<begin>{_TIME})-(?P<end>{_TIME})")


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """Spans of the local day, the end exclusive; one that ends before it begins goes over midnight."""

    spans: tuple[tuple[time, time], ...] = ()

    @classmethod
    def parse(cls, text: str) -> QuietTimes:
        """``"22:00-06:00, 12:00-13:00"``; "" is none. Raises BadInput."""
        spans: list[tuple[time, time]] = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            match = _SPAN.fullmatch(part)
            if match is None or match["begin"] == match["end"]:
                raise BadInput(f"{part!r} is no span of a day.", hint="Write --quiet 22:00-06:00.")
            begin, end = (time.fromisoformat(match[name].zfill(5)) for name in ("begin", "end"))
            spans.append((begin, end))
        return cls(tuple(spans))

    def holds(self, now: time) -> bool:
        """Whether a time of the day is a quiet one.

        >>> QuietTimes.parse("22:00-06:00").holds(time(23, 30))
        True
        """
        return any(begin <= now < end if begin < end else now >= begin or now < end for begin, end in self.spans)
