"""Bytes to upright sRGB pixels, within limits on pixels and memory that are checked before anything is decoded."""

from __future__ import annotations

import warnings
from typing import Any

import cv2
import numpy as np
from PIL import Image

from picture_decoding import camera_raw, jpeg_structure
from picture_decoding.colours import Pixels, Raster, profile_of, raster_of
from picture_decoding.errors import Damaged, PictureError, PictureTooLarge, let_pixels_go
from picture_decoding.formats import RAW_FORMATS
from picture_decoding.header import (
    DAMAGED,
    check_claim,
    check_size,
    coded_pixels,
    exif_of,
    format_of,
    iptc_of,
    named_failures,
    notes_of_png,
    opened,
    orientation_of,
    size_is_upright,
    tile_bytes,
    xmp_of,
)
from picture_decoding.memory_needed import Need, bytes_needed

_REDUCTIONS = {8: 64, 4: 32, 2: 16}  # what a JPEG decoder can skip, and OpenCV's flag for it (IMREAD_REDUCED_*)
_FULL_RANGE = ("png", "jp2")  # formats that scale their samples to the whole of 16 bits
_BLOCK = 8

# Pillow's remarks on damaged metadata, printed by a server, help nobody; its remark on size is an error here
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.simplefilter("error", Image.DecompressionBombWarning)


