"""Moments and places as exports and people write them; what cannot be one of a photograph counts as absent."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone

from boxlens.domain.pictures import GeoPoint

EARLIEST = 1826
"""The year of the oldest photograph that is kept, Niépce's view from the window at Le Gras."""

# "2019:05:04 10:00:00" (Exif), "2019/5/4 10:00" (spreadsheets), each with or without a zone
_LOOSE = re.compile(
    r"(\d{4})[-:/.](\d{1,2})[-:/.](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(Z|UTC|GMT|([+-])(\d{2}):?(\d{2}))?"
)
# "Friday May 31,2019 8:33 PM GMT" (Apple's export)
_WRITTEN = re.compile(
    r"(?:[a-z]+ )?([a-z]{3})[a-z]* (\d{1,2}), ?(\d{4}) (\d{1,2}):(\d{2}) ?([ap])m(?: (?:GMT|UTC))?", re.IGNORECASE
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_SAYS_SOMETHING = re.compile(r"[1-9]|[^\W\dTZ_]")  # "0000:00:00 00:00:00" and blank dates say nothing
_MILLISECONDS_FROM = 1e11  # as seconds this would be the year 5138


def moment(value: object) -> datetime | None:
    """A moment with its zone (UTC where none is written); None for nothing, zero dates and implausible years.

    Numbers, and texts that are whole numbers of nine digits or more, count seconds since 1970, or milliseconds. Raises
    ValueError for what is no date at all.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"-?\d{9,}", text):
            return plausible(_from_text(text)) if _SAYS_SOMETHING.search(text) else None
        value = int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no date")
    try:
        seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
        return plausible(datetime.fromtimestamp(seconds, UTC)) if seconds else None
    except (OverflowError, OSError, ValueError):
        return None


def _from_text(text: str) -> datetime:
    try:
        moment_read = datetime.fromisoformat(text)
        return moment_read if moment_read.tzinfo else moment_read.replace(tzinfo=UTC)
    except ValueError:
        if (written := _WRITTEN.fullmatch(text)) and written[1].lower() in _MONTHS:
            hour = int(written[4]) % 12 + 12 * (written[6].lower() == "p")
            month = _MONTHS.index(written[1].lower()) + 1
            return datetime(int(written[3]), month, int(written[2]), hour, int(written[5]), tzinfo=UTC)
        match = _LOOSE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:60]!r} is no date") from None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    zone: timezone = UTC
    if match[8]:
        offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
        zone = timezone(offset if match[8] == "+" else -offset)
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)


def plausible(value: datetime) -> datetime | None:
    """The moment, if a photograph can be of it; else None."""
    return value if EARLIEST <= value.year <= datetime.now(UTC).year + 1 else None


def place(lat: object, lon: object) -> GeoPoint | None:
    """A place from degrees; None for nothing, and for 0, 0, by which cameras and exports mean "unknown".

    Raises ValueError for what is no place on the globe.
    """
    if lat in (None, "") and lon in (None, ""):
        return None
    try:
        degrees = tuple(float(str(value)) for value in (lat, lon))
    except ValueError:
        degrees = (math.nan, math.nan)
    if not (abs(degrees[0]) <= 90 and abs(degrees[1]) <= 180):
        raise ValueError(f"{lat!r}, {lon!r} is no place: latitude is -90 to 90, longitude -180 to 180 degrees")
    return GeoPoint(*degrees) if degrees != (0.0, 0.0) else None
