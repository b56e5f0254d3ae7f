"""The markers of a JPEG file (ITU-T T.81), read without decoding: its size, its scans, and whether it is whole."""

from __future__ import annotations

import io
import random
import re
import struct
from dataclasses import dataclass, field

from PIL import ImageChops
from PIL.JpegImagePlugin import JpegImageFile

from picture_decoding.errors import Damaged, PictureTooLarge

# cameras and encoders write 1 to 15; each scan of a progressive picture costs a pass over all its coefficients
MAX_SCANS = 100
END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")  # neither stuffing (00), fill (FF), TEM (01) nor restart (D0..D7)
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0..15 without DHT, JPG, DAC
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_HUFFMAN = frozenset((0xC0, 0xC1, 0xC2))  # what libjpeg decodes, but for arithmetic coding
_ARITHMETIC = frozenset((0xC9, 0xCA))
_LAST_COEFFICIENT = 63
# decoded after the last scan: it changes the pixels only where bits of the picture are missing
_FILLER = bytes(random.Random(81).choices(range(1, 255), k=4096))
_CUT_OFF = "Copy or send the original file again."


@dataclass(slots=True)
class JpegStructure:
    """``frame``: the SOF marker's code; ``end``: where the scans end; ``ended``: whether an end mark stands there."""

    width: int = 0
    height: int = 0
    components: int = 0
    frame: int = 0
    scans: int = 0
    first_scan: int = 0
    first_scan_end: int = 0
    end: int = 0
    ended: bool = False
    # the bits still missing of every coefficient: by component, then by coefficient 0..63; None before any scan
    _missing: dict[int, list[int | None]] = field(default_factory=dict)

    @property
    def progressive(self) -> bool:
        return self.frame in _PROGRESSIVE

    @property
    def decodable(self) -> bool:
        """Whether libjpeg can decode this process; lossless JPEG, as inside camera raw, is not."""
        return self.frame in _HUFFMAN | _ARITHMETIC

    @property
    def complete(self) -> bool:
        """Whether the scans bring every component: in full precision, or as its author ended it with the end mark."""
        if len(self._missing) < self.components:
            return False
        missing = self._missing.values()
        return all(bits[0] is not None for bits in missing) if self.ended else self.refined

    @property
    def may_lack_bits(self) -> bool:
        """Whether the file ends as one that was cut off does."""
        return not self.ended or not self.refined

    @property
    def refined(self) -> bool:
        """Whether every coefficient is there in full precision."""
        return all(left == 0 for bits in self._missing.values() for left in bits)

    @property
    def least_bytes(self) -> int:
        """Fewer bytes of scans cannot hold the picture: a block takes a bit for DC, and one for AC if sequential."""
        if self.frame not in _HUFFMAN:
            return 0
        blocks = -(-self.width // 8) * -(-self.height // 8)
        return blocks * (1 if self.progressive else 2) // 8

    def read_frame(self, code: int, body: bytes) -> None:
        self.frame, self.components = code, body[5]
        self.height, self.width = struct.unpack(">HH", body[1:5])

    def read_scan(self, body: bytes) -> None:
        self.scans += 1
        count = body[0]
        first, last, precision = body[1 + 2 * count], body[2 + 2 * count], body[3 + 2 * count] & 0x0F
        if not self.progressive:
            first, last, precision = 0, _LAST_COEFFICIENT, 0
        for component in body[1 : 1 + 2 * count : 2]:
            bits = self._missing.setdefault(component, [None] * (_LAST_COEFFICIENT + 1))
            bits[first : last + 1] = [precision] * (min(last, _LAST_COEFFICIENT) + 1 - first)


def structure_of(data: bytes) -> JpegStructure:
    """The structure of a JPEG that begins with its SOI mark; what follows its end mark is passed over.

    Raises Damaged when there is no frame, PictureTooLarge as soon as more than MAX_SCANS scans are found.
    """
    structure = JpegStructure(end=len(data))
    at = 2
    while mark := _MARKER.search(data, at):
        at, code = mark.end(), data[mark.start() + 1]
        if structure.scans == 1:
            structure.first_scan_end = structure.first_scan_end or mark.start()
        if code == _EOI:
            structure.end, structure.ended = mark.start(), True
            break
        if code == _SOI:
            continue
        body = data[at + 2 : at + int.from_bytes(data[at : at + 2])]
        try:
            if code in _FRAMES and not structure.frame:
                structure.read_frame(code, body)
            elif code == _SOS:
                structure.first_scan = structure.first_scan or mark.start()
                structure.read_scan(body)
        except (IndexError, struct.error):
            break  # a marker cut short
        if structure.scans > MAX_SCANS:
            raise PictureTooLarge(
                f"The JPEG has more than {MAX_SCANS} scans; decoding them would take minutes.",
                "Save the picture again with another program.",
            )
        at += int.from_bytes(data[at : at + 2])
    if not structure.frame:
        raise Damaged("The JPEG is damaged or cut off: it has no frame header.", _CUT_OFF)
    return structure


def mended(data: bytes, structure: JpegStructure) -> bytes:
    """The same JPEG with its end mark, where that alone is missing. Raises Damaged where more is."""
    if structure.decodable and not structure.complete:
        raise Damaged("The JPEG is cut off: scans are missing.", _CUT_OFF)
    if structure.end - structure.first_scan < structure.least_bytes:
        claim = f"{structure.width} x {structure.height}"
        raise Damaged(f"The JPEG claims {claim} pixels and has too few bytes for them.", _CUT_OFF)
    if structure.ended:
        return data
    return data[: structure.end].rstrip(b"\xff") + END


def assert_whole(data: bytes, end: int, *, exactly: bool) -> None:
    """Decode what stands before ``end`` twice, the second time with filler behind: whole scans stay the same.

    ``exactly`` compares at full size, which sees a single missing bit; else at an eighth, which sees missing blocks.
    Raises Damaged.
    """
    plain, filled = (JpegImageFile(io.BytesIO(data[:end] + more + END)) for more in (b"", _FILLER))
    if not exactly:
        for picture in (plain, filled):
            picture.draft(None, (-(-picture.width // 8), -(-picture.height // 8)))
    if ImageChops.difference(plain, filled).getbbox(alpha_only=False):
        raise Damaged("The JPEG is cut off: a part of the picture is missing.", _CUT_OFF)
