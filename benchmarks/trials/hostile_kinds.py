"""Pictures made to harm whoever decodes them: headers that lie, small files that grow, and ones that are torn."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from PIL import Image

from benchmarks.trials.input_kinds import BAD, GOOD, chunk, saved

_SIDES = (320, 5000, 7999, 8000, 16_383, 65_500)
"""Claimed sides in pixels, on either side of what is allowed."""


def hostile_pictures(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """So many pairs of a kind and the bytes; the same for the same seed."""
    choice = random.Random(seed)
    for number in range(count):
        name, make = _KINDS[number % len(_KINDS)]
        yield name, make(choice)


def _claiming(data: bytes, mark: bytes, skip: int, packed: bytes) -> bytes:
    """A file with other bytes at ``skip`` after a mark."""
    at = data.index(mark) + skip
    return data[:at] + packed + data[at + len(packed) :]


def _jpeg(choice: random.Random, *, progressive: bool) -> bytes:
    data = saved("JPEG", size=(320, 240), progressive=progressive)(choice.randrange(1000))
    size = struct.pack(">HH", choice.choice(_SIDES), choice.choice(_SIDES))
    return _claiming(data, b"\xff\xc2" if progressive else b"\xff\xc0", 5, size)


def _many_scans(choice: random.Random) -> bytes:
    """A progressive JPEG of one colour that says its last scan again and again; each goes over the whole picture."""
    file = io.BytesIO()
    Image.new("RGB", (4000, 3000), choice.randrange(2**24)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * choice.choice((30, 300, 1500)) + b"\xff\xd9"


def _avif(choice: random.Random) -> bytes:
    size = struct.pack(">II", choice.choice(_SIDES), choice.choice(_SIDES))
    return _claiming(saved("AVIF", size=(320, 240))(choice.randrange(1000)), b"ispe", 8, size)


def _webp(choice: random.Random) -> bytes:
    """34 bytes that claim many pixels of one colour."""
    width, height = (min(choice.choice(_SIDES), 16_383) for _ in range(2))
    return b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f" + struct.pack("<I", width - 1 | height - 1 << 14) + bytes(8)


def _gif(choice: random.Random) -> bytes:
    size = struct.pack("<HH", choice.choice(_SIDES), choice.choice((900, 65_500)))
    return _claiming(saved("GIF")(choice.randrange(1000)), b"GIF8", 6, size)


def _bomb(choice: random.Random) -> bytes:
    """A PNG of one colour that is really as large as it says."""
    width, height = choice.choice(((8000, 8000), (7999, 8000), (16_000, 4000), (60_000, 1000), (20_000, 8000)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    comment = chunk(b"tEXt", b"n\0%d" % choice.randrange(10**9))  # so that each is another file
    parts = (chunk(b"IHDR", header), comment, chunk(b"IDAT", _packed_black(width, height)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@cache
def _packed_black(width: int, height: int) -> bytes:
    row, packer = bytes(3 * width + 1), zlib.compressobj(9)
    return b"".join(packer.compress(row) for _ in range(height)) + packer.flush()


def _large(choice: random.Random) -> bytes:
    """A picture as large as is allowed, in a few kilobytes."""
    form, options = choice.choice((("WEBP", {"lossless": True, "quality": 0, "method": 0}), ("JPEG", {}), ("PNG", {})))
    file = io.BytesIO()
    mode = "RGB" if form == "JPEG" else "RGBA"
    Image.new(mode, (choice.randrange(7000, 7900), 8000), choice.randrange(256)).save(file, form, **options)
    return file.getvalue()


def _tiff(choice: random.Random) -> bytes:
    """A TIFF whose width, height, bits or samples are something else than what is there."""
    data = saved("TIFF")(choice.randrange(1000))
    at = struct.unpack("<I", data[4:8])[0] + 2 + 12 * choice.randrange(6) + 8
    return data[:at] + struct.pack("<I", choice.choice((0, 1, 64, 65_500, 2**31, 2**32 - 1))) + data[at + 4 :]


def _bmp(choice: random.Random) -> bytes:
    size = struct.pack("<ii", choice.choice((*_SIDES, -8000, 2**31 - 1)), choice.choice((*_SIDES, -8000)))
    return _claiming(saved("BMP")(choice.randrange(1000)), b"BM", 18, size)


def _torn(choice: random.Random) -> bytes:
    """A good picture that ends anywhere."""
    data = choice.choice(GOOD).make(choice.randrange(1000))
    return data[: choice.randrange(len(data))]


def _flipped(choice: random.Random) -> bytes:
    """A good picture of which some bytes are others, most of them in its head."""
    data = bytearray(choice.choice(GOOD).make(choice.randrange(1000)))
    for _ in range(choice.randrange(1, 20)):
        data[choice.randrange(min(len(data), choice.choice((64, 700, len(data)))))] = choice.randrange(256)
    return bytes(data)


_KINDS: tuple[tuple[str, Callable[[random.Random], bytes]], ...] = (
    ("JPEG that claims", lambda choice: _jpeg(choice, progressive=False)),
    ("progressive JPEG that claims", lambda choice: _jpeg(choice, progressive=True)),
    ("JPEG of many scans", _many_scans),
    ("AVIF that claims", _avif),
    ("WebP of 34 bytes", _webp),
    ("GIF that claims", _gif),
    ("PNG bomb", _bomb),
    ("as large as allowed", _large),
    ("TIFF that claims", _tiff),
    ("BMP that claims", _bmp),
    ("torn", _torn),
    ("bytes flipped", _flipped),
    ("bytes flipped again", _flipped),
    ("no picture", lambda choice: choice.choice(BAD).make(choice.randrange(1000))),
)
