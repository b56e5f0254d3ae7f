"""Pictures as the pipeline and queries take them: pixels, and what the camera noted; and crops of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import picture_decoding
from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadBox, EmptyInput, TooLarge, Unavailable, UnreadablePicture, UnsupportedType
from boxlens.domain.pictures import GeoPoint, Pixels
from boxlens.imaging import metadata
from boxlens.imaging.embedded_words import embedded_words
from picture_decoding import FORMATS, Picture, Raster, Reservation, content_type, memory_together, process_budget, sniff

__all__ = [
    "FORMATS",
    "DecodedPicture",
    "Picture",
    "content_type",
    "crop",
    "decode",
    "decode_all",
    "decode_reserved",
    "own_errors",
    "part",
    "read_header",
    "sniff",
]

_ERRORS = {
    picture_decoding.EmptyFile: EmptyInput,
    picture_decoding.UnknownFormat: UnsupportedType,
    picture_decoding.Damaged: UnreadablePicture,
    picture_decoding.PictureTooLarge: TooLarge,
}


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPicture:
    """``pixels``: uint8 (height, width, 3), RGB (sRGB), upright. ``width`` and ``height`` are those of ``pixels``."""

    pixels: Pixels = field(repr=False)
    width: int
    height: int
    format: str
    taken_at: datetime | None = None
    camera: str | None = None
    location: GeoPoint | None = None
    caption: str | None = None
    tags: tuple[str, ...] = ()


def decode(data: bytes, *, max_pixels: int, max_bytes: int | None = None) -> DecodedPicture:
    """The first frame of a picture, upright, over white where it is transparent, in sRGB.

    A picture is whole or refused: truncated data never comes back half grey. The limits on pixels and memory are
    checked on the header, before anything is decoded. Its memory stays reserved while anything holds its pixels.

    Raises EmptyInput, TooLarge, UnsupportedType, UnreadablePicture, Unavailable (other pictures hold the memory).
    """
    if max_bytes is not None and len(data) > max_bytes:
        raise TooLarge(f"The file has {len(data)} bytes; at most {max_bytes} are taken.", hint="Send a smaller one.")
    return decode_all([data], max_pixels=max_pixels)[0]


def decode_all(files: Sequence[bytes], *, max_pixels: int) -> list[DecodedPicture]:
    """As ``decode``, for pictures that are needed at the same time: together they must fit into the memory."""
    with own_errors():
        pictures = [Picture(data, max_pixels=max_pixels) for data in files]
        rasters = picture_decoding.decode_all(pictures)
    return [_noted(picture, raster) for picture, raster in zip(pictures, rasters, strict=True)]


def read_header(data: bytes, *, max_pixels: int) -> Picture:
    """A picture of which the header alone was read. Raises as ``decode`` does, also for one that takes more memory than
    all may together."""
    with own_errors():
        picture = Picture(data, max_pixels=max_pixels)
        process_budget.require_room(memory_together([picture]))
    return picture


def decode_reserved(picture: Picture, memory: Reservation) -> DecodedPicture:
    """As ``decode``, of a picture whose memory the caller has reserved. What its pixels take of it is given back when
    these are freed."""
    with own_errors():
        raster = picture.decode()
    memory.part(picture.kept).last_as_long_as(raster.pixels)
    return _noted(picture, raster)


def _noted(picture: Picture, raster: Raster) -> DecodedPicture:
    """With what the camera and people wrote into it."""
    noted = metadata.notes(picture.exif)
    words = embedded_words(picture.xmp, picture.iptc, picture.exif)
    pixels = raster.over_white()
    height, width = pixels.shape[:2]
    return DecodedPicture(
        pixels,
        width,
        height,
        picture.format,
        taken_at=noted.taken_at or words.taken_at,
        camera=noted.camera,
        location=noted.location or words.location,
        caption=words.caption,
        tags=words.tags,
    )


@contextmanager
def own_errors() -> Iterator[None]:
    """What is wrong with a picture as an error of Boxlens."""
    try:
        yield
    except picture_decoding.BudgetBusy as error:
        raise Unavailable(error.detail, hint=error.hint, retry_after_s=error.retry_after_s) from error
    except picture_decoding.PictureError as error:
        raise _ERRORS[type(error)](error.detail, hint=error.hint) from error


def crop(pixels: Pixels, box: Box, padding: float = 0.0) -> Pixels:
    """A copy of ``part``, so that a crop waiting for its batch does not hold its whole picture. Raises BadBox."""
    return part(pixels, box, padding).copy()


def part(pixels: Pixels, box: Box, padding: float = 0.0) -> Pixels:
    """The pixels in a box, widened on each side by ``padding`` times its width and height; never less than one pixel.

    They are those of the picture, which is held as long as they are. Raises BadBox when nothing of the box is inside.
    """
    height, width = pixels.shape[:2]
    dx, dy = padding * (box.x2 - box.x1), padding * (box.y2 - box.y1)
    whole = Box(box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy).rounded().clipped(width, height)
    if box.area <= 0 or whole.area <= 0:
        raise BadBox(f"The box {box.as_list()} has no part inside the picture of {width} x {height} pixels.")
    return pixels[int(whole.y1) : int(whole.y2), int(whole.x1) : int(whole.x2)]
