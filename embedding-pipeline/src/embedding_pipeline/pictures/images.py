"""Bytes to upright RGB pixels, for every picture type a user may hand in, and crops of them.

The content decides the type, never the name. opencv decodes the everyday ones (JPEG, WebP); Pillow reads the headers
of all and the pixels of the odd ones: CMYK, 16 bit, palettes, transparency, animations, other colour spaces.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

from embedding_pipeline.domain import Box, GeoPoint, Pixels
from embedding_pipeline.errors import BadBox, BoxlensError, EmptyInput, TooLarge, UnreadablePicture, UnsupportedType
from embedding_pipeline.pictures import exif as camera_notes

# what Pillow calls each type, and the type a browser is told
_TYPES = {
    "jpeg": ("JPEG", "image/jpeg"),
    "png": ("PNG", "image/png"),
    "webp": ("WEBP", "image/webp"),
    "gif": ("GIF", "image/gif"),
    "bmp": ("BMP", "image/bmp"),
    "tiff": ("TIFF", "image/tiff"),
    "jp2": ("JPEG2000", "image/jp2"),
    "avif": ("AVIF", "image/avif"),
    "heic": ("HEIF", "image/heic"),
}
FORMATS = tuple(_TYPES)
_STARTS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
)
_BRANDS = {b"avif": "avif", b"avis": "avif"} | dict.fromkeys((b"heic", b"heix", b"hevc", b"heim", b"heis"), "heic")
_LAB = b"CIELAB"  # stands for the profile of pictures stored in that space
_WHITE = (255, 255, 255)
_DAMAGED = "Save the picture again with another program, or send the original file."

# Pillow's remarks on damaged metadata, printed by a server, help nobody; its remark on size is an error here
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.simplefilter("error", Image.DecompressionBombWarning)


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


def sniff(data: bytes) -> str | None:
    """The type of a picture by its first bytes, one of FORMATS; None when it is none of them."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(len(data), 64), 4))]
        return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
    return next((name for start, name in _STARTS if data.startswith(start)), None)


def content_type(format: str) -> str:
    """The media type of one of FORMATS."""
    return _TYPES[format][1]


def decode(data: bytes, *, max_pixels: int, max_bytes: int | None = None) -> DecodedPicture:
    """The first frame of a picture, upright, over white where it is transparent, in sRGB.

    A picture is whole or refused: truncated data never comes back half grey. The limit on pixels is checked on the
    header, before anything is decoded.

    Raises EmptyInput, TooLarge, UnsupportedType, UnreadablePicture.
    """
    if not data:
        raise EmptyInput("The file is empty: 0 bytes.", hint="Send the picture itself.")
    if max_bytes is not None and len(data) > max_bytes:
        raise TooLarge(f"The file has {len(data)} bytes; at most {max_bytes} are taken.", hint="Send a smaller one.")
    format = sniff(data)
    if format is None:
        raise UnsupportedType("This is not a picture of a known type.", hint=f"Known are {', '.join(FORMATS)}.")
    if format == "heic":
        _register_heic()
    try:
        return _decode(data, format, max_pixels)
    except BoxlensError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many(str(error), max_pixels) from error
    except MemoryError as error:
        raise TooLarge(f"The {format} picture does not fit into memory.", hint="Send a smaller one.") from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, KeyError, ...
        raise UnreadablePicture(f"The {format} picture is damaged or cut off: {error}", hint=_DAMAGED) from error


def crop(pixels: Pixels, box: Box, padding: float = 0.0) -> Pixels:
    """The pixels in a box, widened on each side by ``padding`` times its width and height; never less than one pixel.

    A copy, so that a crop waiting for its batch does not hold its whole picture. Raises BadBox when nothing of the
    box is inside.
    """
    height, width = pixels.shape[:2]
    dx, dy = padding * (box.x2 - box.x1), padding * (box.y2 - box.y1)
    whole = Box(box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy).rounded().clipped(width, height)
    if box.area <= 0 or whole.area <= 0:
        raise BadBox(f"The box {box.as_list()} has no part inside the picture of {width} x {height} pixels.")
    return pixels[int(whole.y1) : int(whole.y2), int(whole.x1) : int(whole.x2)].copy()


