"""The decoder that pipeline, queries and thumbnails share: formats and faults."""

from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.samples import heic_pictures
from tests.samples.pictures import BLUE, GREEN, NOISE, RED, png, quarters, saved
from tests.samples.raw_pictures import raw_file

from boxlens.imaging.decoding import decode as pipeline_decode
from minio_proxy.derived.pictures import Recipe, derive
from picture_decoding import (
    Damaged,
    EmptyFile,
    Picture,
    PictureError,
    PictureTooLarge,
    UnknownFormat,
    decode,
    sniff,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

LIMIT = 64_000_000
TIFF_BITS, TIFF_PHOTOMETRIC, TIFF_ROWS_PER_STRIP, TIFF_SAMPLE_FORMAT = 258, 262, 278, 339


def pixels_of(data: bytes) -> np.ndarray:
    return decode(data, max_pixels=LIMIT).raster.over_white()


def near(pixels: np.ndarray, expected: tuple[int, ...] | np.ndarray, tolerance: int = 25) -> bool:
    return bool(np.abs(pixels.astype(int) - np.array(expected)).max() <= tolerance)


@pytest.mark.parametrize("data", [heic_pictures.UPRIGHT, heic_pictures.TURNED])
def test_heic_is_read_upright(data: bytes) -> None:
    picture, raster = decode(data, max_pixels=LIMIT)
    assert (picture.format, picture.width, picture.height) == ("heic", 96, 64)
    assert near(raster.pixels[5, 5], RED)
    assert near(raster.pixels[5, -6], GREEN)
    assert near(raster.pixels[-6, 5], BLUE)
    assert picture.exif.get(0x0110) == "Camera"


@pytest.mark.parametrize(
    ("data", "error", "named"),
    [
        (b"", EmptyFile, "0 bytes"),
        (b"\xff\x0a" + bytes(100), UnknownFormat, "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), UnknownFormat, "JPEG XL"),
        (b"<!DOCTYPE html>", UnknownFormat, "known type"),
        (b"FUJIFILMCCD-RAW" + bytes(100), UnknownFormat, "RAF"),
        (b"IIRO\x08\0\0\0" + bytes(100), UnknownFormat, "ORF"),
        (b"IIU\0\x08\0\0\0" + bytes(100), UnknownFormat, "RW2"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100), UnknownFormat, "CR3"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500), Damaged, "heic"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(500), Damaged, "AV1"),
        (b"\xff\xd8\xff\xd9", Damaged, "frame"),
    ],
)
def test_what_is_refused_is_named(data: bytes, error: type[PictureError], named: str) -> None:
    with pytest.raises(error, match=named) as caught:
        decode(data, max_pixels=LIMIT)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("make", "dng", "format"),
    [(b"NIKON CORPORATION\0", False, "nef"), (b"SONY\0", False, "arw"), (b"Apple\0", True, "dng")],
)
def test_camera_raw_is_its_full_size_preview(make: bytes, dng: bool, format: str) -> None:
    data = raw_file((404, 304), saved(NOISE, "JPEG", quality=90), make, dng=dng)
    picture, raster = decode(data, max_pixels=LIMIT)
    assert (picture.format, picture.width, picture.height) == (format, 400, 300)
    assert np.array_equal(raster.pixels, pixels_of(saved(NOISE, "JPEG", quality=90)))


def test_camera_raw_is_turned_by_its_own_tag() -> None:
    data = raw_file((404, 304), saved(NOISE, "JPEG"), b"NIKON CORPORATION\0", dng=False, orientation=6)
    assert decode(data, max_pixels=LIMIT).raster.pixels.shape == (400, 300, 3)


@pytest.mark.parametrize("preview", [b"", saved(NOISE.resize((160, 120)), "JPEG")])
@pytest.mark.parametrize("dng", [False, True])
def test_camera_raw_is_never_its_thumbnail(preview: bytes, dng: bool) -> None:
    with pytest.raises(UnknownFormat, match="no full-size preview"):
        decode(raw_file((404, 304), preview, b"NIKON CORPORATION\0", dng=dng), max_pixels=LIMIT)


