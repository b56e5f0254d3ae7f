"""Thumbnails of odd pictures, and the cache that keeps them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from minio_proxy.derived.cache import DiskCache
from minio_proxy.derived.pictures import Recipe, derive


def encoded(mode: str, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (400, 200), 30_000 if mode == "I;16" else None).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("mode", "kind", "made"),
    [
        ("RGB", "JPEG", "JPEG"),
        ("CMYK", "JPEG", "JPEG"),
        ("L", "PNG", "JPEG"),
        ("I;16", "PNG", "JPEG"),
        ("P", "GIF", "JPEG"),
        ("RGBA", "PNG", "WEBP"),
        ("LA", "PNG", "WEBP"),
        ("RGB", "BMP", "JPEG"),
        ("1", "TIFF", "JPEG"),
        ("RGB", "JPEG2000", "JPEG"),
        ("RGB", "WEBP", "JPEG"),
    ],
)
def test_every_kind_of_picture_has_a_thumbnail(mode: str, kind: str, made: str) -> None:
    data, media_type = derive(encoded(mode, kind), Recipe(width=160), 1_000_000)
    with Image.open(io.BytesIO(data)) as thumb:
        assert (thumb.format, thumb.size) == (made, (160, 80))
    assert media_type == f"image/{made.lower()}"


def test_sixteen_bits_keep_their_brightness() -> None:
    data, _ = derive(encoded("I;16", "PNG"), Recipe(width=160), 1_000_000)
    with Image.open(io.BytesIO(data)) as thumb:
        assert thumb.convert("L").getpixel((5, 5)) == pytest.approx(30_000 / 257, abs=2)


def rgb(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    pixel = picture.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_every_orientation_comes_out_upright(orientation: int, kind: str) -> None:
    upright = Image.new("RGB", (320, 240), (0, 0, 255))
    upright.paste((255, 0, 0), (0, 0, 160, 120))  # red in the top left corner of what a person sees
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the Transpose that stores it lying so
    stored = upright.transpose(Image.Transpose(back[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    stored.save(out, kind, exif=exif)
    data, _ = derive(out.getvalue(), Recipe(width=160), 1_000_000)
    with Image.open(io.BytesIO(data)) as thumb:
        assert thumb.size == (160, 120)
        assert rgb(thumb, 40, 30)[0] > 200
        assert rgb(thumb, 120, 30)[2] > 200
        assert rgb(thumb, 40, 90)[2] > 200
        assert thumb.getexif().get(0x0112, 1) == 1


def test_a_small_picture_is_never_enlarged() -> None:
    data, _ = derive(encoded("RGB", "JPEG"), Recipe(width=1280), 1_000_000)
    with Image.open(io.BytesIO(data)) as thumb:
        assert thumb.size == (400, 200)


def test_the_cache_drops_what_was_used_longest_ago(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1000)
    for number in range(10):
        cache.put(f"{number:02}name", b"x" * 100)
        os.utime(tmp_path / f"{number:02}" / f"{number:02}name", ns=(number, number))
    assert cache.get("00name") is not None  # used now, so it stays
    cache.put("zzname", b"x" * 100)
    names = {path.name for path in tmp_path.glob("??/*")}
    assert {"00name", "zzname"} <= names
    assert "01name" not in names
    assert sum(path.stat().st_size for path in tmp_path.glob("??/*")) <= 1000
    cache.put("toolarge", b"x" * 1001)
    assert cache.get("toolarge") is None


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = DiskCache(tmp_path / "file", 1000)
    cache.put("00name", b"x")
    assert cache.get("00name") is None