def _decode(data: bytes, format: str, max_pixels: int) -> DecodedPicture:
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = max_pixels  # Pillow's own limit must not undercut a higher one that was asked for
    with Image.open(io.BytesIO(data), formats=[_TYPES[format][0]]) as picture:
        if picture.width * picture.height > max_pixels:
            raise _too_many(f"it claims {picture.width} x {picture.height} pixels", max_pixels)
        pixels = _fast(data, format, picture)
        if pixels is None:
            picture.load()
            pixels = np.array(_rgb(picture))
        exif = _exif(picture)
        pixels = _upright(pixels, camera_notes.orientation(exif))
        said = camera_notes.notes(exif)
    height, width = pixels.shape[:2]
    return DecodedPicture(pixels, width, height, format, said.taken_at, said.camera, said.location)


def _too_many(what: str, max_pixels: int) -> TooLarge:
    return TooLarge(f"The picture is too large: {what}; at most {max_pixels} are taken.", hint="Send a smaller one.")


def _fast(data: bytes, format: str, picture: Image.Image) -> Pixels | None:
    """The pixels by opencv, or None where Pillow must do it: odd modes, a colour profile, or damage.

    opencv gives None for a cut JPEG; Pillow then decides whether only the end mark is missing.
    """
    still = not getattr(picture, "is_animated", False)
    plain = (format == "jpeg" and picture.mode in ("RGB", "L")) or (format == "webp" and picture.mode == "RGB")
    if not (plain and still) or _profile(picture) is not None:
        return None
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION  # the orientation is applied once, by _upright
    try:
        pixels: Any = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    fits = pixels is not None and pixels.shape == (picture.height, picture.width, 3)
    return pixels if fits else None


def _rgb(picture: Image.Image) -> Image.Image:
    """Any loaded Pillow picture as 8-bit sRGB over white."""
    profile = _profile(picture)
    if picture.mode.startswith(("I", "F")):
        picture = _eight_bits(picture)
    elif picture.mode == "LAB":
        profile = _LAB
    mask = None
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        mask = picture.getchannel("A")
    if picture.mode in ("P", "RGBA"):
        picture = picture.convert("RGB")
    converted = picture if profile is None else _to_srgb(picture, profile)
    converted = converted.convert("RGB")
    if mask is None:
        return converted
    over = Image.new("RGB", converted.size, _WHITE)
    over.paste(converted, mask=mask)
    return over


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey pictures of 16 bits (the high byte), or of 32 bits and floats (their own range spread over 0..255)."""
    values = np.asarray(picture)
    if picture.mode.startswith("I;16"):
        return Image.fromarray((values.astype(np.uint16) >> 8).astype(np.uint8))
    if picture.mode == "I" and values.size and values.min() >= 0 and values.max() <= 0xFFFF:
        return Image.fromarray((values >> 8).astype(np.uint8))
    finite = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    return Image.fromarray(((finite - low) * (255 / max(high - low, 1e-12))).astype(np.uint8))


def _profile(picture: Image.Image) -> bytes | None:
    """The embedded colour profile when it is readable and not sRGB already."""
    embedded = picture.info.get("icc_profile")
    if not embedded or picture.mode not in ("RGB", "L", "P", "CMYK", "RGBA"):
        return None
    try:
        said = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(embedded)))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if "sRGB" in said else bytes(embedded)


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        return ImageCms.applyTransform(picture, _transform(profile, picture.mode)) or picture
    except (ImageCms.PyCMSError, ValueError):  # a profile made for another kind of picture says nothing of this one
        return picture


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Kept, because making it takes as long as using it and cameras share a few profiles."""
    source = ImageCms.createProfile("LAB") if profile == _LAB else ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def _exif(picture: Image.Image) -> Image.Exif:
    try:
        return picture.getexif()
    except Exception:  # noqa: BLE001  broken EXIF raises struct.error, SyntaxError, ...; the picture is still good
        return Image.Exif()


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """EXIF orientation 1 to 8 undone: 2 and 4 mirrored, 3 upside down, 5 to 8 turned (5 and 7 mirrored too)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _register_heic() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise UnsupportedType(
            "HEIC pictures need the extra 'heic', which is not installed.",
            hint="Install it: pip install 'embedding-pipeline[heic]', or save the picture as JPEG.",
        ) from error
    register_heif_opener()
