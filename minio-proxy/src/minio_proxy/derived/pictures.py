"""Thumbnails and crops. Boxes are xyxy in pixels of the upright picture (EXIF rotation applied)."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

import picture_decoding
from minio_proxy.errors import BadBox, Busy, TooLarge, UnreadablePicture, UnsupportedType
from picture_decoding import Picture, Raster, process_budget

_QUALITY = 85
_WIDEST = 10**7
_RESIZING_BYTES = 11  # a pixel of a transparent picture, while Pillow resizes it


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make of a picture: a crop, a thumbnail at most ``width`` pixels wide, or a thumbnail of a crop."""

    width: int | None = None
    box: tuple[float, float, float, float] | None = None


def parse_box(text: str) -> tuple[float, float, float, float]:
    """Four numbers ``x1,y1,x2,y2`` with an area. Raises BadBox."""
    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
    except ValueError:
        raise BadBox(
            f"{text[:80]!r} is not a box.", hint="Give x1,y1,x2,y2 in pixels of the upright picture."
        ) from None
    if not all(math.isfinite(n) and abs(n) < _WIDEST for n in (x1, y1, x2, y2)) or x2 <= x1 or y2 <= y1:
        raise BadBox(f"The box {text[:80]} has no area.", hint="x1 < x2 and y1 < y2 are needed.")
    return x1, y1, x2, y2


def derive(data: bytes, recipe: Recipe, max_pixels: int) -> tuple[bytes, str]:
    """The encoded picture and its media type: JPEG, or WebP where something is transparent; sRGB.

    Never enlarges. A JPEG is decoded at an eighth, quarter or half of its size where that is enough. Raises
    UnsupportedType, UnreadablePicture, TooLarge, BadBox, Busy.
    """
    try:
        picture = Picture(data, max_pixels=max_pixels)
        box = _inside(recipe.box or (0, 0, picture.width, picture.height), picture.width, picture.height)
        # all of the picture may be wider than asked for by as much as its box is narrower
        decoded_width = recipe.width * picture.width / (box[2] - box[0]) if recipe.width else math.inf
        reduction = picture.reduction(decoded_width)
        with process_budget.reserve(picture.memory(reduction) + _after_decoding(picture, recipe)):
            return _encoded(_made(picture.decode(reduction), recipe, box, reduction))
    except picture_decoding.BudgetBusy as error:
        raise Busy(error.detail, hint=error.hint, headers={"Retry-After": str(error.retry_after_s)}) from error
    except picture_decoding.PictureTooLarge as error:
        raise TooLarge(error.detail, hint=f"Ask for it whole, without w and box. {error.hint}") from error
    except picture_decoding.Damaged as error:
        raise UnreadablePicture(error.detail, hint="Store it again.") from error
    except picture_decoding.PictureError as error:
        raise UnsupportedType(f"No picture is made of this file. {error.detail}", hint=error.hint) from error


def _after_decoding(picture: Picture, recipe: Recipe) -> int:
    """Bytes that resizing and encoding take beside the decoded picture."""
    if picture.transparent or recipe.width is None:
        return _RESIZING_BYTES * picture.width * picture.height
    return 2 * _RESIZING_BYTES * recipe.width**2


def _made(raster: Raster, recipe: Recipe, box: tuple[int, int, int, int], reduction: int) -> Raster:
    height, width = raster.pixels.shape[:2]
    left, top = box[0] // reduction, box[1] // reduction
    right, bottom = min(width, math.ceil(box[2] / reduction)), min(height, math.ceil(box[3] / reduction))
    alpha = None if raster.alpha is None else raster.alpha[top:bottom, left:right]
    part = Raster(raster.pixels[top:bottom, left:right], alpha)
    width, height = right - left, bottom - top
    if recipe.width is None or width <= recipe.width:
        return part
    return _resized(part, (recipe.width, max(1, round(height * recipe.width / width))))


def _resized(raster: Raster, size: tuple[int, int]) -> Raster:
    """Made smaller, each pixel the mean of those that it covers; a transparent one has no part in its colour."""
    if raster.alpha is None:
        return Raster(np.asarray(cv2.resize(raster.pixels, size, interpolation=cv2.INTER_AREA), np.uint8), None)
    layers = Image.fromarray(np.dstack((raster.pixels, raster.alpha))).resize(size, Image.Resampling.BOX)
    made = np.asarray(layers)
    return Raster(made[..., :3], made[..., 3])


def _inside(box: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int, int]:
    """Whole pixels that cover the part of the box inside the picture. Raises BadBox when there is none."""
    x1, y1 = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    x2, y2 = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    if x2 <= x1 or y2 <= y1:
        raise BadBox(f"The box lies outside the picture of {width} x {height} pixels.")
    return x1, y1, x2, y2


def _encoded(raster: Raster) -> tuple[bytes, str]:
    out = io.BytesIO()
    if raster.alpha is None:
        Image.fromarray(raster.pixels).save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
        return out.getvalue(), "image/jpeg"
    Image.fromarray(np.dstack((raster.pixels, raster.alpha))).save(out, "WEBP", quality=_QUALITY, method=2)
    return out.getvalue(), "image/webp"
