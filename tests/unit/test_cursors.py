from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedding_pipeline.errors import BadQuery
from embedding_pipeline.queries import PictureClause, Query, Sort, TextClause
from embedding_pipeline.search.cursors import Behind, Shown, fingerprint, mark_of, read_behind, read_shown, write_cursor

QUERY = Query((TextClause("dog"),))
MARK = fingerprint("photos", QUERY, None)


@given(st.integers(0, 10**13), st.frozensets(st.text(max_size=3).map(mark_of), max_size=30))
def test_what_was_shown_comes_back(moment: int, marks: frozenset[bytes]) -> None:
    shown = Shown(moment, marks)
    assert read_shown(write_cursor(MARK, shown), MARK, 1) == shown


@given(st.none() | st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 10**6))
def test_a_place_in_a_listing_comes_back(value: float | None, count: int) -> None:
    behind = Behind(1_700_000_000_000, "ab" * 32 + "-3", value, count)
    assert read_behind(write_cursor(MARK, behind), MARK) == behind


def test_without_a_cursor_a_walk_begins_now() -> None:
    assert read_shown(None, MARK, 7) == Shown(7)
    assert read_behind(None, MARK) is None


def test_a_cursor_belongs_to_its_query_and_its_collection() -> None:
    cursor = write_cursor(MARK, Shown(5))
    assert fingerprint("photos", Query((TextClause("dog"),), cursor=cursor), None) == MARK
    others = [
        fingerprint("photos", Query((TextClause("cat"),)), None),
        fingerprint("photos", Query((TextClause("dog"),), size=5), None),
        fingerprint("photos", Query((TextClause("dog"),), sort=Sort.named("-taken_at")), None),
        fingerprint("photos", Query((TextClause("dog"),), fold=False), None),
        fingerprint("others", QUERY, None),
        fingerprint("photos", QUERY, "ab-1"),
    ]
    assert len({MARK, *others}) == 7
    for other in others:
        with pytest.raises(BadQuery, match="another query"):
            read_shown(cursor, other, 1)
    with pytest.raises(BadQuery, match="another query"):
        read_behind(cursor, MARK)


def test_two_pictures_are_two_queries() -> None:
    black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    marks = {fingerprint("photos", Query((PictureClause(p),)), None) for p in (black, white)}
    assert len(marks) == 2


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "W10", "W10=", "bnVsbA", "Wzld", "Wy0xXQ", "?" * 40])
def test_a_damaged_cursor_is_refused(cursor: str) -> None:
    for read in (lambda: read_shown(cursor, MARK, 1), lambda: read_behind(cursor, MARK)):
        with pytest.raises(BadQuery, match="damaged") as caught:
            read()
        assert caught.value.place == "cursor"


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_byte_of_a_cursor_can_be_changed(place: int, change: int) -> None:
    for cursor, read in (
        (write_cursor(MARK, Shown(5, frozenset({mark_of("a"), mark_of("b")}))), lambda c: read_shown(c, MARK, 1)),
        (write_cursor(MARK, Behind(5, "a-1", 0.5, 20)), lambda c: read_behind(c, MARK)),
    ):
        data = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        data[place % len(data)] ^= change
        with pytest.raises(BadQuery):
            read(base64.urlsafe_b64encode(bytes(data)).decode().rstrip("="))
