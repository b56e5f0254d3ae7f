"""Addresses that may be read until they expire.

Anyone who holds the signing key can sign; nothing of this package is needed. The text that is signed is five lines
joined by a line feed, without one at the end::

    {bucket}
    {key}
    {w}
    {box}
    {expires}

``bucket`` and ``key`` are not percent-encoded; ``w`` and ``box`` are the values of the query as sent, empty when
absent; ``expires`` is the second (Unix time, decimal) after which the address is refused. The signature is
HMAC-SHA256 over the UTF-8 bytes with the UTF-8 bytes of the signing key, in small hexadecimal letters::

    /file/{bucket}/{key}?w={w}&box={box}&expires={expires}&signature={signature}

An empty key signs the listing of a bucket, an empty bucket and key the list of buckets. Values never hold a line feed:
keys with control characters are refused, and so are such widths and boxes, so two requests never share a text.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote, urlencode

from minio_proxy.errors import Denied


def string_to_sign(bucket: str, key: str, w: str, box: str, expires: str) -> str:
    """The five lines described above."""
    return "\n".join((bucket, key, w, box, expires))


def signature(signing_key: str, bucket: str, key: str, w: str, box: str, expires: str) -> str:
    """64 hexadecimal digits."""
    text = string_to_sign(bucket, key, w, box, expires)
    return hmac.new(signing_key.encode(), text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def signed_path(signing_key: str, bucket: str, key: str, *, expires: int, w: str = "", box: str = "") -> str:
    """The path and query of a signed address.

    >>> signed_path("k", "photos", "a b.jpg", expires=2000000000, w="320")[:48]
    '/file/photos/a%20b.jpg?w=320&expires=2000000000&'
    """
    query = {"w": w, "box": box, "expires": str(expires)}
    query["signature"] = signature(signing_key, bucket, key, w, box, str(expires))
    path = "/".join(["/file", *([quote(bucket)] if bucket else []), *([quote(key)] if key else [])])
    return f"{path}?{urlencode({name: value for name, value in query.items() if value}, safe=',')}"


def verify(signing_key: str, bucket: str, key: str, w: str, box: str, *, expires: str, sent: str, now: float) -> int:
    """Seconds left, at least 1. Raises Denied when the signature is missing, wrong or expired."""
    hint = "Ask Boxlens for the address again, or send the write key."
    if not sent or not expires:
        raise Denied("This address needs a signature.", hint=hint)
    clean = expires.isascii() and expires.isdigit() and len(expires) <= 12 and "\n" not in w + box
    expected = signature(signing_key, bucket, key, w, box, expires)
    if not hmac.compare_digest(expected.encode(), sent.encode(errors="replace")) or not clean:
        raise Denied("The signature does not fit this address.", hint=hint)
    left = int(int(expires) - now)
    if left <= 0:
        raise Denied("This address has expired.", hint=hint)
    return left
