"""Cursors of searches, as sent and with a head and a check sum that anyone could compute; cursors of minio-proxy."""

from __future__ import annotations

import base64
import struct
import zlib
from contextlib import suppress

from boxlens.domain.errors import BoxlensError
from boxlens.domain.filters import Filter
from boxlens.search.cursor import VERSION, as_of, read_search_after, read_seen
from minio_proxy.errors import ProxyError
from minio_proxy.keys import check_prefix, key_of
from tests.fuzz.targets import text_of

PIECES = ("s", "a", "[", ",", "null", '"', "true", "1e999", "-", "_", "=", "0" * 64 + "-0", "\x02", "\x7f")
KEY = "0123456789abcdef"


def read(data: bytes) -> None:
    """The first byte says how the rest is sent: as it is, as base64, or behind a good head and before its sum."""
    cursor = _sent(data[:1], data[1:])
    with suppress(BoxlensError):
        as_of(Filter(), read_seen(cursor, KEY).as_of)
    with suppress(BoxlensError):
        as_of(Filter(), read_search_after(cursor, KEY).as_of)
    with suppress(ProxyError):
        check_prefix(key_of(cursor))


def _sent(way: bytes, rest: bytes) -> str:
    if way > b"\x80":
        return _forged(rest)
    return base64.urlsafe_b64encode(rest).decode() if way > b"@" else text_of(rest)


def _forged(rest: bytes) -> str:
    kind, moment, body = rest[:1], rest[1:9], rest[9:]
    head = struct.pack(">Bc8s8s", VERSION, kind or b"s", bytes.fromhex(KEY), moment.rjust(8, b"\x00"))
    whole = head + body
    return base64.urlsafe_b64encode(whole + zlib.crc32(whole).to_bytes(4, "big")).decode().rstrip("=")
