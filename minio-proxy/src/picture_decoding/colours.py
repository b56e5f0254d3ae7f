"""Pillow pictures of any mode to sRGB, by the colour profile that they carry."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from picture_decoding.bands import array_of, bands
from picture_decoding.grey_levels import is_deep_grey, to_eight_bits

Pixels = NDArray[np.uint8]
_LAB = b"CIELAB"  # stands for the profile of pictures stored in that space
_PROFILED = ("RGB", "RGBA", "RGBX", "L", "LA", "P", "CMYK")
_MAX_PROFILE_BYTES = 4 * 1024 * 1024  # the largest printer profiles have about 3 MB


class Raster(NamedTuple):
    """``pixels``: uint8 (height, width, 3), sRGB; ``alpha``: uint8 (height, width), None where all is opaque."""

    pixels: Pixels
    alpha: Pixels | None

    def over_white(self) -> Pixels:
        """The pixels as they look on white; blended in place."""
        if self.alpha is None:
            return self.pixels
        height, width = self.alpha.shape
        for top, bottom in bands(height, width):
            part, alpha = self.pixels[top:bottom], self.alpha[top:bottom, :, None].astype(np.uint16)
            part[:] = ((part * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
        return self.pixels


def raster_of(picture: Image.Image, *, full_range: bool) -> Raster:
    """The colours of a loaded picture; ``full_range`` as for to_eight_bits."""
    if is_deep_grey(picture):
        grey = to_eight_bits(picture, full_range=full_range)
        return Raster(np.repeat(grey[:, :, None], 3, axis=2), None)
    profile = profile_of(picture) if picture.mode != "LAB" else _LAB
    alpha = None
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        alpha = array_of(picture.getchannel("A"))
    if picture.mode in ("P", "RGBA", "RGBX", "LA", "PA"):
        picture = picture.convert("RGB")
    if profile is not None:
        picture = _to_srgb(picture, profile)
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    return Raster(array_of(picture), alpha)


def profile_of(picture: Image.Image) -> bytes | None:
    """The embedded colour profile when it is readable and not sRGB already."""
    embedded = picture.info.get("icc_profile")
    if not isinstance(embedded, bytes) or not 0 < len(embedded) <= _MAX_PROFILE_BYTES or picture.mode not in _PROFILED:
        return None
    try:
        description = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(embedded)))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if "sRGB" in description else embedded


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        return ImageCms.applyTransform(picture, _transform(profile, picture.mode)) or picture
    except (ImageCms.PyCMSError, OSError, ValueError):  # a profile made for another kind of picture
        return picture


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Kept, because making it takes as long as using it and cameras share a few profiles."""
    source = ImageCms.createProfile("LAB") if profile == _LAB else ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
