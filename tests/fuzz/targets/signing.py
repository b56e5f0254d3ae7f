"""Signed addresses of minio-proxy: forged ones, and such as the key's holder signs."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from minio_proxy.derived.pictures import parse_box
from minio_proxy.errors import ProxyError
from minio_proxy.keys import check_bucket, check_key
from minio_proxy.signing import signature, signed_path, verify
from tests.fuzz.targets import text_of

PIECES = (
    "\x1f", "\n", "2000000000", "99999999999999", "photos", "a/b.jpg", "..", "320", "0,0,1,1", "é", "²", "%2e", "+",
    "&w=",
)  # fmt: skip
KEY, NOW = "k" * 32, 1_900_000_000.0


def read(data: bytes) -> None:
    """Six values, parted by the byte 31: the signature as sent, or a right one when none is sent."""
    bucket, key, w, box, expires, sent = [*text_of(data).split("\x1f"), *([""] * 6)][:6]
    for check, name in ((check_bucket, bucket), (check_key, key), (parse_box, box)):
        with suppress(ProxyError):
            check(name)
    with suppress(ProxyError):
        right = signature(KEY, bucket, key, w, box, expires)
        verify(KEY, bucket, key, w, box, expires=expires, sent=sent or right, now=NOW)
    query = parse_qs(urlsplit(signed_path(KEY, bucket, key, expires=2_000_000_000, w=w, box=box)).query)
    values = {name: query.get(name, [""])[0] for name in ("w", "box")}
    if "\n" not in w + box:
        left = verify(KEY, bucket, key, **values, expires="2000000000", sent=query["signature"][0], now=NOW)
        assert left == 100_000_000
