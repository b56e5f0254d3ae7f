"""Camera raw: told apart from plain TIFF, and read by the full-size JPEG that cameras put into it.

Tags as in TIFF 6.0, TIFF/EP (ISO 12234-2) and the DNG specification 1.7.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from PIL import Image

from picture_decoding.errors import PictureError, UnknownFormat
from picture_decoding.jpeg_structure import JpegStructure, structure_of

_SUBFILE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _MAKE = 254, 256, 257, 259, 262, 271
_SUB_IFDS, _DNG_VERSION = 330, 50706
_MOSAICS = (32803, 34892)  # PhotometricInterpretation: a colour filter array, linear raw
_RAW_COMPRESSIONS = (32767, 32769, 32770, 32772, 34713, 65535)  # Sony, packed, Samsung, Samsung, Nikon, Pentax
_MAKERS = {"NIKON": "nef", "SONY": "arw", "PENTAX": "pef", "RICOH": "pef", "SAMSUNG": "srw", "CANON": "cr2"}
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4}
_MAX_DIRECTORIES, _MAX_ENTRIES, _MAX_VALUES, _MAX_PREVIEWS = 64, 512, 64, 200
_FULL_SIZE = 0.9  # of the sensor's longer side; a raw picture has a margin that its JPEG lacks
_FULL_SIZE_PIXELS = 2_000_000  # where the sensor's size is not known
_SAVE_AS_JPEG = "Export the picture as JPEG with the camera's program, and send that."

Directory = dict[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Preview:
    """The JPEG inside a raw file and the orientation of the raw file, which it may lack (EXIF 1 to 8)."""

    data: bytes
    orientation: int


def raw_format(data: bytes) -> str | None:
    """Which camera raw a TIFF is, one of RAW_FORMATS; None for a plain TIFF."""
    if data[8:11] == b"CR\x02":
        return "cr2"
    listed = directories(data)
    if not listed:
        return None
    if any(_DNG_VERSION in directory for directory in listed):
        return "dng"
    first = listed[0]
    mosaic = any(
        directory.get(_PHOTOMETRIC, (0,))[0] in _MOSAICS or directory.get(_COMPRESSION, (0,))[0] in _RAW_COMPRESSIONS
        for directory in listed
    )
    small = bool(first.get(_SUBFILE, (0,))[0] & 1) and _MAKE in first
    if not mosaic and not (small and all(d.get(_SUBFILE, (0,))[0] & 1 for d in listed if _WIDTH in d)):
        return None
    make = bytes(value & 0xFF for value in first.get(_MAKE, ())).decode("ascii", "replace").upper()
    return next((name for maker, name in _MAKERS.items() if maker in make), "raw")


def full_preview(data: bytes, format: str) -> Preview:
    """The largest JPEG in a raw file. Raises UnknownFormat when there is none of full size."""
    best: tuple[int, bytes] = (0, b"")
    longest = 0
    for start in _jpeg_starts(data):
        structure = _structure(data[start:])
        if structure and structure.width * structure.height > best[0]:
            best = structure.width * structure.height, data[start:]
            longest = max(structure.width, structure.height)
    listed = directories(data)
    sensor = max((max(d.get(_WIDTH, (0,))[0], d.get(_HEIGHT, (0,))[0]) for d in listed), default=0)
    full = longest >= _FULL_SIZE * sensor if sensor else best[0] >= _FULL_SIZE_PIXELS
    if not best[0] or not full:
        raise UnknownFormat(f"This {format.upper()} camera raw file holds no full-size preview.", _SAVE_AS_JPEG)
    return Preview(best[1], _orientation(data, listed))


def _jpeg_starts(data: bytes) -> list[int]:
    starts: list[int] = []
    at = data.find(b"\xff\xd8\xff")
    while at >= 0 and len(starts) < _MAX_PREVIEWS:
        starts.append(at)
        at = data.find(b"\xff\xd8\xff", at + 3)
    return starts


def _structure(data: bytes) -> JpegStructure | None:
    """The structure of the JPEG that begins here; None where it is none that can be decoded."""
    try:
        structure = structure_of(data)
    except PictureError:
        return None
    return structure if structure.decodable and structure.scans else None


def _orientation(data: bytes, tables: list[Directory]) -> int:
    value = tables[0].get(274, (1,))[0] if tables else 1
    if not tables and (at := data.find(b"CMT1")) >= 0:  # CR3 keeps its TIFF directory in a box of this name
        inner = directories(data[at + 4 : at + 4 + 65_536])
        value = inner[0].get(274, (1,))[0] if inner else 1
    return value if 1 <= value <= 8 else 1


def directories(data: bytes) -> list[Directory]:
    """The image file directories of a TIFF or of a raw file like it, sub-directories included; whole numbers only.

    Bounded and without loops; what cannot be read is left out.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return []
    tables: list[Directory] = []
    pending, seen = [struct.unpack_from(f"{order}I", data, 4)[0]], set[int]()
    while pending and len(tables) < _MAX_DIRECTORIES:
        at = pending.pop(0)
        if at in seen or not 8 <= at <= len(data) - 2:
            continue
        seen.add(at)
        directory, following = _directory(data, at, order)
        tables.append(directory)
        pending += [*directory.get(_SUB_IFDS, ()), following]
    return tables


def _directory(data: bytes, at: int, order: str) -> tuple[Directory, int]:
    count = struct.unpack_from(f"{order}H", data, at)[0]
    directory: Directory = {}
    for entry in range(at + 2, at + 2 + 12 * min(count, _MAX_ENTRIES), 12):
        if entry + 12 > len(data):
            return directory, 0
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, entry)
        size = _TYPE_SIZES.get(kind)
        if not size or not values:
            continue
        values = min(values, _MAX_VALUES)
        place = entry + 8 if values * size <= 4 else struct.unpack_from(f"{order}I", data, entry + 8)[0]
        if place + values * size <= len(data):
            directory[tag] = struct.unpack_from(f"{order}{values}{_CODES[size]}", data, place)
    end = at + 2 + 12 * count
    following = struct.unpack_from(f"{order}I", data, end)[0] if end + 4 <= len(data) else 0
    return directory, following


_CODES = {1: "B", 2: "H", 4: "I"}


def notes_of(data: bytes) -> Image.Exif:
    """What the camera wrote into the directories of a raw file; empty where they are unlike those of TIFF."""
    exif = Image.Exif()
    try:
        exif.load(data)
    except Exception:  # noqa: BLE001  directories unlike those of TIFF raise struct.error, SyntaxError, ...
        return Image.Exif()
    return exif
