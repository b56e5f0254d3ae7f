"""Filters: conditions on stored fields and how they combine, as frozen values that are typed already.

Texts of people become these values once, where they come in (``boxlens.filters``); every index reads them as they are.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from boxlens.domain.errors import BadQuery

_PERIOD = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Closed bounds of a number; None is open."""

    gte: float | None = None
    lte: float | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The first and the last moment of a span of time, in UTC with whole milliseconds; None is open.

    ``local``: whole days by the clock of the place, where the field keeps one, written as if it were UTC.
    """

    first: datetime | None = None
    last: datetime | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """A box on the map in WGS 84 degrees; ``west`` may lie east of ``east``, across the date line."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within ``km`` kilometres of one, in WGS 84 degrees."""

    lat: float
    lon: float
    km: float


@dataclass(frozen=True, slots=True)
class Words:
    """Every one of these tokens must be there; sorted, each once."""

    tokens: tuple[str, ...]


Value = str | Words | Area | Circle


@dataclass(frozen=True, slots=True)
class Condition:
    """One field must hold any of ``any_of``, none of ``none_of``, and have a value in ``range``.

    Values are ``str`` for keywords, ``Words`` for texts, and ``Area`` or ``Circle`` for places; a range is a
    ``NumberRange`` for numbers, counts among them, and a ``Period`` for dates.
    """

    field: str
    any_of: tuple[Value, ...] = ()
    none_of: tuple[Value, ...] = ()
    range: NumberRange | Period | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """All ``conditions`` hold, and at least one filter of ``any`` (when given), and none of ``none``."""

    conditions: tuple[Condition, ...] = ()
    any: tuple[Filter, ...] = ()
    none: tuple[Filter, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.conditions or self.any or self.none)


def both(filters: Iterable[Filter]) -> Filter:
    """The filter that demands all of them.

    A Filter holds one ``any`` group; each further group is kept as "not none of it", which means the same.
    """
    conditions: tuple[Condition, ...] = ()
    group: tuple[Filter, ...] = ()
    none: tuple[Filter, ...] = ()
    for part in filters:
        conditions += part.conditions
        none += part.none
        if part.any and group:
            none += (Filter(none=part.any),)
        elif part.any:
            group = part.any
    return Filter(conditions, group, none)


def parse_period(text: str, place: str) -> tuple[datetime, datetime]:
    """First and last moment of a year, a month, a day or a point in time, in UTC with whole milliseconds.

    Raises BadQuery.

    >>> [iso(moment) for moment in parse_period("2024-02", "")]
    ['2024-02-01T00:00:00.000Z', '2024-02-29T23:59:59.999Z']
    """
    try:
        whole = _PERIOD.fullmatch(text.strip())
        if whole is None:
            moment = utc_milliseconds(datetime.fromisoformat(text.strip()))
            return moment, moment
        year, month, day = (int(part) if part else None for part in whole.groups())
        assert year is not None  # the pattern demands it
        last_month = month or 12
        last_day = day or calendar.monthrange(year, last_month)[1]
        first = datetime(year, month or 1, day or 1, tzinfo=UTC)
        return first, datetime(year, last_month, last_day, 23, 59, 59, 999000, tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadQuery(
            f"{text[:80]!r} is not a date.",
            hint="Write 2023, 2023-05, 2023-05-31 or 2023-05-31T12:00:00Z.",
            place=place,
        ) from error


def is_whole(text: str) -> bool:
    """Whether a date is a year, a month or a day, and no moment."""
    return _PERIOD.fullmatch(text.strip()) is not None


def utc_milliseconds(moment: datetime) -> datetime:
    """The moment as an index compares it: UTC (no zone means UTC), whole milliseconds."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(microsecond=aware.microsecond // 1000 * 1000)


def iso(moment: datetime) -> str:
    """A moment as text: UTC with milliseconds.

    >>> iso(datetime(2023, 5, 1, tzinfo=UTC))
    '2023-05-01T00:00:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
