"""Names of buckets and keys, the same for every backend, so that a key never leaves its bucket."""

from __future__ import annotations

import base64
import binascii
import re

from minio_proxy.errors import BadKey

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_HINT = "A key is file names joined by /, without ., .., backslashes or control characters."
MAX_KEY_BYTES = 1024
MAX_NAME_BYTES = 255


def check_bucket(bucket: str) -> str:
    """The bucket name, when it follows the naming rules of S3. Raises BadKey.

    >>> check_bucket("pictures-2024")
    'pictures-2024'
    """
    if not _BUCKET.fullmatch(bucket) or _ADDRESS.fullmatch(bucket):
        raise BadKey(
            f"{bucket[:80]!r} cannot be the name of a bucket.",
            hint="3 to 63 small letters, digits, dots and hyphens, beginning and ending with a letter or digit.",
        )
    return bucket


def check_key(key: str) -> str:
    """The key, when it can only mean one place inside its bucket. Raises BadKey.

    >>> check_key("2024/05/猫.jpg")
    '2024/05/猫.jpg'
    """
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise BadKey("The key is not valid Unicode.", hint=_HINT) from None
    if not 0 < length <= MAX_KEY_BYTES:
        raise BadKey(f"The key has {length} bytes; 1 to {MAX_KEY_BYTES} are allowed.", hint=_HINT)
    if any(ord(c) < 32 or ord(c) == 127 or c in "\\\ufffd" for c in key):
        raise BadKey("The key holds a control character, a backslash or bytes that are not UTF-8.", hint=_HINT)
    for name in key.split("/"):
        if name in ("", ".", ".."):
            raise BadKey(f"The key {key[:80]!r} has an empty part, a . or a .. in it.", hint=_HINT)
        if len(name.encode()) > MAX_NAME_BYTES:
            raise BadKey(f"A part of the key is longer than {MAX_NAME_BYTES} bytes.", hint=_HINT)
    return key


def check_prefix(prefix: str) -> str:
    """A beginning of keys to list; "" lists all. Raises BadKey."""
    if "\x00" in prefix or len(prefix.encode(errors="replace")) > MAX_KEY_BYTES:
        raise BadKey("The prefix is too long or holds a NUL.", hint=_HINT)
    return prefix


def cursor_of(key: str) -> str:
    """An opaque mark that means: go on after this key."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def key_of(cursor: str) -> str:
    """The key a cursor stands for. Raises BadKey for anything that ``cursor_of`` did not make."""
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadKey("The cursor is not one of ours.", hint="Pass next_cursor of the last page, unchanged.") from None
    if not key or "\x00" in key:
        raise BadKey("The cursor is not one of ours.", hint="Pass next_cursor of the last page, unchanged.")
    return key