class Picture:
    """A picture whose header has been read and held to the limits; ``decode`` gives its pixels.

    ``format``: one of FORMATS; ``width`` and ``height``: in pixels, upright; ``orientation``: EXIF 1 to 8, as stored;
    ``exif``, ``xmp`` and ``iptc``: what cameras, programs and people wrote into it, empty where it cannot be read.
    """

    def __init__(self, data: bytes, *, max_pixels: int) -> None:
        """Raises EmptyFile, UnknownFormat, Damaged, PictureTooLarge."""
        self.format = format_of(data)
        self._max_pixels = max_pixels
        with named_failures(self.format, max_pixels):
            self._read(data)

    def _read(self, data: bytes) -> None:
        raw = self.format in RAW_FORMATS
        preview = camera_raw.full_preview(data, self.format) if raw else None
        self._data, self._coded_as = (preview.data, "jpeg") if preview else (data, self.format)
        self._jpeg: jpeg_structure.JpegStructure | None = None
        if self._coded_as == "jpeg":
            self._jpeg = jpeg_structure.structure_of(self._data)
            check_size(self._jpeg.width, self._jpeg.height, self._max_pixels)
            self._data = jpeg_structure.mended(self._data, self._jpeg)
        self._coded = coded_pixels(self._data, self._coded_as)
        if self._coded > 1.1 * self._max_pixels:  # codecs fill their last blocks
            raise PictureTooLarge(
                f"The file holds {self._coded} pixels; at most {self._max_pixels} are taken.", "Send a smaller one."
            )
        self._header = opened(self._data, self._coded_as, self._max_pixels)
        self._size = self._header.size
        check_size(*self._size, self._max_pixels)
        check_claim(self._data, self._coded_as, *self._size)
        self._profile = profile_of(self._header)
        noted = notes_of_png(self._data) if self._coded_as == "png" else self._header
        self.exif = exif_of(noted)
        self.xmp, self.iptc = xmp_of(noted), iptc_of(noted)
        if raw and not self.exif:
            self.exif = camera_raw.notes_of(data)
        self.orientation = orientation_of(self.exif, preview.orientation if preview else 1)
        lying = self.orientation >= 5 and not size_is_upright(self._header)
        self.width, self.height = self._size[::-1] if lying else self._size

    @property
    def transparent(self) -> bool:
        """Whether its raster has an alpha channel."""
        return self._header.has_transparency_data

    def reduction(self, width: float) -> int:
        """The largest of 8, 4, 2 and 1 by which a JPEG can be reduced while decoding and still be ``width`` wide."""
        return next((f for f in _REDUCTIONS if self._jpeg and self.width // f >= width), 1)

    @property
    def kept(self) -> int:
        """Bytes of the whole decoded picture."""
        return self._size[0] * self._size[1] * (4 if self.transparent else 3)

    def memory(self, reduction: int = 1) -> int:
        """Bytes that ``decode`` takes at its peak, the result included."""
        stored, header = self._size[0] * self._size[1], self._header
        needed = bytes_needed(
            Need(
                format=self._coded_as,
                mode=header.mode,
                coded=max(stored, self._coded),
                made=stored // reduction**2,
                file_bytes=len(self._data),
                fast=self._is_plain(),
                progressive=self._jpeg is not None and self._jpeg.scans > 1,
                alpha=self.transparent,
                profile=self._profile is not None,
                turned=self.orientation > 1,
                extra_bytes=tile_bytes(header),
            )
        )
        doubted = self._jpeg is not None and self._jpeg.may_lack_bits
        return needed + 3 * 4 * stored if doubted else needed  # decoded twice, and their difference

    def decode(self, reduction: int = 1) -> Raster:
        """The first frame, upright, in sRGB; at a half, a quarter or an eighth of its size where ``reduction`` gave so.

        A picture is whole or refused. The caller reserves ``memory(reduction)``. Raises Damaged, PictureTooLarge.
        """
        try:
            return self._decoded(reduction)
        except PictureError as error:
            let_pixels_go(error)
            raise

    def _decoded(self, reduction: int) -> Raster:
        with named_failures(self.format, self._max_pixels):
            if self._jpeg is not None and self._jpeg.progressive:  # its first scan has all blocks, in few bytes
                jpeg_structure.assert_whole(self._data, self._jpeg.first_scan_end, exactly=False)
            raster = self._fast(reduction) if self._is_plain() else None
            if raster is None:
                raster = self._thorough(reduction)
            if self._jpeg is not None:
                self._check_end(self._jpeg, raster.pixels)
            orientation = 1 if self._coded_as == "tiff" else self.orientation  # of a TIFF Pillow has seen to it
            pixels = _upright(raster.pixels, orientation)
            alpha = None if raster.alpha is None else _upright(raster.alpha, orientation)
        return Raster(pixels, alpha)

    def _is_plain(self) -> bool:
        """Whether OpenCV decodes it, which is faster: no odd mode, no colour profile, no animation."""
        mode, still = self._header.mode, not getattr(self._header, "is_animated", False)
        plain = (self._coded_as == "jpeg" and mode in ("RGB", "L")) or (self._coded_as == "webp" and mode == "RGB")
        return plain and still and self._profile is None

    def _fast(self, reduction: int) -> Raster | None:
        """None for what OpenCV cannot decode; Pillow then names what is wrong."""
        # the orientation is applied once, by _upright
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | _REDUCTIONS.get(reduction, 0)
        try:
            pixels: Any = cv2.imdecode(np.frombuffer(self._data, np.uint8), flags)
        except cv2.error:
            return None
        width, height = self._size
        fits = pixels is not None and pixels.shape == (-(-height // reduction), -(-width // reduction), 3)
        return Raster(pixels, None) if fits else None

    def _thorough(self, reduction: int) -> Raster:
        picture = opened(self._data, self._coded_as, self._max_pixels)
        if reduction > 1:
            picture.draft(None, (self._size[0] // reduction, self._size[1] // reduction))
        promised = sorted(picture.size)  # loading a TIFF may turn it
        picture.load()
        if sorted(picture.size) != promised:
            raise Damaged("The header claims another size than the picture has.", DAMAGED)
        return raster_of(picture, full_range=self._coded_as in _FULL_RANGE)

    def _check_end(self, jpeg: jpeg_structure.JpegStructure, pixels: Pixels) -> None:
        """A JPEG that may lack its end must prove to be whole.

        It may if it has no end mark, lacks scans, or its last block is of one colour as if filled up.
        """
        last = pixels[-_BLOCK:, -_BLOCK:]
        if jpeg.may_lack_bits:
            end = jpeg.end if jpeg.ended else len(self._data) - len(jpeg_structure.END)
            jpeg_structure.assert_whole(self._data, end, exactly=True)
        elif (last == last[-1, -1]).all():
            jpeg_structure.assert_whole(self._data, jpeg.end, exactly=False)


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """EXIF orientation 1 to 8 undone: 2 and 4 mirrored, 3 upside down, 5 to 8 turned (5 and 7 mirrored too)."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
