"""The coded size of pictures in HEIF files, AVIF and HEIC (ISO/IEC 14496-12 and 23008-12).

The box ``ispe`` claims a size; what a decoder allocates is told by the AV1 sequence header (AV1 specification, 5.5) and
by the HEVC sequence parameter set (ITU-T H.265, 7.3.2.2). Those are read here, without decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp", b"ipco"))
_MAX_BOXES, _MAX_ITEMS, _SEQUENCE_HEADER, _SPS = 20_000, 4096, 1, 33


class Box(NamedTuple):
    kind: bytes
    start: int  # of the body
    end: int


class _Bits:
    """Reads unsigned integers of any number of bits, most significant first; past the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), len(data) * 8

    def read(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else 0
        return shifted & ((1 << count) - 1)

    def golomb(self) -> int:
        """An Exp-Golomb code: ue(v) of H.265, uvlc() of AV1."""
        zeros = 0
        while zeros < 32 and not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)


def boxes(data: bytes) -> list[Box]:
    """All boxes of a file in order, those inside others included."""
    children: list[Box] = []
    pending = [(0, len(data))]
    while pending and len(children) < _MAX_BOXES:
        start, end = pending.pop()
        for box in _level(data, start, end):
            children.append(box)
            if box.kind in _CONTAINERS:
                pending.append((box.start, box.end))
            elif box.kind == b"meta":
                pending.append((box.start + 4, box.end))
            if len(children) >= _MAX_BOXES:
                break
    return children


def _level(data: bytes, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        size, head = int.from_bytes(data[at : at + 4]), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        stop = end if size == 0 else min(at + size, end)
        if stop < at + head:
            return
        yield Box(data[at + 4 : at + 8], at + head, stop)
        at = stop


def av1_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height in the sequence header of every AV1 item, tile or first frame of a track."""
    all_boxes = boxes(data)
    starts = [start for box in all_boxes if box.kind == b"iloc" for start in _item_starts(data, box, all_boxes)]
    starts += [
        _number(data, box.start + 8, width) for box in all_boxes for width in (_CHUNKS.get(box.kind, 0),) if width
    ]
    sizes = (_sequence_header(data, start) for start in dict.fromkeys(starts[:_MAX_ITEMS]))
    return [size for size in sizes if size]


_CHUNKS = {b"stco": 4, b"co64": 8}  # boxes of chunk offsets, and the bytes of each


def _number(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width])


def _item_starts(data: bytes, iloc: Box, all_boxes: list[Box]) -> Iterator[int]:
    """Where in the file each item of ``iloc`` begins."""
    version, at = data[iloc.start], iloc.start + 4
    offset_size, length_size, base_size, index_size = _nibbles(data[at : at + 2])
    wide = 4 if version == 2 else 2
    count = _number(data, at + 2, wide)
    at += 2 + wide
    inside = next((box.start for box in all_boxes if box.kind == b"idat"), 0)
    for _ in range(min(count, _MAX_ITEMS)):
        at += wide
        method = 0
        if version in (1, 2):
            method, at = data[at + 1] & 15 if at + 1 < iloc.end else 0, at + 2
        base = _number(data, at + 2, base_size)
        at += 2 + base_size
        extents = _number(data, at, 2)
        at += 2
        step = (index_size if version in (1, 2) else 0) + offset_size + length_size
        first = at + step - offset_size - length_size
        if extents:
            yield base + _number(data, first, offset_size) + (inside if method == 1 else 0)
        at += extents * step
        if at > iloc.end:
            return


def _nibbles(two: bytes) -> tuple[int, int, int, int]:
    if len(two) < 2:
        return 0, 0, 0, 0
    return two[0] >> 4, two[0] & 15, two[1] >> 4, two[1] & 15


def _sequence_header(data: bytes, at: int) -> tuple[int, int] | None:
    """Width and height of the first sequence header among the OBUs that begin here; None when there is none."""
    for _ in range(8):
        if at >= len(data):
            return None
        head, at = data[at], at + 1
        at += (head >> 2) & 1  # the extension byte
        size, shift = 0, 0
        while (head >> 1) & 1 and at < len(data) and shift < 56:
            byte, at = data[at], at + 1
            size, shift = size | (byte & 0x7F) << shift, shift + 7
            if not byte & 0x80:
                break
        if head >> 7:
            return None
        if (head >> 3) & 15 == _SEQUENCE_HEADER:
            return _av1_size(_Bits(data[at : at + min(size or 64, 64)].ljust(64, b"\0")))
        at += size
    return None


def _av1_size(bits: _Bits) -> tuple[int, int]:
    bits.read(4)  # profile, still picture
    if bits.read(1):  # the reduced header of still pictures
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.read(1):  # timing info
        bits.read(64)
        if bits.read(1):
            bits.golomb()
        if bits.read(1):  # decoder model info
            delay_bits = bits.read(5) + 1
            bits.read(42)
    display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if display_delay and bits.read(1):
            bits.read(4)


def hevc_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height in every sequence parameter set of the boxes ``hvcC``."""
    configurations = [box for box in boxes(data) if box.kind == b"hvcC"]
    return [_hevc_size(unit) for box in configurations[:_MAX_ITEMS] for unit in _parameter_sets(data, box)]


def _parameter_sets(data: bytes, box: Box) -> Iterator[bytes]:
    at = box.start + 22
    if at >= box.end:
        return
    arrays, at = data[at], at + 1
    for _ in range(arrays):
        if at + 3 > box.end:
            return
        kind, count, at = data[at] & 63, _number(data, at + 1, 2), at + 3
        for _ in range(count):
            size, at = _number(data, at, 2), at + 2
            if at + size > box.end:
                return
            if kind == _SPS:
                yield data[at : at + size]
            at += size


def _hevc_size(unit: bytes) -> tuple[int, int]:
    plain = unit[2:].replace(b"\0\0\x03", b"\0\0")  # without the bytes that prevent start codes
    bits = _Bits(plain[:512].ljust(512, b"\0"))
    bits.read(4)
    sub_layers = bits.read(3)
    bits.read(1 + 96)  # general profile, tier and level
    present = [(bits.read(1), bits.read(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.read(2 * (8 - sub_layers))
    for profile, level in present:
        bits.read(88 * profile + 8 * level)
    bits.golomb()  # the set's number
    if bits.golomb() == 3:  # 4:4:4
        bits.read(1)
    return bits.golomb(), bits.golomb()
