"""An encoder of SMILE, the binary JSON that Elasticsearch reads: ten times less work for vectors than decimal text.

Written from the format's specification, version 1.0.6 (FasterXML, smile-format-specification), without shared names
or values. ``float32`` arrays become arrays of 32-bit floats, packed at once by numpy.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

HEADER = b":)\n\x00"
"""Version 0, no shared names, no shared strings, no raw binary."""

SEPARATOR = b"\xff"
"""Ends one document of a bulk body."""

_START_ARRAY, _END_ARRAY, _START_OBJECT, _END_OBJECT = b"\xf8", b"\xf9", b"\xfa", b"\xfb"
_LITERALS = {None: b"\x21", False: b"\x22", True: b"\x23"}
_END_OF_TEXT = b"\xfc"


def document(value: Mapping[str, Any]) -> bytes:
    """One document with its header and the separator behind it."""
    parts = [HEADER]
    _put(value, parts)
    parts.append(SEPARATOR)
    return b"".join(parts)


def _put(value: Any, parts: list[bytes]) -> None:
    if isinstance(value, str):
        parts.append(_short_text(value) if len(value) <= 32 else _text(value))
    elif value is None or isinstance(value, bool):
        parts.append(_LITERALS[value])
    elif isinstance(value, int):
        parts.append(_integer(value))
    elif isinstance(value, float):
        parts.append(_double(value))
    elif isinstance(value, np.ndarray):
        parts.append(_floats(value))
    elif isinstance(value, Mapping):
        parts.append(_START_OBJECT)
        for key, item in value.items():
            parts.append(_key(key))
            _put(item, parts)
        parts.append(_END_OBJECT)
    elif isinstance(value, Sequence):
        parts.append(_START_ARRAY)
        for item in value:
            _put(item, parts)
        parts.append(_END_ARRAY)
    else:
        raise TypeError(f"SMILE has no form for {type(value).__name__}")


def _floats(values: npt.NDArray[Any]) -> bytes:
    """Each float as token 0x28 and its 32 bits in five bytes of seven, the highest first."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    packed = np.empty((bits.size, 6), dtype=np.uint8)
    packed[:, 0] = 0x28
    for column, shift in enumerate((28, 21, 14, 7, 0), start=1):
        packed[:, column] = (bits >> np.uint32(shift)) & np.uint32(0x7F)
    return _START_ARRAY + packed.tobytes() + _END_ARRAY


def _double(value: float) -> bytes:
    (bits,) = struct.unpack(">Q", struct.pack(">d", value))
    return b"\x29" + bytes((bits >> shift) & 0x7F for shift in range(63, -1, -7))


def _integer(value: int) -> bytes:
    """Zigzag, then in the token itself (-16..15) or as groups of bits behind it; the last byte has six and a mark."""
    if -16 <= value <= 15:
        return bytes((0xC0 + (value << 1 if value >= 0 else (-value << 1) - 1),))
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"{value} does not fit 64 bits")
    token = b"\x24" if -(2**31) <= value < 2**31 else b"\x25"
    zigzag = value << 1 if value >= 0 else (-value << 1) - 1
    groups = [0x80 | (zigzag & 0x3F)]
    zigzag >>= 6
    while zigzag:
        groups.append(zigzag & 0x7F)
        zigzag >>= 7
    return token + bytes(reversed(groups))


@lru_cache(maxsize=32768)  # tokens come again and again
def _short_text(value: str) -> bytes:
    return _text(value)


def _text(value: str) -> bytes:
    data = _utf8(value)
    size = len(data)
    if size == 0:
        return b"\x20"
    if data.isascii():
        if size <= 32:
            return bytes((0x40 + size - 1,)) + data
        return bytes((0x60 + size - 33,)) + data if size <= 64 else b"\xe0" + data + _END_OF_TEXT
    if size <= 33:
        return bytes((0x80 + size - 2,)) + data
    return bytes((0xA0 + size - 34,)) + data if size <= 65 else b"\xe4" + data + _END_OF_TEXT


@lru_cache(maxsize=1024)
def _key(name: str) -> bytes:
    data = _utf8(name)
    size = len(data)
    if size == 0:
        return b"\x20"
    if data.isascii() and size <= 64:
        return bytes((0x80 + size - 1,)) + data
    if not data.isascii() and size <= 57:
        return bytes((0xC0 + size - 2,)) + data
    return b"\x34" + data + _END_OF_TEXT


def _utf8(value: str) -> bytes:
    """Lone surrogates (file names in no encoding) become question marks; Elasticsearch has no form for them."""
    return value.encode("utf-8", errors="replace")
