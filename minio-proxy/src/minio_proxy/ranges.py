"""Conditional and partial reading (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from minio_proxy.errors import BadRange

_DIGITS = re.compile(r"[0-9]*")
_MOST_DIGITS = 18  # longer numbers lie behind any file


def wanted_range(headers: Mapping[str, str], size: int, etag: str, modified: datetime) -> tuple[int, int] | None:
    """First byte and length of the part asked for, or None for the whole file.

    Several ranges at once and units other than bytes are answered with the whole file, as the RFC allows, and so is a
    range whose If-Range names another version. Raises BadRange when nothing of the range is in the file.
    """
    unit, _, span = headers.get("range", "").partition("=")
    first, dash, last = (text.strip() for text in span.partition("-"))
    one_range = unit.strip().lower() == "bytes" and dash and _DIGITS.fullmatch(first) and _DIGITS.fullmatch(last)
    if not one_range or not _same_version(headers.get("if-range", ""), etag, modified):
        return None
    if not first and not last:
        return None
    first, last = first[:_MOST_DIGITS], last[:_MOST_DIGITS]
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    if start >= size or end < start:
        raise BadRange(
            f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}"}, hint="Ask for bytes inside it."
        )
    return start, end - start + 1


def not_modified(headers: Mapping[str, str], etag: str, modified: datetime) -> bool:
    """Whether the client holds this version already. If-None-Match, when sent, is the only thing that counts."""
    tags = headers.get("if-none-match")
    if tags is not None:
        held = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in held or f'"{etag}"' in held
    since = _moment(headers.get("if-modified-since", ""))
    return since is not None and modified.replace(microsecond=0) <= since


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _same_version(condition: str, etag: str, modified: datetime) -> bool:
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == f'"{etag}"'
    return _moment(condition) == modified.replace(microsecond=0)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
