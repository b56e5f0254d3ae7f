"""Pictures of every kind come back upright and whole, with their colours and what the camera noted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageCms, features
from PIL.TiffImagePlugin import IFDRational
from tests.samples.pictures import BLUE, GREEN, RED, WHITE, png, quarters, saved

from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadBox
from boxlens.imaging.decoding import FORMATS, content_type, crop, decode, sniff

# pytest turns every warning into an error; Boxlens passes over Pillow's remarks on damaged metadata
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

LIMIT = 64_000_000


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    h, w = pixels.shape[:2]
    return [tuple(int(c) for c in pixels[y, x]) for y, x in ((4, 4), (4, w - 5), (h - 5, 4), (h - 5, w - 5))]


def assert_quarters(pixels: np.ndarray, tolerance: int = 12) -> None:
    assert pixels.dtype == np.uint8
    assert pixels.shape == (32, 48, 3)
    assert np.abs(np.array(corners(pixels)) - np.array([RED, GREEN, BLUE, WHITE])).max() <= tolerance


# how the stored picture must lie so that a viewer who obeys the tag sees `quarters`
STORED = {
    1: lambda im: im,
    2: lambda im: im.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda im: im.transpose(Image.Transpose.ROTATE_180),
    4: lambda im: im.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda im: im.transpose(Image.Transpose.TRANSPOSE),
    6: lambda im: im.transpose(Image.Transpose.ROTATE_90),
    7: lambda im: im.transpose(Image.Transpose.TRANSVERSE),
    8: lambda im: im.transpose(Image.Transpose.ROTATE_270),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_comes_out_upright(orientation: int, format: str) -> None:
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = STORED[orientation](quarters())
    options: dict[str, object] = {"quality": 95, "subsampling": 0} if format in ("JPEG", "AVIF") else {}
    if format == "AVIF":
        options["subsampling"] = "4:4:4"
    if format == "WEBP":
        options = {"lossless": True}
    decoded = decode(saved(stored, format, exif=exif, **options), max_pixels=LIMIT)
    assert (decoded.width, decoded.height) == (48, 32)
    assert_quarters(decoded.pixels)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_nonsense_orientation_changes_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_quarters(decode(saved(quarters(), "JPEG", quality=95, exif=exif), max_pixels=LIMIT).pixels)


def sixteen_bit_grey() -> bytes:
    values = np.linspace(0, 65535, 48 * 32).reshape(32, 48).astype(np.uint16)
    return saved(Image.fromarray(values), "PNG")


def test_sixteen_bit_grey_keeps_its_range() -> None:
    pixels = decode(sixteen_bit_grey(), max_pixels=LIMIT).pixels
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[-1, -1].tolist() == [255, 255, 255]
    assert 120 <= pixels[16, 0, 0] <= 135


def test_sixteen_bit_colour() -> None:
    eight = np.asarray(quarters())
    rows = b"".join(b"\0" + (row.astype(">u2") * 257).astype(">u2").tobytes() for row in eight)
    assert_quarters(decode(png(48, 32, 16, 2, rows), max_pixels=LIMIT).pixels, tolerance=0)


def test_sixteen_bit_tiff_and_floats() -> None:
    ramp = np.tile(np.linspace(0, 1, 48), (32, 1))
    for values in ((ramp * 65535).astype(np.uint16), ramp.astype(np.float32), (ramp * 65535).astype(np.int32)):
        pixels = decode(saved(Image.fromarray(values), "TIFF"), max_pixels=LIMIT).pixels
        assert pixels[0, 0, 0] == 0
        assert pixels[0, -1, 0] >= 254


def test_alpha_lies_over_white() -> None:
    picture = quarters().convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    for format in ("PNG", "WEBP", "TIFF"):
        assert (decode(saved(picture, format), max_pixels=LIMIT).pixels == 255).all(), format
    picture.putalpha(Image.new("L", picture.size, 128))
    half = decode(saved(picture, "PNG"), max_pixels=LIMIT).pixels[4, 4]
    assert np.abs(half.astype(int) - (np.array(RED) * 128 + 255 * 127) // 255).max() <= 2


def test_palette_with_a_transparent_colour() -> None:
    picture = quarters().quantize(4)
    see_through = picture.getpixel((4, 4))
    for format in ("PNG", "GIF"):
        pixels = decode(saved(picture, format, transparency=see_through), max_pixels=LIMIT).pixels
        assert pixels[4, 4].tolist() == [255, 255, 255]
        assert np.abs(pixels[4, -5].astype(int) - np.array(GREEN)).max() <= 2


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "YCbCr"])
def test_other_colour_modes(mode: str) -> None:
    data = saved(quarters().convert(mode), "TIFF" if mode in ("CMYK", "YCbCr") else "PNG")
    pixels = decode(data, max_pixels=LIMIT).pixels
    assert pixels.shape == (32, 48, 3)
    if mode in ("CMYK", "YCbCr", "P"):
        assert np.abs(pixels[-5, 4].astype(int) - np.array(BLUE)).max() <= 40


def test_cmyk_jpeg_is_not_inverted() -> None:
    pixels = decode(saved(quarters().convert("CMYK"), "JPEG", quality=95), max_pixels=LIMIT).pixels
    assert_quarters(pixels, tolerance=16)


def test_grey_and_progressive_jpeg() -> None:
    assert (decode(saved(Image.new("L", (48, 32), 77), "JPEG"), max_pixels=LIMIT).pixels // 2 == 38).all()
    assert_quarters(decode(saved(quarters(), "JPEG", quality=95, progressive=True), max_pixels=LIMIT).pixels)


def test_another_colour_space_becomes_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.createProfile("sRGB")
    stored = ImageCms.profileToProfile(quarters(), srgb, lab, outputMode="LAB")
    assert stored is not None
    assert_quarters(decode(saved(stored, "TIFF"), max_pixels=LIMIT).pixels, tolerance=12)


@pytest.mark.parametrize("profile", [b"garbage", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_a_profile_that_does_not_fit_is_passed_over(profile: bytes) -> None:
    data = saved(quarters(), "JPEG", quality=95, icc_profile=profile)
    assert_quarters(decode(data, max_pixels=LIMIT).pixels)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(format: str) -> None:
    frames = [Image.new("RGB", (48, 32), colour) for colour in (GREEN, RED)]
    data = saved(quarters(), format, save_all=True, append_images=frames, duration=50, loop=0, lossless=True)
    assert_quarters(decode(data, max_pixels=LIMIT).pixels)


@pytest.mark.parametrize(
    ("format", "expected"), [("JPEG2000", "jp2"), ("BMP", "bmp"), ("GIF", "gif"), ("AVIF", "avif")]
)
def test_types_by_content(format: str, expected: str) -> None:
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    data = saved(quarters(), format)
    assert sniff(data) == expected
    decoded = decode(data, max_pixels=LIMIT)
    assert decoded.format == expected
    assert_quarters(decoded.pixels, tolerance=30)
    assert content_type(expected).startswith("image/")


def test_a_bare_jpeg2000_codestream() -> None:
    assert decode(saved(quarters(), "JPEG2000", no_jp2=True), max_pixels=LIMIT).format == "jp2"


def test_camera_notes() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "SONY\0", "ILCE-7M3"
    detail, gps = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    detail[0x9003], detail[0x9011] = "2023:06:01 12:30:05", "+08:00"
    gps[1], gps[2], gps[3], gps[4] = "S", (33.0, 52.0, 4.5), "E", (151.0, 12.0, 36.0)
    decoded = decode(saved(quarters(), "JPEG", exif=exif), max_pixels=LIMIT)
    assert decoded.camera == "SONY ILCE-7M3"
    assert decoded.taken_at is not None
    assert decoded.taken_at.isoformat() == "2023-06-01T12:30:05+08:00"
    assert decoded.location is not None
    assert (decoded.location.lat, decoded.location.lon) == pytest.approx((-33.86792, 151.21), abs=1e-5)


@pytest.mark.parametrize("date", ["0000:00:00 00:00:00", "2023:13:45 99:00:00", "", "yesterday", "    :  :     :  :  "])
def test_garbage_notes_read_as_nothing_said(date: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = date
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (IFDRational(0, 0), 0.0, 0.0), "E", (999.0, 0.0, 0.0)
    decoded = decode(saved(quarters(), "JPEG", exif=exif), max_pixels=LIMIT)
    assert (decoded.taken_at, decoded.camera, decoded.location) == (None, None, None)


def test_crop_pads_clips_and_copies() -> None:
    pixels = np.arange(20 * 30 * 3, dtype=np.uint32).astype(np.uint8).reshape(20, 30, 3)
    assert np.array_equal(crop(pixels, Box(2, 3, 12, 9)), pixels[3:9, 2:12])
    assert crop(pixels, Box(10, 10, 20, 14), padding=0.5).shape == (8, 20, 3)
    assert crop(pixels, Box(-5, -5, 5, 5)).shape == (5, 5, 3)
    assert crop(pixels, Box(3.2, 3.2, 3.4, 3.4)).shape == (1, 1, 3)
    copied = crop(pixels, Box(0, 0, 30, 20))
    assert copied.base is None
    for bad in (Box(5, 5, 5, 9), Box(40, 3, 50, 9)):
        with pytest.raises(BadBox):
            crop(pixels, bad)


def test_every_type_has_a_media_type() -> None:
    assert {content_type(name) for name in FORMATS} >= {"image/jpeg", "image/png", "image/webp"}
