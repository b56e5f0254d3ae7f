"""How much memory a decoding takes at its peak, reckoned from what the header says before any of it is allocated."""

from __future__ import annotations

from typing import NamedTuple

_PILLOW_BYTES = {
    "1": 1,
    "L": 1,
    "P": 1,
    "I": 4,
    "F": 4,
}  # a pixel in Pillow; 2 for I;16, else 4
# what the format's own library holds beside Pillow's picture, in bytes a pixel: frames of YUV, canvases, whole
# components of 32 bits, and the copy that is handed over (libwebp 1.6, libavif 1.4, libheif 1.23, openjpeg 2.5)
_LIBRARY_BYTES = {"webp": 16, "avif": 16, "heic": 14, "jp2": 28, "gif": 8, "tiff": 4}
_FIXED = 8 * 1024 * 1024  # tables, bands of rows, threads


class Need(NamedTuple):
    """What the reckoning rests on. ``coded`` is the number of pixels that the library decodes, ``made`` that come out.

    ``fast``: OpenCV decodes; ``extra_bytes``: buffers of known size, such as the tile of a TIFF.
    """

    format: str
    mode: str
    coded: int
    made: int
    file_bytes: int
    fast: bool = False
    progressive: bool = False
    alpha: bool = False
    profile: bool = False
    turned: bool = False
    extra_bytes: int = 0


def bytes_needed(need: Need) -> int:
    """Peak bytes of a decoding, copies between the steps included."""
    total = _FIXED + 3 * need.file_bytes + need.extra_bytes
    if need.progressive:
        total += need.coded * 2 * (1 if need.mode == "L" else 4 if need.mode == "CMYK" else 3)  # coefficients
    if need.fast:
        library = 4 if need.format == "webp" else 0
        return (
            total + need.coded * library + need.made * 6
        )  # OpenCV hands over a copy; turning takes one when it is gone
    total += need.coded * _LIBRARY_BYTES.get(need.format, 0)
    stored = 2 if need.mode.startswith("I;16") else _PILLOW_BYTES.get(need.mode, 4)
    converted = 0 if need.mode == "RGB" else 4
    steps = stored + converted + 4 * need.profile + 6 * need.alpha
    return total + need.made * (steps + 3 + 3 * need.turned)
