"""Thumbnails and crops. Boxes are xyxy in pixels of the upright picture (EXIF rotation applied)."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from minio_proxy.errors import BadBox, TooLarge, UnreadablePicture, UnsupportedType

Image.init()  # else Pillow knows only some formats by name
_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "AVIF", "ICO")
FORMATS = tuple(name for name in _FORMATS if name in Image.OPEN)  # a build may lack some
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # stored lying on its side
_REDUCTIONS = (8, 4, 2)  # what a JPEG decoder can skip while decoding
_QUALITY = 85
_WIDEST = 10**7


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
    """The encoded picture and its media type: JPEG, or WebP where something is transparent.

    Never enlarges. A JPEG is decoded at an eighth, quarter or half of its size where that is enough. Raises
    UnsupportedType, UnreadablePicture, TooLarge, BadBox.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            return _encoded(_made(picture, recipe, max_pixels))
    except UnidentifiedImageError:
        raise UnsupportedType("No picture is made of this file.", hint="Ask for it without w and box.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(max_pixels) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, OverflowError, MemoryError) as error:
        # Pillow's decoders raise any of these on damaged files
        raise UnreadablePicture(f"The picture is damaged: {error}.", hint="Store it again.") from error


def _made(picture: Image.Image, recipe: Recipe, max_pixels: int) -> Image.Image:
    if picture.width * picture.height > max_pixels:
        raise _too_large(max_pixels)
    turned = picture.getexif().get(_ORIENTATION) in _TURNED
    width, height = (picture.height, picture.width) if turned else picture.size
    box = _inside(recipe.box, width, height) if recipe.box else (0, 0, width, height)
    if recipe.width and picture.format in ("JPEG", "MPO"):
        factor = next((f for f in _REDUCTIONS if (box[2] - box[0]) // f >= recipe.width), 1)
        picture.draft(None, (picture.width // factor, picture.height // factor))
    upright = ImageOps.exif_transpose(_eight_bit(picture))
    if recipe.box:
        sx, sy = upright.width / width, upright.height / height
        cut = (int(box[0] * sx), int(box[1] * sy), math.ceil(box[2] * sx), math.ceil(box[3] * sy))
        upright = upright.crop((cut[0], cut[1], min(cut[2], upright.width), min(cut[3], upright.height)))
    if recipe.width and upright.width > recipe.width:
        height = max(1, round(upright.height * recipe.width / upright.width))
        upright = upright.resize((recipe.width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return upright


def _inside(box: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int, int]:
    """Whole pixels that cover the part of the box inside the picture. Raises BadBox when there is none."""
    x1, y1 = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    x2, y2 = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    if x2 <= x1 or y2 <= y1:
        raise BadBox(f"The box lies outside the picture of {width} x {height} pixels.")
    return x1, y1, x2, y2


def _eight_bit(picture: Image.Image) -> Image.Image:
    """RGB or RGBA of the first frame, with the marks of orientation kept."""
    exif = picture.getexif()
    if picture.mode.startswith("I;16") or picture.mode == "I":
        made = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    elif picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        made = picture.convert("RGBA")
    else:
        made = picture.convert("RGB")
    made.info.setdefault("exif", exif.tobytes())
    if picture.mode not in ("RGB", "RGBA"):
        made.info.pop("icc_profile", None)  # it describes the colours that were converted away
    return made


def _encoded(picture: Image.Image) -> tuple[bytes, str]:
    out = io.BytesIO()
    profile = picture.info.get("icc_profile")
    if picture.mode == "RGBA":
        picture.save(out, "WEBP", quality=_QUALITY, method=2, icc_profile=profile, exif=b"")
        return out.getvalue(), "image/webp"
    picture.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True, icc_profile=profile)
    return out.getvalue(), "image/jpeg"


def _too_large(max_pixels: int) -> TooLarge:
    return TooLarge(
        f"The picture has more than {max_pixels} pixels.", hint="Ask for it whole, or raise BOXLENS_PROXY__MAX_PIXELS."
    )
