"""Camera raw files like TIFF, made around a JPEG."""

from __future__ import annotations

import struct
from collections.abc import Sequence

Entry = tuple[int, int, int | bytes]
"""Tag, kind and value, as a directory of TIFF 6.0 has them."""


def raw_file(size: tuple[int, int], preview: bytes, make: bytes, *, dng: bool, orientation: int = 1) -> bytes:
    """A raw file like TIFF: a reduced first page, a mosaic of ``size`` in a sub-directory, and a JPEG behind them."""
    tags: list[Entry] = [(254, 4, 1), (256, 4, 160), (257, 4, 120)]
    tags += [(271, 2, make), (274, 3, orientation), (330, 4, 200)]
    tags += [(50706, 1, b"\1\4\0\0")] if dng else []
    mosaic = [(254, 4, 0), (256, 4, size[0]), (257, 4, size[1]), (259, 3, 1), (262, 3, 32803)]
    return (b"II*\0" + struct.pack("<I", 8) + directory(tags, 150)).ljust(200, b"\0") + directory(mosaic, 0) + preview


def directory(tags: Sequence[Entry], text_at: int) -> bytes:
    entries, text = b"", b""
    for tag, kind, value in tags:
        if isinstance(value, bytes) and len(value) > 4:
            entries += struct.pack("<HHII", tag, kind, len(value), text_at)
            text = value
        else:
            body = value.ljust(4, b"\0") if isinstance(value, bytes) else struct.pack("<I", value)
            entries += struct.pack("<HHI", tag, kind, len(value) if isinstance(value, bytes) else 1) + body
    made = struct.pack("<H", len(tags)) + entries + bytes(4)
    return (made.ljust(text_at - 8, b"\0") + text) if text else made
