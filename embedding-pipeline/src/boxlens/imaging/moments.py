"""Moments and places as exports and people write them; what cannot be one of a photograph counts as absent."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from boxlens.domain.pictures import GeoPoint

EARLIEST = 1826
"""The year of the oldest photograph that is kept, Niépce's view from the window at Le Gras."""

# "2019:05:04 10:00:00" (Exif), "2019/5/4 10:00" (spreadsheets), "2019年5月4日", "1965" and "1965-07" (XMP, of scanned
# pictures), each with or without a zone; month and day may be zeros, which stand for unknown ones
_LOOSE = re.compile(
    r"(\d{4})(?:[-:/.年] ?(\d{1,2})(?:[-:/.月] ?(\d{1,2})日?|月)?|年)?"
    r"(?:[T ]+(\d{1,2}): ?(\d{1,2})(?:: ?(\d{1,2})(?:[.,]\d+)?)?)?\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?"
)
_ZONE = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")
_WIDEST_ZONE = 14  # hours: Kiribati
# "Friday May 31,2019 8:33 PM GMT" (Apple's export), "May 31, 2019, 8:33:05 PM UTC" (Google's)
_WRITTEN = re.compile(
    r"(?:[a-z]+ )?([a-z]{3})[a-z]* (\d{1,2}), ?(\d{4}),? (\d{1,2}):(\d{2})(?::(\d{2}))?\s?([ap])m(?: (?:GMT|UTC))?",
    re.IGNORECASE,
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_SAYS_SOMETHING = re.compile(r"[1-9]|[^\W\dTZ_]")  # "0000:00:00 00:00:00" and blank dates say nothing
_MILLISECONDS_FROM = 1e11  # as seconds this would be the year 5138


def moment(value: object, offset: object = None) -> datetime | None:
    """A moment with its zone; None for nothing, zero dates and implausible years.

    The zone is that in the value, else that of ``offset`` ("+08:00"), else UTC. Numbers, and texts that are whole
    numbers of nine digits or more, count seconds since 1970, or milliseconds; a number that can be the year of a
    photograph is one. Raises ValueError for what is no date at all.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and plausible_year(value):
        value = str(value)
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"-?\d{9,}", text):
            return plausible(_from_text(text, zone(offset) or UTC)) if _SAYS_SOMETHING.search(text) else None
        value = int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no date")
    try:
        seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
        return plausible(datetime.fromtimestamp(seconds, UTC)) if seconds else None
    except (OverflowError, OSError, ValueError):
        return None


def _from_text(text: str, default: timezone) -> datetime:
    try:
        moment_read = datetime.fromisoformat(text)
        return moment_read if moment_read.tzinfo else moment_read.replace(tzinfo=default)
    except ValueError:
        pass
    if (written := _WRITTEN.fullmatch(text)) and written[1].lower() in _MONTHS:
        hour = int(written[4]) % 12 + 12 * (written[7].lower() == "p")
        month = _MONTHS.index(written[1].lower()) + 1
        second = min(int(written[6] or 0), 59)
        return datetime(int(written[3]), month, int(written[2]), hour, int(written[5]), second, tzinfo=UTC)
    if match := _LOOSE.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        written_zone = zone(match[7])
        if match[7] and written_zone is None:
            raise ValueError(f"{text[:60]!r} is no date: there is no such zone")
        return datetime(year, month or 1, day or 1, hour, minute, min(second, 59), tzinfo=written_zone or default)
    try:
        mailed = parsedate_to_datetime(text)  # "Sat, 04 May 2019 10:00:00 GMT"
        return mailed if mailed.tzinfo else mailed.replace(tzinfo=default)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is no date") from None


def zone(text: object) -> timezone | None:
    """``+08:00``, ``+0800``, ``+8`` or ``Z`` as a zone; None for anything else."""
    if not isinstance(text, str):
        return None
    if text.strip() in ("Z", "UTC", "GMT"):
        return UTC
    match = _ZONE.fullmatch(text.strip())
    if match is None or int(match[2]) > _WIDEST_ZONE or int(match[3] or 0) > 59:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(offset if match[1] == "+" else -offset)


def plausible_year(year: int) -> bool:
    """Whether a photograph can be of that year."""
    return EARLIEST <= year <= datetime.now(UTC).year + 1


def plausible(value: datetime) -> datetime | None:
    """The moment, if a photograph can be of it; else None."""
    return value if plausible_year(value.year) else None


# "39 deg 54' 30.00\" N" (exiftool), "39°54′30″N", "39,54.5N" and "39,54,30N" (XMP)
_DEGREES = re.compile(
    r"""(\d+(?:\.\d+)?)\s*(?:deg|°|,)\s*(?:(\d+(?:\.\d+)?)\s*(?:['′,]\s*)?)?(?:(\d+(?:\.\d+)?)\s*(?:["″]\s*)?)?([NSEW]?)""",
    re.IGNORECASE,
)


def degrees(value: object, reference: object = None) -> float:
    """Degrees of latitude or longitude, signed; ``reference`` is N, S, E or W, or such a word. NaN for none."""
    text = str(value).strip()
    if match := _DEGREES.fullmatch(text):
        number = float(match[1]) + float(match[2] or 0) / 60 + float(match[3] or 0) / 3600
        reference = match[4] or reference
    else:
        try:
            number = float(text)
        except ValueError:
            return math.nan
    return -abs(number) if str(reference or "")[:1].upper() in ("S", "W") else number


def place(lat: object, lon: object, lat_reference: object = None, lon_reference: object = None) -> GeoPoint | None:
    """A place from degrees; None for nothing, and for 0, 0, by which cameras and exports mean "unknown".

    The references are N, S, E and W of numbers without a sign. Raises ValueError for what is no place on the globe.
    """
    if lat in (None, "") and lon in (None, ""):
        return None
    read = degrees(lat, lat_reference), degrees(lon, lon_reference)
    if not (abs(read[0]) <= 90 and abs(read[1]) <= 180):
        raise ValueError(f"{lat!r}, {lon!r} is no place: latitude is -90 to 90, longitude -180 to 180 degrees")
    return GeoPoint(*read) if read != (0.0, 0.0) else None
