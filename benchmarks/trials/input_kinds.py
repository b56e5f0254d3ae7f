"""Small made files of every kind that people have in their folders: odd ones that are good pictures, and those that are
none. What must become of each stands beside it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

SIZE = (64, 48)
UNSUPPORTED, UNREADABLE, TOO_LARGE, EMPTY = "unsupported_type", "unreadable_picture", "too_large", "empty_input"


@dataclass(frozen=True)
class InputKind:
    """``make`` gives the bytes for a seed, of which each is another picture; ``code`` is that of the error, "" for a
    picture that must be stored."""

    name: str
    make: Callable[[int], bytes]
    code: str = ""


def pixels(seed: int, size: tuple[int, int] = SIZE, channels: int = 3) -> np.ndarray[Any, Any]:
    """uint8 (height, width, channels) of slopes with noise: no two seeds give the same picture."""
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    slopes = np.stack([(rows * (3 + c) + columns * (5 - c) + 80 * c) % 216 for c in range(channels)], axis=2)
    noise = np.random.default_rng(seed).integers(0, 40, slopes.shape)
    return (slopes + noise).astype(np.uint8)


def saved(format: str, mode: str = "RGB", **options: Any) -> Callable[[int], bytes]:
    """A picture as Pillow writes it."""

    def make(seed: int) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(pixels(seed, options.get("size", SIZE))).convert(mode).save(
            buffer, format, **{name: value for name, value in options.items() if name != "size"}
        )
        return buffer.getvalue()

    return make


def of_array(format: str, dtype: str, scale: float) -> Callable[[int], bytes]:
    """A grey picture of other samples than 8 bits."""

    def make(seed: int) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray((pixels(seed)[:, :, 0].astype(np.float64) * scale).astype(dtype)).save(buffer, format)
        return buffer.getvalue()

    return make


def animated(format: str) -> Callable[[int], bytes]:
    def make(seed: int) -> bytes:
        frames = [Image.fromarray(pixels(seed + 1000 * n)) for n in range(3)]
        buffer = io.BytesIO()
        frames[0].save(buffer, format, save_all=True, append_images=frames[1:])
        return buffer.getvalue()

    return make


def changed(make: Callable[[int], bytes], change: Callable[[bytes], bytes]) -> Callable[[int], bytes]:
    return lambda seed: change(make(seed))


def starting(start: bytes) -> Callable[[int], bytes]:
    """No picture, of a kind that its first bytes tell."""
    return lambda seed: start + bytes((seed * 7 + n) % 251 for n in range(400))


def exif(fill: Callable[[Image.Exif], None]) -> bytes:
    block = Image.Exif()
    fill(block)
    return block.tobytes()


def _nowhere(block: Image.Exif) -> None:
    zero = (0.0, 0.0, 0.0)
    block.get_ifd(IFD.GPSInfo).update(
        {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: zero, GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: zero}
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk with its sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes cannot hold."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + end


def _with_info(seed: int) -> bytes:
    info = PngInfo()
    info.add_text("Comment", "x" * 5000)
    return saved("PNG", pnginfo=info)(seed)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


JPEG, PNG, WEBP = saved("JPEG"), saved("PNG"), saved("WEBP")
KINDS: tuple[InputKind, ...] = (
    InputKind("plain.jpg", JPEG),
    InputKind("grey.jpg", saved("JPEG", "L")),
    InputKind("cmyk.jpg", saved("JPEG", "CMYK")),
    InputKind("progressive.jpg", saved("JPEG", progressive=True)),
    InputKind("best.jpg", saved("JPEG", quality=100, subsampling=0)),
    InputKind("worst.jpg", saved("JPEG", quality=8)),
    InputKind("turned.jpg", saved("JPEG", exif=exif(lambda block: block.__setitem__(Base.Orientation, 6)))),
    InputKind("orientation-99.jpg", saved("JPEG", exif=exif(lambda block: block.__setitem__(Base.Orientation, 99)))),
    InputKind("year-1601.jpg", saved("JPEG", exif=exif(lambda b: b.__setitem__(Base.DateTime, "1601:01:01 00:00:00")))),
    InputKind("place-0-0.jpg", saved("JPEG", exif=exif(_nowhere))),
    InputKind("broken-exif.jpg", saved("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")),
    InputKind("odd-xmp.jpg", saved("JPEG", xmp=b"<not xml")),
    InputKind("without-end-mark.jpg", changed(JPEG, lambda data: data.removesuffix(b"\xff\xd9"))),
    InputKind("with-a-tail.jpg", changed(JPEG, lambda data: data + b"\0" * 3000)),
    InputKind("comment.jpg", saved("JPEG", comment=b"\xff\xfe\x00" * 50)),
    InputKind("several-pictures.mpo", animated("MPO")),
    InputKind("plain.png", PNG),
    InputKind("transparent.png", saved("PNG", "RGBA")),
    InputKind("palette.png", saved("PNG", "P", transparency=3)),
    InputKind("one-bit.png", saved("PNG", "1")),
    InputKind("grey-alpha.png", saved("PNG", "LA")),
    InputKind("sixteen-bits.png", of_array("PNG", "uint16", 257)),
    InputKind("long-comment.png", _with_info),
    InputKind("animated.png", animated("PNG")),
    InputKind("plain.gif", saved("GIF")),
    InputKind("animated.gif", animated("GIF")),
    InputKind("plain.bmp", saved("BMP")),
    InputKind("plain.tiff", saved("TIFF")),
    InputKind("deflated.tif", saved("TIFF", compression="tiff_adobe_deflate")),
    InputKind("fax.tif", saved("TIFF", "1", compression="group4")),
    InputKind("pages.tif", animated("TIFF")),
    InputKind("lab.tif", saved("TIFF", "LAB")),
    InputKind("twelve-of-sixteen-bits.tif", of_array("TIFF", "uint16", 16)),
    InputKind("integers.tif", of_array("TIFF", "int32", 1000)),
    InputKind("floats.tif", of_array("TIFF", "float32", 1 / 255)),
    InputKind("plain.webp", WEBP),
    InputKind("lossless.webp", saved("WEBP", "RGBA", lossless=True)),
    InputKind("animated.webp", animated("WEBP")),
    InputKind("plain.avif", saved("AVIF")),
    InputKind("plain.jp2", saved("JPEG2000")),
    InputKind("jpeg-inside.png", JPEG),
    InputKind("no-suffix", PNG),
    InputKind("UPPER.JPG", JPEG),
    InputKind("thin.png", saved("PNG", size=(900, 3))),
    InputKind("one-pixel.png", saved("PNG", size=(1, 1))),
    # none of these is a picture that can be taken
    InputKind("empty.jpg", lambda seed: b"", EMPTY),
    InputKind("page.jpg", starting(b"<!DOCTYPE html><html>"), UNSUPPORTED),
    InputKind("note.txt", starting(b"Dear all, "), UNSUPPORTED),
    InputKind("paper.pdf", starting(b"%PDF-1.7\n"), UNSUPPORTED),
    InputKind("archive.zip", starting(b"PK\x03\x04"), UNSUPPORTED),
    InputKind("drawing.svg", starting(b'<svg xmlns="http://www.w3.org/2000/svg">'), UNSUPPORTED),
    InputKind("new.jxl", starting(b"\xff\x0a"), UNSUPPORTED),
    InputKind("icon.ico", saved("ICO"), UNSUPPORTED),
    InputKind("layers.psd", starting(b"8BPS\0\x01"), UNSUPPORTED),
    InputKind("plain.ppm", saved("PPM"), UNSUPPORTED),
    InputKind("drawing.eps", starting(b"%!PS-Adobe-3.0 EPSF-3.0\n"), UNSUPPORTED),
    InputKind("program.exe", starting(b"MZ\x90\0"), UNSUPPORTED),
    InputKind("noise.jpg", starting(b"\x07\x99"), UNSUPPORTED),
    InputKind("zeros.jpg", lambda seed: bytes(1000 + seed), UNSUPPORTED),
    InputKind("half.jpg", changed(JPEG, half), UNREADABLE),
    InputKind("half-progressive.jpg", changed(saved("JPEG", progressive=True), half), UNREADABLE),
    InputKind("head.jpg", changed(JPEG, lambda data: data[:20]), UNREADABLE),
    InputKind("half.png", changed(PNG, half), UNREADABLE),
    InputKind("wrong-sum.png", changed(PNG, lambda data: data[:60] + b"\0\0\0\0" + data[64:]), UNREADABLE),
    InputKind("half.gif", changed(saved("GIF"), half), UNREADABLE),
    InputKind("half.webp", changed(WEBP, half), UNREADABLE),
    InputKind("half.tiff", changed(saved("TIFF"), half), UNREADABLE),
    InputKind("half.bmp", changed(saved("BMP"), half), UNREADABLE),
    InputKind("half.avif", changed(saved("AVIF"), half), UNREADABLE),
    InputKind("half.jp2", changed(saved("JPEG2000"), half), UNREADABLE),
    InputKind("lying.png", lambda seed: png_claiming(5000, 4000 + seed), UNREADABLE),
    InputKind("bomb.png", lambda seed: png_claiming(60_000, 60_000 + seed), TOO_LARGE),
)
GOOD = tuple(kind for kind in KINDS if not kind.code)
BAD = tuple(kind for kind in KINDS if kind.code)
