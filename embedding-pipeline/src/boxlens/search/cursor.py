"""Opaque cursors that belong to one query: a page cannot be asked for with the cursor of another.

A cursor is all that is needed to go on with a query, so that any worker can answer the next page:

- ``SeenCursor``, through a ranking: the moment of the first page, and a token of five bytes for every hit shown so far.
  The next page is made of the best hits that stood at that moment and are not among them. So nothing comes twice, and
  nothing is left out, although a deeper look may order the rest anew. Two different hits share a token once in
  2^40: with 400 shown and 4,000 candidates, one query in 700,000 leaves a hit out.
- ``SearchAfter``, through a listing: the same moment, and the place in the order that was reached.

As bytes, before base64: the version of the format, ``s`` or ``a``, the query key (``query_key``), the moment, the
tokens or the place, and a CRC-32 of all before it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from boxlens.domain.errors import BadQuery
from boxlens.domain.filters import Condition, Filter, Period, both

VERSION = 2
"""Of the format. Version 1 had no version byte: it began with the letter s or b."""

_HEAD = struct.Struct(">Bc8sq")  # version, which of the two, query key, moment
_TOKEN_BYTES = 5
_OLD_KINDS = frozenset(b"sb")
_OBJECT_ID = re.compile(r"[0-9a-f]{64}-[0-9]{1,9}")
_MAX_VALUE, _MAX_COUNT = 1e18, 10**12
_MAX_MOMENT = 253_402_300_799_999  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class SeenCursor:
    """``as_of``: the moment of the first page, in milliseconds since 1970; ``tokens`` of the hits shown."""

    as_of: int
    tokens: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class SearchAfter:
    """``as_of`` as for ``SeenCursor``; the last listed object with its value in the order, and how many hits came so
    far."""

    as_of: int
    object_id: str
    value: float | None
    count: int


def token(key: str) -> bytes:
    """The five bytes that stand for a hit: for an image id, or an object id where each box is a hit."""
    return hashlib.blake2b(key.encode(), digest_size=_TOKEN_BYTES).digest()


def as_of(filter: Filter, moment: int) -> Filter:
    """The filter, and only what had come in by that moment (milliseconds since 1970)."""
    stood = Period(last=datetime.fromtimestamp(moment / 1000, UTC))
    return both((filter, Filter((Condition("ingested_at", range=stood),))))


def after_page(query_key: str, seen: SeenCursor, keys: Iterable[str]) -> str:
    """The cursor to the page that follows one on which the hits with these keys were shown."""
    return write_cursor(query_key, SeenCursor(seen.as_of, seen.tokens | {token(key) for key in keys}))


def write_cursor(query_key: str, place: SeenCursor | SearchAfter) -> str:
    """A cursor to ``place`` of the query with that key (16 hex digits)."""
    if isinstance(place, SeenCursor):
        kind, body = b"s", b"".join(sorted(place.tokens))
    else:
        kind, body = b"a", orjson.dumps([place.object_id, place.value, place.count])
    data = _HEAD.pack(VERSION, kind, bytes.fromhex(query_key), place.as_of) + body
    return base64.urlsafe_b64encode(data + zlib.crc32(data).to_bytes(4, "big")).decode().rstrip("=")


def read_seen(cursor: str, query_key: str) -> SeenCursor:
    """What was shown before. Raises BadQuery when the cursor is damaged, of an earlier version or of another query."""
    moment, body = _read(cursor, query_key, b"s")
    return SeenCursor(moment, frozenset(body[i : i + _TOKEN_BYTES] for i in range(0, len(body), _TOKEN_BYTES)))


def read_search_after(cursor: str, query_key: str) -> SearchAfter:
    """The place reached in a listing. Raises BadQuery as ``read_seen``."""
    moment, body = _read(cursor, query_key, b"a")
    try:
        object_id, value, count = orjson.loads(body)
    except (ValueError, TypeError) as error:  # whoever can compute a CRC can forge one
        raise _damaged() from error
    number = value is None or (isinstance(value, int | float) and abs(value) <= _MAX_VALUE)
    if not isinstance(object_id, str) or not _OBJECT_ID.fullmatch(object_id) or not number:
        raise _damaged()
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= _MAX_COUNT:
        raise _damaged()
    return SearchAfter(moment, object_id, value, count)


def _read(cursor: str, query_key: str, kind: bytes) -> tuple[int, bytes]:
    try:
        whole = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise _damaged() from error
    data, check = whole[:-4], whole[-4:]
    if not data or zlib.crc32(data).to_bytes(4, "big") != check:
        raise _damaged()
    if data[0] in _OLD_KINDS:
        raise BadQuery(
            "The cursor was made by an earlier version of Boxlens.", hint="Start without a cursor.", place="cursor"
        )
    if len(data) < _HEAD.size or data[0] != VERSION:
        raise _damaged()
    _, its_kind, its_key, moment = _HEAD.unpack_from(data)
    if its_key.hex() != query_key or its_kind != kind:
        raise BadQuery("The cursor belongs to another query.", hint="Start without a cursor.", place="cursor")
    if not 0 <= moment <= _MAX_MOMENT:
        raise _damaged()
    return moment, data[_HEAD.size :]


def _damaged() -> BadQuery:
    return BadQuery("The cursor is damaged.", hint="Take next_cursor as it came.", place="cursor")
