"""The one decoder of pictures for pipeline, query pictures and thumbnails: formats by content, limits, orientation.

numpy, OpenCV, Pillow and pi-heif alone. Open a ``Picture``, reserve its ``memory`` from ``process_budget``, decode it;
``decode`` does all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from picture_decoding.budget import GIB, MemoryBudget, Reservation, process_budget
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
    "Reservation",
    "UnknownFormat",
    "content_type",
    "decode",
    "decode_all",
    "memory_together",
    "process_budget",
    "sniff",
]


class Decoded(NamedTuple):
    """The header of a picture and its pixels."""

    picture: Picture
    raster: Raster


def decode(data: bytes, *, max_pixels: int, budget: MemoryBudget = process_budget) -> Decoded:
    """The first frame of a picture, upright, in sRGB, decoded within the budget, of which it holds its own bytes for
    as long as anything holds its pixels.

    Raises EmptyFile, UnknownFormat, Damaged, PictureTooLarge, BudgetBusy.
    """
    picture = Picture(data, max_pixels=max_pixels)
    return Decoded(picture, *decode_all([picture], budget))


def decode_all(pictures: Sequence[Picture], budget: MemoryBudget = process_budget) -> list[Raster]:
    """As ``decode``, for pictures that are needed together. All of their memory is reserved at once, so that two askers
    that hold a part each never wait for one another. Raises Damaged, PictureTooLarge, BudgetBusy."""
    rasters: list[Raster] = []
    with budget.reserve(memory_together(pictures)) as together:
        for picture in pictures:
            raster = picture.decode()
            together.part(picture.kept).last_as_long_as(raster.pixels)
            rasters.append(raster)
    return rasters


def memory_together(pictures: Sequence[Picture]) -> int:
    """Bytes that pictures take at most when they are decoded one after the other, and the pixels of all are kept."""
    more = max((picture.memory() - picture.kept for picture in pictures), default=0)
    return sum(picture.kept for picture in pictures) + more