@pytest.mark.parametrize(
    ("kind", "values", "white"),
    [
        (np.uint16, (0, 4095), 255),
        (np.uint16, (0, 2048), 128),
        (np.uint16, (0, 1023), 255),
        (np.uint16, (0, 65535), 255),
        (np.int32, (0, 65535), 255),
        (np.int32, (-5, 1_000_000), 255),
        (np.float32, (0, 1), 255),
        (np.float32, (0, 0.5), 128),
        (np.float32, (0, 255), 255),
        (np.float32, (-3, 12), 255),
        (np.float32, (0, np.nan), 0),
        (np.float32, (0, np.inf), 0),
    ],
)
def test_deep_greys_by_their_true_range(kind: type, values: tuple[float, float], white: int) -> None:
    grey: np.ndarray = np.full((8, 8), values[0], kind)
    grey[:, 4:] = values[1]
    pixels = pixels_of(saved(Image.fromarray(grey), "TIFF"))
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert abs(int(pixels[0, 7, 0]) - white) <= 1


def with_tag(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF in which a tag of one number says another."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    entries = range(start + 2, start + 2 + 12 * count, 12)
    place = next(entry for entry in entries if struct.unpack_from("<H", data, entry) == (tag,))
    return data[: place + 8] + struct.pack("<I", value) + data[place + 12 :]


@pytest.mark.parametrize(("kind", "high"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_a_tiff_whose_zero_is_white_is_no_negative(kind: type, high: float) -> None:
    grey: np.ndarray = np.zeros((8, 8), kind)
    grey[:, 4:] = high
    pixels = pixels_of(with_tag(saved(Image.fromarray(grey), "TIFF"), TIFF_PHOTOMETRIC, 0))
    assert (pixels[0, 0, 0], pixels[0, 7, 0]) == (255, 0)


def test_integers_of_32_bits_may_have_no_sign() -> None:
    grey: np.ndarray = np.linspace(0, 2**32 - 1, 64).astype(np.uint32).reshape(8, 8)
    pixels = pixels_of(with_tag(saved(Image.fromarray(grey.view(np.int32)), "TIFF"), TIFF_SAMPLE_FORMAT, 1))
    assert (np.diff(pixels[..., 0].ravel().astype(int)) > 0).all()
    assert (pixels[0, 0, 0], pixels[7, 7, 0]) == (0, 255)


def test_a_tiff_of_other_samples_is_refused_by_name() -> None:
    data = with_tag(saved(Image.fromarray(np.zeros((8, 8), np.float32)), "TIFF"), TIFF_BITS, 64)
    with pytest.raises(UnknownFormat, match="1 x 64 bit floats"):
        Picture(data, max_pixels=LIMIT)


def test_a_tiff_that_lists_half_its_strips_is_refused() -> None:
    whole = saved(Image.fromarray(np.full((64, 8), 77, np.uint8)), "TIFF")
    with pytest.raises(Damaged, match="lacks a part"):
        Picture(with_tag(whole, TIFF_ROWS_PER_STRIP, 16), max_pixels=LIMIT)


def display_p3() -> bytes:
    """A matrix profile with the primaries of Display P3 and a gamma of 2.2 (ICC.1:2001)."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, 563) + b"\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 3) + b"P3\0" + bytes(79)
    tags = {b"desc": name, b"cprt": b"text\0\0\0\0x\0\0\0", b"wtpt": xyz(0.9642, 1, 0.8249)}
    tags |= {b"rXYZ": xyz(0.51512, 0.2412, -0.00105), b"gXYZ": xyz(0.29198, 0.69225, 0.04189)}
    tags |= {b"bXYZ": xyz(0.1571, 0.06657, 0.78407), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body = struct.pack(">I", len(tags)), b""
    for key, value in tags.items():
        table += key + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(value))
        body += value.ljust(-(-len(value) // 4) * 4, b"\0")
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    return head + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48) + table + body


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_display_p3_becomes_srgb(format: str, mode: str) -> None:
    if mode != "RGB" and format in ("JPEG", "AVIF"):
        mode = "RGB"
    picture = Image.new("RGB", (32, 32), (200, 90, 60))
    picture = picture.quantize(4) if mode == "P" else picture.convert(mode)
    options = {"quality": 98} if format in ("JPEG", "AVIF") else {"lossless": True} if format == "WEBP" else {}
    expected = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), (200, 90, 60)), io.BytesIO(display_p3()), ImageCms.createProfile("sRGB")
    )
    assert expected is not None
    pixel = pixels_of(saved(picture, format, icc_profile=display_p3(), **options))[16, 16]
    assert near(pixel, np.asarray(expected)[0, 0], 4)
    assert pixel[0] > 205, "as if there were no profile"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 7}])
def test_a_jpeg_that_lacks_its_end_mark_alone_is_whole(options: dict[str, int]) -> None:
    for picture in (NOISE, NOISE.convert("L"), NOISE.convert("CMYK"), quarters()):
        data = saved(picture, "JPEG", quality=92, **options)
        assert np.array_equal(pixels_of(data[:-2]), pixels_of(data))
        assert np.array_equal(pixels_of(data[:-1]), pixels_of(data))


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_a_half_jpeg_is_refused_with_an_end_mark_or_without(options: dict[str, int], end: bytes) -> None:
    data = saved(NOISE, "JPEG", quality=92, **options)
    for share in (0.3, 0.5, 0.7):
        if options and end and share > 0.5:
            continue  # scans of refinement missing before an end mark: as an encoder may mean it
        with pytest.raises(Damaged):
            decode(data[: int(len(data) * share)] + end, max_pixels=LIMIT)


def sized(data: bytes, width: int, height: int) -> bytes:
    """The same JPEG with another size in its header."""
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(8000, 8000), (400, 600), (4000, 3000)])
def test_a_jpeg_that_claims_more_than_it_holds_is_refused(progressive: bool, size: tuple[int, int]) -> None:
    data = sized(saved(NOISE, "JPEG", progressive=progressive), *size)
    with pytest.raises(PictureError):
        decode(data, max_pixels=LIMIT)


@pytest.mark.parametrize(("width", "height"), [(8000, 8000), (2**31 - 1, 2**31 - 1), (961, 640)])
def test_an_avif_that_claims_more_than_it_holds_is_refused(width: int, height: int) -> None:
    data = bytearray(saved(NOISE.resize((960, 640)), "AVIF"))
    at = data.find(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    with pytest.raises(PictureError):
        decode(bytes(data), max_pixels=LIMIT)


def test_an_avif_that_claims_less_is_reckoned_by_what_it_holds() -> None:
    data = bytearray(saved(Image.new("RGB", (3000, 2000)), "AVIF", speed=10))
    at = data.find(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", 64, 64)
    assert Picture(bytes(data), max_pixels=LIMIT).memory() > 3000 * 2000 * 16
    with pytest.raises(PictureTooLarge):
        Picture(bytes(data), max_pixels=1_000_000)


def test_a_png_that_claims_more_than_zlib_can_hold_is_refused() -> None:
    with pytest.raises(Damaged, match="does not hold"):
        decode(png(8000, 8000, 8, 2, b"\0" * 100), max_pixels=LIMIT)


def test_thousands_of_scans_are_refused_unread() -> None:
    data = saved(NOISE.convert("L"), "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    with pytest.raises(PictureTooLarge, match="scans"):
        Picture(data[:-2] + data[last:-2] * 5000 + b"\xff\xd9", max_pixels=LIMIT)


@pytest.mark.parametrize("seed", range(5))
def test_odd_exif_is_never_an_exception(seed: int) -> None:
    junk = random.Random(seed).randbytes(400)
    for body in (junk, b"II*\0\x08\0\0\0" + junk, b"MM\0*\0\0\0\x08" + junk, b"II*\0\xff\xff\xff\xff"):
        for format in ("JPEG", "PNG", "WEBP"):
            data = saved(
                quarters(), format, exif=b"Exif\0\0" + body, **({"lossless": True} if format == "WEBP" else {})
            )
            assert near(pixels_of(data)[16, 2], BLUE, 255)
            pipeline_decode(data, max_pixels=LIMIT)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "GIF"])
def test_pipeline_and_thumbnail_have_the_same_pixels(format: str) -> None:
    """A crop of all of a small picture is encoded once more; nothing else lies between the two."""
    data = saved(quarters(320, 240), format)
    made, _ = derive(data, Recipe(box=(0, 0, 320, 240)), LIMIT)
    with Image.open(io.BytesIO(made)) as thumbnail:
        difference = np.abs(np.asarray(thumbnail.convert("RGB"), int) - pipeline_decode(data, max_pixels=LIMIT).pixels)
    assert difference.mean() < 1.5


def test_heic_and_raw_have_thumbnails() -> None:
    for data in (heic_pictures.TURNED, raw_file((404, 304), saved(NOISE, "JPEG"), b"SONY\0", dng=False)):
        _, kind = derive(data, Recipe(width=80), LIMIT)
        assert kind == "image/jpeg"


def test_types_that_share_a_container() -> None:
    assert sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif") == "avif"
    assert sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf") == "heic"
    assert sniff(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom") is None
