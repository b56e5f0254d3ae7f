"""Opaque cursors that belong to one query: a page cannot be asked for with the cursor of another."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import replace

import orjson

from embedding_pipeline.domain import PictureClause, Query
from embedding_pipeline.errors import BadQuery


def fingerprint(collection: str, query: Query, without: str | None) -> str:
    """A short mark of everything that decides an order of answers."""
    digest = hashlib.sha256(repr((collection, without, replace(query, cursor=None))).encode())
    for clause in query.clauses:
        if isinstance(clause, PictureClause):  # its pixels are not in its repr
            digest.update(clause.pixels[::8, ::8].tobytes())  # enough to tell pictures apart, and quick
    return digest.hexdigest()[:16]


def write_cursor(mark: str, place: int | str) -> str:
    """A cursor to ``place`` of the query with that mark."""
    return base64.urlsafe_b64encode(orjson.dumps([mark, place])).decode().rstrip("=")


def read_cursor(cursor: str | None, mark: str) -> int | str | None:
    """The place a cursor points to, None without one. Raises BadQuery when it is damaged or of another query."""
    if cursor is None:
        return None
    try:
        read_mark, place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, TypeError) as error:
        raise BadQuery("The cursor is damaged.", hint="Take next_cursor as it came.", place="cursor") from error
    if read_mark != mark or not isinstance(place, int | str) or (isinstance(place, int) and place < 0):
        raise BadQuery("The cursor belongs to another query.", hint="Start without a cursor.", place="cursor")
    return place
