"""A picture opened by Pillow without decoding, and its header's claims held to what the file can really contain."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod

from pi_heif import HeifImageFile
from PIL import Image, IptcImagePlugin, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.JpegImagePlugin import JpegImageFile

from picture_decoding import isobmff
from picture_decoding.camera_raw import directories, raw_format
from picture_decoding.errors import Damaged, EmptyFile, PictureError, PictureTooLarge, UnknownFormat
from picture_decoding.formats import FORMATS, JPEG_XL, pillow_name, sniff

DAMAGED = "Save the picture again with another program, or send the original file."
_SMALLER = "Send a smaller one."
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _STRIP_OFFSETS, _SAMPLES, _ROWS = 254, 256, 257, 258, 273, 277, 278
_PLANES, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _SAMPLE_FORMAT = 284, 322, 323, 324, 339
_APART, _FLOATS = 2, 3  # one plane of the picture after the other; samples that are floats
_MAX_PAGES = 64
_XMP = 700  # the tag of a TIFF
_MAX_WORDS = 1024 * 1024
_DEFLATE_RATIO = 1032  # the most that zlib can shrink anything
_PNG_START, _PNG_NOTES = b"\x89PNG\r\n\x1a\n", (b"eXIf", b"iTXt", b"tEXt", b"zTXt")
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def format_of(data: bytes) -> str:
    """One of FORMATS. Raises EmptyFile, UnknownFormat."""
    if not data:
        raise EmptyFile("The file is empty: 0 bytes.", "Send the picture itself.")
    format = sniff(data)
    if format == JPEG_XL:
        raise UnknownFormat("JPEG XL pictures are not decoded.", "Save the picture as JPEG, PNG or AVIF.")
    if format is None:
        raise UnknownFormat("This is not a picture of a known type.", f"Known are {', '.join(FORMATS)}.")
    return (raw_format(data) or format) if format == "tiff" else format


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises PictureTooLarge, and Damaged where there are no pixels."""
    if width < 1 or height < 1:
        raise Damaged(f"The picture claims {width} x {height} pixels.", DAMAGED)
    if width * height > max_pixels:
        raise PictureTooLarge(
            f"The picture is too large: it claims {width} x {height} pixels; at most {max_pixels} are taken.", _SMALLER
        )


def opened(data: bytes, format: str, max_pixels: int) -> Image.Image:
    """The header as Pillow reads it; its first page that is no thumbnail. Raises what Pillow raises."""
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = max_pixels  # Pillow's own limit must not undercut a higher one that was asked for
    stream = io.BytesIO(data)
    if format == "jpeg":
        return JpegImageFile(stream)  # Image.open would follow the index of further pictures, which may be damaged
    if format == "heic":
        picture: Image.Image = HeifImageFile(stream)
        return picture
    try:
        picture = Image.open(stream, formats=[pillow_name(format)])
    except UnidentifiedImageError:
        if format == "tiff" and (samples := _samples_of(data)):
            raise UnknownFormat(f"TIFF pictures of {samples} are not decoded.", "Save the picture as PNG.") from None
        raise
    if format == "tiff":
        _seek_full_size(picture)
        _require_parts(picture)
    return picture


def _samples_of(data: bytes) -> str:
    """The samples of a TIFF in words; "" where its first directory does not tell them."""
    first = next(iter(directories(data)), {})
    if not {_WIDTH, _HEIGHT, _BITS} <= first.keys():
        return ""
    kind = "floats" if first.get(_SAMPLE_FORMAT, (1,))[0] == _FLOATS else "integers"
    return f"{first.get(_SAMPLES, (1,))[0]} x {first[_BITS][0]} bit {kind}"


