"""Opaque cursors that belong to one query: a page cannot be asked for with the cursor of another.

A cursor is all there is to know of a walk through the pages of a query, so that any worker can go on with it:

- ``Shown``, through a ranking: the moment of the first page, and a mark of five bytes for every hit shown so far. The
  next page is made of the best hits that stood at that moment and are not among them. So nothing comes twice, and
  nothing is left out, although a deeper look may order the rest anew. Two different hits share a mark once in
  2^40: with 400 shown and 4,000 candidates, one walk in 700,000 leaves a hit out.
- ``Behind``, through a listing: the same moment, and the place in the order that was reached.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from embedding_pipeline.errors import BadQuery
from embedding_pipeline.fields import iso
from embedding_pipeline.filters import both
from embedding_pipeline.queries import Condition, Filter, PictureClause, Query, Range

_HEAD = struct.Struct(">c8sq")  # which of the two, the query's fingerprint, the moment
_MARK = 5
_LAST_MOMENT = 253_402_300_799_999  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class Shown:
    """``moment`` in milliseconds since 1970; ``marks`` of the hits shown."""

    moment: int
    marks: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Behind:
    """``moment`` as for ``Shown``; the last listed object with its value in the order, and how many hits came so
    far."""

    moment: int
    object_id: str
    value: float | None
    count: int


def fingerprint(collection: str, query: Query, without: str | None) -> str:
    """A short mark of everything that decides an order of answers: 16 hex digits."""
    digest = hashlib.sha256(repr((collection, without, replace(query, cursor=None))).encode())
    for clause in (*query.clauses, *(part.clause for part in query.all_of)):
        if isinstance(clause, PictureClause):  # its pixels are not in its repr
            digest.update(clause.pixels[::8, ::8].tobytes())  # enough to tell pictures apart, and quick
    return digest.hexdigest()[:16]


def mark_of(key: str) -> bytes:
    """The five bytes that stand for a hit: for an image id, or an object id where each box is a hit."""
    return hashlib.blake2b(key.encode(), digest_size=_MARK).digest()


def until(filter: Filter, moment: int) -> Filter:
    """The filter, and only what had come in by that moment."""
    last = iso(datetime.fromtimestamp(moment / 1000, UTC))
    return both((filter, Filter((Condition("ingested_at", range=Range(None, last)),))))


def write_cursor(query_mark: str, place: Shown | Behind) -> str:
    """A cursor to ``place`` of the query with that fingerprint."""
    if isinstance(place, Shown):
        kind, body = b"s", b"".join(sorted(place.marks))
    else:
        kind, body = b"b", orjson.dumps([place.object_id, place.value, place.count])
    data = _HEAD.pack(kind, bytes.fromhex(query_mark), place.moment) + body
    return base64.urlsafe_b64encode(data + zlib.crc32(data).to_bytes(4, "big")).decode().rstrip("=")


def read_shown(cursor: str | None, query_mark: str, now: int) -> Shown:
    """What was shown before; without a cursor nothing, and the walk begins now. Raises BadQuery when the cursor is
    damaged or of another query."""
    if cursor is None:
        return Shown(now)
    moment, body = _read(cursor, query_mark, b"s")
    return Shown(moment, frozenset(body[i : i + _MARK] for i in range(0, len(body), _MARK)))


def read_behind(cursor: str | None, query_mark: str) -> Behind | None:
    """The place reached in a listing; None without a cursor. Raises BadQuery as ``read_shown``."""
    if cursor is None:
        return None
    moment, body = _read(cursor, query_mark, b"b")
    return Behind(moment, *orjson.loads(body))


def _read(cursor: str, query_mark: str, kind: bytes) -> tuple[int, bytes]:
    try:
        whole = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise _damaged() from error
    data, check = whole[:-4], whole[-4:]
    if len(data) < _HEAD.size or zlib.crc32(data).to_bytes(4, "big") != check:
        raise _damaged()
    read_kind, read_mark, moment = _HEAD.unpack_from(data)
    if read_mark.hex() != query_mark or read_kind != kind:
        raise BadQuery("The cursor belongs to another query.", hint="Start without a cursor.", place="cursor")
    if not 0 <= moment <= _LAST_MOMENT:
        raise _damaged()
    return moment, data[_HEAD.size :]


def _damaged() -> BadQuery:
    return BadQuery("The cursor is damaged.", hint="Take next_cursor as it came.", place="cursor")
