"""The one decoder of pictures for pipeline, query pictures and thumbnails: formats by content, limits, orientation.

numpy, OpenCV, Pillow and pi-heif alone. Open a ``Picture``, reserve its ``memory`` from ``process_budget``, decode it;
``decode`` does all three.
"""

from __future__ import annotations

from typing import NamedTuple

from picture_decoding.budget import GIB, MemoryBudget, process_budget
from picture_decoding.colours import Pixels, Raster
from picture_decoding.errors import BudgetBusy, Damaged, EmptyFile, PictureError, PictureTooLarge, UnknownFormat
from picture_decoding.formats import FORMATS, content_type, sniff
from picture_decoding.picture import Picture

__all__ = [
    "FORMATS",
    "GIB",
    "BudgetBusy",
    "Damaged",
    "Decoded",
    "EmptyFile",
    "MemoryBudget",
    "Picture",
    "PictureError",
    "PictureTooLarge",
    "Pixels",
    "Raster",
    "UnknownFormat",
    "content_type",
    "decode",
    "process_budget",
    "sniff",
]


class Decoded(NamedTuple):
    """The header of a picture and its pixels."""

    picture: Picture
    raster: Raster


def decode(data: bytes, *, max_pixels: int, budget: MemoryBudget = process_budget, patient: bool = False) -> Decoded:
    """The first frame of a picture, upright, in sRGB, decoded within the budget; ``patient`` waits for memory as long
    as it takes, instead of raising BudgetBusy.

    Raises EmptyFile, UnknownFormat, Damaged, PictureTooLarge, BudgetBusy.
    """
    picture = Picture(data, max_pixels=max_pixels)
    with budget.reserve(picture.memory(), patient=patient):
        return Decoded(picture, picture.decode())
