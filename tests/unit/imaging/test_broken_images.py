"""Pictures that are odd, damaged, too large or none at all are read whole or refused by name, and nothing else."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.samples.pictures import png, quarters, saved
from tests.shared import DATA

from boxlens.domain.errors import BoxlensError, EmptyInput, TooLarge, UnreadablePicture, UnsupportedType
from boxlens.imaging.decoding import decode

# pytest turns every warning into an error; Boxlens passes over Pillow's remarks on damaged metadata
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

LIMIT = 64_000_000
ODD = DATA / "odd_files"


def test_odd_files_are_whole_or_refused_by_name() -> None:
    if not ODD.is_dir():
        pytest.skip(f"{ODD} is not there: set BOXLENS_SHARED_DATA")
    for path in sorted(ODD.iterdir()):
        if path.name == "LICENSE" or path.suffix == ".txt":
            with pytest.raises(UnsupportedType):
                decode(path.read_bytes(), max_pixels=LIMIT)
            continue
        decoded = decode(path.read_bytes(), max_pixels=LIMIT)
        with Image.open(path) as picture:
            assert (decoded.width, decoded.height) == picture.size, path.name
            reference = np.asarray(picture.convert("RGBA").convert("RGB"), np.int16)
        assert np.abs(decoded.pixels - reference).mean() < 2, path.name


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyInput),
        (b"\xff", UnsupportedType),
        (b"just words, no picture", UnsupportedType),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedType),
        (b"%PDF-1.7", UnsupportedType),
        (b"\xff\xd8\xff", UnreadablePicture),
        (b"\x89PNG\r\n\x1a\n", UnreadablePicture),
        (b"BM", UnreadablePicture),
        (b"RIFF\x10\0\0\0WEBPVP8 ", UnreadablePicture),
        (b"GIF89a", UnreadablePicture),
    ],
)
def test_what_is_no_picture(data: bytes, error: type[BoxlensError]) -> None:
    with pytest.raises(error) as caught:
        decode(data, max_pixels=LIMIT)
    assert caught.value.detail
    assert caught.value.hint


@pytest.mark.parametrize(("width", "height"), [(20_000, 10_000), (10_000, 9_500), (8_001, 8_000), (65_535, 65_535)])
def test_a_header_that_claims_too_much_is_refused_before_decoding(width: int, height: int) -> None:
    with pytest.raises(TooLarge):
        decode(png(width, height, 8, 2, b"\0" * 100), max_pixels=LIMIT)


def test_a_higher_limit_is_obeyed() -> None:
    rows = (b"\0" + b"\xff" * 1250) * 10_000  # one bit a pixel: 100 megapixels in a few bytes
    assert decode(png(10_000, 10_000, 1, 0, rows), max_pixels=100_000_000).width == 10_000


def test_too_many_bytes() -> None:
    with pytest.raises(TooLarge, match="at most 100"):
        decode(saved(quarters(), "PNG"), max_pixels=LIMIT, max_bytes=100)


OPTIONS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "WEBP": {"lossless": True},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "JPEG2000": {},
}
SAMPLES = {name: saved(quarters(), name, **options) for name, options in OPTIONS.items()}


@pytest.mark.parametrize("format", SAMPLES)
def test_a_truncated_picture_is_refused_and_never_half_grey(format: str) -> None:
    data = SAMPLES[format]
    whole = decode(data, max_pixels=LIMIT).pixels
    refused = 0
    for end in range(len(data) - 1, 1, -max(1, len(data) // 60)):
        try:
            decoded = decode(data[:end], max_pixels=LIMIT)
        except BoxlensError:
            refused += 1
            continue
        assert np.array_equal(decoded.pixels, whole), f"{format} cut at {end} of {len(data)}"
    assert refused >= 20


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_damage_never_gives_another_error(format: str, draw: st.DataObject) -> None:
    data = bytearray(SAMPLES[format])
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    end = draw.draw(st.integers(0, len(data)))
    with contextlib.suppress(BoxlensError):
        decoded = decode(bytes(data[: end or None]), max_pixels=1_000_000)
        assert decoded.pixels.shape == (decoded.height, decoded.width, 3)
        assert decoded.pixels.dtype == np.uint8


@given(st.binary(max_size=64))
def test_random_bytes_never_give_another_error(data: bytes) -> None:
    with pytest.raises(BoxlensError):
        decode(data, max_pixels=LIMIT)


@given(st.binary(max_size=200))
def test_any_bytes_as_exif_leave_the_picture_good(body: bytes) -> None:
    data = saved(quarters(), "JPEG", quality=95, exif=b"Exif\0\0II*\0\x08\0\0\0" + body)
    assert decode(data, max_pixels=LIMIT).pixels.size == 48 * 32 * 3
