"""What kind of file it is, told by its first bytes, else by its name."""

from __future__ import annotations

import mimetypes

SNIFF_BYTES = 32
UNKNOWN = "application/octet-stream"
# shown by browsers in place; everything else is handed over as a download
PICTURES = frozenset(
    f"image/{name}" for name in ("jpeg", "png", "gif", "webp", "bmp", "tiff", "jp2", "avif", "heic", "x-icon")
)
_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
)
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic"}


def content_type(start: bytes, key: str, declared: str = "") -> str:
    """The media type of a file.

    ``start`` is its first 32 bytes (fewer in a shorter file). Bytes win over the name and the name over what a client
    declared; a picture type is believed only of the bytes.

    >>> content_type(b"GIF89a", "x.png")
    'image/gif'
    >>> content_type(b"<html>", "x.png")
    'application/octet-stream'
    """
    picture_type = _of_bytes(start)
    if picture_type:
        return picture_type
    named = mimetypes.guess_type(key)[0] or declared.split(";")[0].strip().lower() or UNKNOWN
    return UNKNOWN if named in PICTURES or "/" not in named or not named.isprintable() else named


def _of_bytes(start: bytes) -> str | None:
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp" and start[8:12] in _BRANDS:
        return _BRANDS[start[8:12]]
    return next((kind for begin, kind in _STARTS if start.startswith(begin)), None)
