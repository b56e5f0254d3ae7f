"""Pillow pictures to arrays a band of rows at a time, so that no second copy of a whole picture is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BAND_PIXELS = 1 << 20


def bands(height: int, width: int) -> Iterator[tuple[int, int]]:
    """First row and row after the last of each band."""
    step = max(1, _BAND_PIXELS // max(1, width))
    for top in range(0, height, step):
        yield top, min(height, top + step)


def rows_of(picture: Image.Image, top: int, bottom: int) -> NDArray[Any]:
    """The rows from ``top`` up to ``bottom`` of a loaded picture, in the type of its samples."""
    return np.asarray(picture.crop((0, top, picture.width, bottom)))


def array_of(picture: Image.Image) -> NDArray[np.uint8]:
    """uint8 (height, width) or (height, width, channels) of a loaded 8-bit picture; writable."""
    channels = len(picture.getbands())
    shape = (picture.height, picture.width) + ((channels,) if channels > 1 else ())
    out = np.empty(shape, np.uint8)
    for top, bottom in bands(picture.height, picture.width):
        out[top:bottom] = rows_of(picture, top, bottom)
    return out
