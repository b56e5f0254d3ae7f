"""Dates in a text, Chinese and English, as periods of ``taken_at``. Only what names its year, or counts from today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from embedding_pipeline.errors import BadQuery
from embedding_pipeline.fields import FIELDS, bounds
from embedding_pipeline.queries import Condition

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


def dates(folded: str, today: date) -> Iterator[tuple[int, int, Condition]]:
    """Every date as (start, end, the condition on ``taken_at``), in order; dates that do not exist are left alone."""
    for match in _FORMS.finditer(folded):
        try:
            yield match.start(), match.end(), _condition(match, today)
        except BadQuery:
            continue


def _condition(match: re.Match[str], today: date) -> Condition:
    said = {name: value for name, value in match.groupdict().items() if value is not None}
    first = said.get("from") or said.get("zfrom")
    if first is not None:
        return _between(_period(first, today), _period(said.get("to") or said["zto"], today))
    edge = said.get("edge") or said.get("zedge")
    if edge is None:
        period = _period(said.get("within") or said["plain"], today)
        return _between(period, period)
    side, period = said.get("side") or said["zside"], _period(edge, today)
    if side in ("before", "以前", "之前"):
        return _between(None, _day(period, -1))
    if side in ("after", "以后", "之后"):
        return _between(_day(period, 1), None)
    return _between(None, period) if side == "until" else _between(period, None)


def _between(low: str | None, high: str | None) -> Condition:
    return bounds(FIELDS["taken_at"], low, high, "text")


def _day(period: str, step: int) -> str:
    """The day before or after a period."""
    condition = _between(period, period).range
    assert condition is not None  # _between gives a range
    edge = str(condition.gte if step < 0 else condition.lte)
    return (date.fromisoformat(edge[:10]) + timedelta(days=step)).isoformat()


def _period(text: str, today: date) -> str:
    """A date as written, as ``fields.period`` takes it: 2023, 2023-07 or 2023-07-04."""
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
