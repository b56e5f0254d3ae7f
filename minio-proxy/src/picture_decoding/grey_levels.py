"""Greys of more than 8 bits, brought to 8 by the range that they truly have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from picture_decoding.bands import bands, rows_of

_PHOTOMETRIC, _SAMPLE_FORMAT, _UNSIGNED = 262, 339, 1  # of TIFF 6.0; photometric interpretation 0: zero is white
_DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners deliver, stored in 16 or 32


def is_deep_grey(picture: Image.Image) -> bool:
    """Whether the samples are 16 or 32 bit integers, or floats."""
    return picture.mode.startswith(("I", "F"))


def to_eight_bits(picture: Image.Image, *, full_range: bool) -> NDArray[np.uint8]:
    """uint8 (height, width) of a loaded grey picture.

    ``full_range``: the format scales 16 bit samples to all 16 bits (PNG, JPEG 2000); else the smallest of 8, 10, 12, 14
    and 16 bits that holds them counts. Floats within 0..1 are taken so, within 0..255 so, and any other values are
    spread from their least to their greatest. NaN and infinite samples are black. A TIFF whose zero is white is turned
    over, which Pillow does for 8 bits alone.
    """
    low, high = _range(picture)
    if full_range and low >= 0 and high <= 0xFFFF and not picture.mode.startswith("F"):
        low, high = 0.0, 65535.0
    else:
        low, high = _levels(low, high, floats=picture.mode.startswith("F"))
    out = np.empty((picture.height, picture.width), np.uint8)
    scale = 255 / max(high - low, 1e-30)
    for top, bottom in bands(picture.height, picture.width):
        values = np.nan_to_num(_samples(picture, top, bottom).astype(np.float64), nan=low, posinf=low, neginf=low)
        out[top:bottom] = np.clip((values - low) * scale + 0.5, 0, 255).astype(np.uint8)
    if _tag(picture, _PHOTOMETRIC, 1) == 0:
        np.subtract(255, out, out=out)
    return out


def _samples(picture: Image.Image, top: int, bottom: int) -> NDArray[Any]:
    """Rows in the type of their samples: of 32 bits without a sign too, which Pillow takes for signed ones."""
    rows = rows_of(picture, top, bottom)
    unsigned = rows.dtype == np.int32 and _tag(picture, _SAMPLE_FORMAT, 0) == _UNSIGNED
    return rows.view(np.uint32) if unsigned else rows


def _tag(picture: Image.Image, tag: int, default: int) -> int:
    """A number of a TIFF; ``default`` for other pictures."""
    value = getattr(picture, "tag_v2", {}).get(tag, default)
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) else default


def _range(picture: Image.Image) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for top, bottom in bands(picture.height, picture.width):
        rows = _samples(picture, top, bottom)
        finite = rows[np.isfinite(rows)] if rows.dtype.kind == "f" else rows
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def _levels(low: float, high: float, *, floats: bool) -> tuple[float, float]:
    """The values that are black and white."""
    if low < 0:
        return low, high
    whites = (1.0, 255.0) if floats else tuple(float(2**bits - 1) for bits in _DEPTHS)
    return next(((0.0, white) for white in whites if high <= white), (low, high))
