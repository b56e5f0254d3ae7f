"""Dates in a text, Chinese and English, as periods of ``taken_at``. Only what names its year, or counts from today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from boxlens.domain.errors import BadQuery
from boxlens.domain.filters import Condition, Period, parse_period

Span = tuple[datetime, datetime]
"""First and last moment of a period."""

_MONTHS = "january february march april may june july august september october november december".split()
_NAMES = {name[:n]: i for i, name in enumerate(_MONTHS, 1) for n in (3, len(name))} | {"sept": 9}
_MONTH = "|".join(sorted(_NAMES, key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_RELATIVE = (
    "前年",
    "去年",
    "今年",
    "上个月",
    "上月",
    "这个月",
    "本月",
    "last year",
    "this year",
    "last month",
    "this month",
)

_DATE = (
    rf"{_YEAR}\s*年(?:\s*\d{{1,2}}\s*月(?:份|\s*\d{{1,2}}\s*[日号])?)?"
    rf"|(?<![\w./-]){_YEAR}[-/]\d{{1,2}}(?:[-/]\d{{1,2}})?(?![\w/-]|\.\d)"
    rf"|\b(?:{_MONTH})\.?\s+(?:{_DAY},?\s+)?{_YEAR}\b"
    rf"|\b{_DAY}\s+(?:of\s+)?(?:{_MONTH})\.?,?\s+{_YEAR}\b"
    rf"|{'|'.join(rf'{w}' if not w.isascii() else rf'{chr(92)}b{w}{chr(92)}b' for w in _RELATIVE)}"
)
_BARE_YEAR = rf"(?<![\w./-]){_YEAR}(?![\w/-]|\.\d)"
_TAKEN = r"\b(?:(?:taken|photographed|shot|made)\s+)?"
_FORMS = re.compile(
    rf"(?:{_TAKEN}(?:between|from)\s+)(?P<from>{_DATE}|{_BARE_YEAR})\s+(?:and|to|until|till)\s+(?P<to>{_DATE}|{_BARE_YEAR})"
    rf"|(?:从|在)?(?P<zfrom>{_DATE})\s*(?:到|至|-|—|~)\s*(?P<zto>{_DATE})(?:之间|期间)?(?:拍摄|拍)?的?"
    rf"|{_TAKEN}(?P<side>before|until|after|since)\s+(?P<edge>{_DATE}|{_BARE_YEAR})"
    rf"|(?P<zedge>{_DATE})\s*(?P<zside>以前|之前|以后|之后|以来)(?:拍摄|拍)?的?"
    rf"|{_TAKEN}(?:in|on|during)\s+(?P<within>{_DATE}|{_BARE_YEAR})"
    rf"|(?:在|于)?(?P<plain>{_DATE})(?:拍摄|拍)?的?"
)


def find_dates(normalized: str, today: date) -> Iterator[tuple[int, int, Condition]]:
    """Every date as (start, end, the condition on ``taken_at``), in order; dates that do not exist are left alone."""
    for match in _FORMS.finditer(normalized):
        try:
            yield match.start(), match.end(), _condition(match, today)
        except BadQuery:
            continue


def _condition(match: re.Match[str], today: date) -> Condition:
    fields = {name: value for name, value in match.groupdict().items() if value is not None}
    first = fields.get("from") or fields.get("zfrom")
    if first is not None:
        return _between(_period(first, today), _period(fields.get("to") or fields["zto"], today))
    edge = fields.get("edge") or fields.get("zedge")
    if edge is None:
        period = _period(fields.get("within") or fields["plain"], today)
        return _between(period, period)
    side, period = fields.get("side") or fields["zside"], _period(edge, today)
    if side in ("before", "以前", "之前"):
        return _between(None, _day(period, -1))
    if side in ("after", "以后", "之后"):
        return _between(_day(period, 1), None)
    return _between(None, period) if side == "until" else _between(period, None)


def _between(start: Span | None, end: Span | None) -> Condition:
    """The condition from the start of one span to the end of another. Raises BadQuery when it can hold nothing."""
    first, last = start[0] if start else None, end[1] if end else None
    if first is not None and last is not None and first > last:
        raise BadQuery("The period ends before it begins.", place="text")
    return Condition("taken_at", range=Period(first, last, local=True))


def _day(period: Span, step: int) -> Span:
    """The day before or after a span. Raises BadQuery beyond the first and the last day there are."""
    edge = period[0] if step < 0 else period[1]
    try:
        return parse_period((edge.date() + timedelta(days=step)).isoformat(), "text")
    except OverflowError as error:
        raise BadQuery("There is no time beyond that.", place="text") from error


def _period(text: str, today: date) -> Span:
    return parse_period(_iso_date(text, today), "text")


def _iso_date(text: str, today: date) -> str:
    """A date as written in the form 2023, 2023-07 or 2023-07-04."""
    if text in _RELATIVE:
        return _relative(text, today)
    year = re.search(_YEAR, text)
    assert year is not None  # every form holds a year
    name = re.search(rf"({_MONTH})", text)
    rest = text[: year.start()] + " " + text[year.end() :]
    numbers = [int(n) for n in re.findall(r"\d+", rest)]
    if name is not None:
        numbers = [_NAMES[name.group()], *numbers]
    return "-".join([year.group(), *(f"{n:02d}" for n in numbers)])


def _relative(text: str, today: date) -> str:
    years = {"前年": 2, "去年": 1, "last year": 1, "今年": 0, "this year": 0}
    if text in years:
        return str(today.year - years[text])
    month = today.replace(day=1)
    if text in ("上个月", "上月", "last month"):
        month = (month - timedelta(days=1)).replace(day=1)
    return f"{month.year}-{month.month:02d}"