def _require_parts(picture: Image.Image) -> None:
    """Raises Damaged for a TIFF that lists fewer strips or tiles than its size takes."""
    width, height = _tag(picture, _WIDTH), _tag(picture, _HEIGHT)
    tile_width, tile_height = _tag(picture, _TILE_WIDTH), _tag(picture, _TILE_HEIGHT)
    if tile_width and tile_height:
        needed, listed = -(-width // tile_width) * -(-height // tile_height), _TILE_OFFSETS
    else:
        needed, listed = -(-height // (_tag(picture, _ROWS) or height or 1)), _STRIP_OFFSETS
    planes = _tag(picture, _SAMPLES, 1) if _tag(picture, _PLANES) == _APART else 1
    if len(picture.tag_v2.get(listed, ())) < needed * planes:  # type: ignore[attr-defined]
        raise Damaged("The TIFF lacks a part of the picture.", DAMAGED)


def _seek_full_size(picture: Image.Image) -> None:
    """Pass over pages that the file itself calls reduced, where another page is not."""
    page = 0
    while _tag(picture, _SUBFILE) & 1 and page < _MAX_PAGES:
        page += 1
        try:
            picture.seek(page)
        except EOFError:
            picture.seek(0)
            return


def _tag(picture: Image.Image, tag: int, default: int = 0) -> int:
    value = getattr(picture, "tag_v2", {}).get(tag, default)
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) else default


def size_is_upright(picture: Image.Image) -> bool:
    """Whether Pillow's size is that of the upright picture already, as it is by the tag of a TIFF."""
    return Base.Orientation in getattr(picture, "tag_v2", {})


def tile_bytes(picture: Image.Image) -> int:
    """Bytes of one tile of a TIFF, which may be larger than the picture; 0 for other pictures."""
    samples = _tag(picture, _SAMPLES, 1) * -(-_tag(picture, _BITS, 8) // 8)
    return 2 * _tag(picture, _TILE_WIDTH) * _tag(picture, _TILE_HEIGHT) * samples


def coded_pixels(data: bytes, format: str) -> int:
    """Pixels of the largest picture or tile in an AVIF or HEIC file, by the codec's own header; 0 for other formats.

    Raises Damaged where an AVIF has no such header.
    """
    if format == "avif":
        sizes = isobmff.av1_sizes(data)
        if not sizes:
            raise Damaged("The AVIF is damaged: it holds no AV1 picture.", DAMAGED)
    else:
        sizes = isobmff.hevc_sizes(data) if format == "heic" else []
    return max(map(prod, sizes), default=0)


def check_claim(data: bytes, format: str, width: int, height: int) -> None:
    """Raises Damaged where the file cannot hold as many pixels as it claims."""
    possible = True
    if format == "avif":
        possible = sum(map(prod, isobmff.av1_sizes(data))) >= width * height
    elif format == "png":
        bits = data[24] * _PNG_CHANNELS.get(data[25], 1)
        possible = height * (1 + width * bits // 8) <= _DEFLATE_RATIO * len(data)
    if not possible:
        raise Damaged(f"The picture claims {width} x {height} pixels, which it does not hold.", DAMAGED)


def notes_of_png(data: bytes) -> Image.Image:
    """A PNG of one pixel with the notes of another one, those behind its pixels too: to find them in the whole file
    Pillow would decode it, before any memory is reserved. Without any where one is damaged."""
    parts, at = [], len(_PNG_START)
    while at + 12 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind in _PNG_NOTES:
            parts.append(data[at : at + 12 + size])
        at += 12 + size
    header = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = _png_chunk(b"IDAT", zlib.compress(b"\0\0"))
    small = b"".join((_PNG_START, header, *parts, pixel, _png_chunk(b"IEND", b"")))
    try:
        return Image.open(io.BytesIO(small), formats=["PNG"])
    except Exception:  # noqa: BLE001  as in exif_of: the picture is still good
        return Image.new("L", (1, 1))


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def exif_of(picture: Image.Image) -> Image.Exif:
    """What the camera wrote; empty where it cannot be read."""
    try:
        return picture.getexif()
    except Exception:  # noqa: BLE001  broken EXIF raises struct.error, SyntaxError, ...; the picture is still good
        return Image.Exif()


def xmp_of(picture: Image.Image) -> str:
    """The XMP packet; "" where there is none."""
    block = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or getattr(picture, "tag_v2", {}).get(_XMP)
    if isinstance(block, tuple):
        block = bytes(block)
    text = block.decode("utf-8", "replace") if isinstance(block, bytes) else block
    return text if isinstance(text, str) and len(text) <= _MAX_WORDS else ""


def iptc_of(picture: Image.Image) -> dict[tuple[int, int], list[bytes]]:
    """The data sets of the IPTC block by record and number (IIM 4.2); empty where there is none that can be read."""
    try:
        data_sets = IptcImagePlugin.getiptcinfo(picture) or {}  # type: ignore[arg-type]
        return {key: value if isinstance(value, list) else [value] for key, value in data_sets.items()}
    except Exception:  # noqa: BLE001  as for EXIF
        return {}


def orientation_of(exif: Image.Exif, default: int = 1) -> int:
    """EXIF orientation 1 to 8; ``default`` where it is absent or no such number."""
    try:
        value = exif.get(Base.Orientation)
    except Exception:  # noqa: BLE001  as above: values are read when asked for
        return default
    return value if isinstance(value, int) and 1 <= value <= 8 else default


@contextmanager
def named_failures(format: str, max_pixels: int) -> Iterator[None]:
    """Whatever a decoder raises, as Damaged or PictureTooLarge."""
    try:
        yield
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLarge(f"The picture is too large; at most {max_pixels} pixels are taken.", _SMALLER) from error
    except MemoryError as error:
        raise PictureTooLarge(f"The {format} picture does not fit into memory.", _SMALLER) from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, KeyError, cv2.error, ...
        raise Damaged(f"The {format} picture is damaged or cut off.", DAMAGED) from error
