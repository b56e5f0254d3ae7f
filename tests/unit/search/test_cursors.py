from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import BadQuery
from boxlens.domain.queries import PictureClause, Query, Sort, TextClause
from boxlens.search.cursor import SearchAfter, SeenCursor, after_page, read_search_after, read_seen, token, write_cursor
from boxlens.search.query_key import query_key

QUERY = Query((TextClause("dog"),))
KEY = query_key(CollectionSet.of("photos"), QUERY)


@given(st.integers(0, 10**13), st.frozensets(st.text(max_size=3).map(token), max_size=30))
def test_what_was_shown_comes_back(moment: int, tokens: frozenset[bytes]) -> None:
    seen = SeenCursor(moment, tokens)
    assert read_seen(write_cursor(KEY, seen), KEY) == seen


def test_after_a_page_its_hits_are_among_those_shown() -> None:
    seen = SeenCursor(5, frozenset({token("a")}))
    assert read_seen(after_page(KEY, seen, ["b", "c"]), KEY) == SeenCursor(5, frozenset(map(token, "abc")))


@given(st.none() | st.floats(-1e18, 1e18), st.integers(0, 10**6))
def test_a_place_in_a_listing_comes_back(value: float | None, count: int) -> None:
    place = SearchAfter(1_700_000_000_000, "ab" * 32 + "-3", value, count)
    assert read_search_after(write_cursor(KEY, place), KEY) == place


def test_a_cursor_belongs_to_its_query_and_its_collection() -> None:
    cursor = write_cursor(KEY, SeenCursor(5))
    assert query_key(CollectionSet.of("photos"), Query((TextClause("dog"),), cursor=cursor)) == KEY
    others = [
        query_key(CollectionSet.of("photos"), Query((TextClause("cat"),))),
        query_key(CollectionSet.of("photos"), Query((TextClause("dog"),), size=5)),
        query_key(CollectionSet.of("photos"), Query((TextClause("dog"),), sort=Sort.named("-taken_at"))),
        query_key(CollectionSet.of("photos"), Query((TextClause("dog"),), collapse_duplicates=False)),
        query_key(CollectionSet.of("others"), QUERY),
        query_key(CollectionSet.of("photos"), QUERY, "ab-1"),
    ]
    assert len({KEY, *others}) == 7
    for other in others:
        with pytest.raises(BadQuery, match="another query"):
            read_seen(cursor, other)
    with pytest.raises(BadQuery, match="another query"):
        read_search_after(cursor, KEY)


def test_two_pictures_are_two_queries() -> None:
    black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    keys = {query_key(CollectionSet.of("photos"), Query((PictureClause(p),))) for p in (black, white)}
    assert len(keys) == 2


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "W10", "W10=", "bnVsbA", "Wzld", "Wy0xXQ", "?" * 40])
def test_a_damaged_cursor_is_refused(cursor: str) -> None:
    for read in (lambda: read_seen(cursor, KEY), lambda: read_search_after(cursor, KEY)):
        with pytest.raises(BadQuery, match="damaged") as caught:
            read()
        assert caught.value.place == "cursor"


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_byte_of_a_cursor_can_be_changed(place: int, change: int) -> None:
    for cursor, read in (
        (write_cursor(KEY, SeenCursor(5, frozenset({token("a"), token("b")}))), lambda c: read_seen(c, KEY)),
        (write_cursor(KEY, SearchAfter(5, "a-1", 0.5, 20)), lambda c: read_search_after(c, KEY)),
    ):
        data = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        data[place % len(data)] ^= change
        with pytest.raises(BadQuery):
            read(base64.urlsafe_b64encode(bytes(data)).decode().rstrip("="))


def test_a_cursor_of_an_earlier_version_is_refused_by_name() -> None:
    """Version 1 began with its kind; the rest of its head was the same."""
    for kind in (b"s", b"b"):
        data = struct.pack(">c8sq", kind, bytes.fromhex(KEY), 1_700_000_000_000) + token("a")
        cursor = base64.urlsafe_b64encode(data + zlib.crc32(data).to_bytes(4, "big")).decode().rstrip("=")
        for read in (read_seen, read_search_after):
            with pytest.raises(BadQuery, match="earlier version") as caught:
                read(cursor, KEY)
            assert caught.value.hint == "Start without a cursor."
