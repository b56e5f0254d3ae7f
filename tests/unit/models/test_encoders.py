"""Preprocessing against the plain way of doing it, and word pieces against their rules."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from boxlens.domain.errors import BadInput
from boxlens.models import image_encoder
from boxlens.models.image_encoder import Preprocess, unit
from boxlens.models.text_encoder import WordPieces


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(width * 1000 + height).integers(0, 255, (height, width, 3)).astype(np.uint8)


@settings(deadline=None, max_examples=60)
@given(st.integers(3, 300), st.integers(3, 300), st.sampled_from([1.0, 0.9, 0.875]))
def test_centre_is_resize_then_cut(width: int, height: int, crop_pct: float) -> None:
    """What timm and torchvision do: shorter side to size / crop_pct, then the middle."""
    picture = noise(width, height) // 4 + 96  # no overshoot is cut off, so the order of Pillow's passes does not matter
    short = math.floor(32 / crop_pct)
    tall = (short, int(short * height / width))
    whole = tall if width <= height else (int(short * width / height), short)
    left, top = round((whole[0] - 32) / 2), round((whole[1] - 32) / 2)
    resized = Image.fromarray(picture).resize(whole, Image.Resampling.BICUBIC)
    expected = np.asarray(resized.crop((left, top, left + 32, top + 32)), np.int16)
    prepared = Preprocess(size=(32, 32), fit="centre", crop_pct=crop_pct).resized(picture)
    assert np.abs(prepared - expected).max() <= 2  # each of the two passes rounds once, and their order may differ


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "lanczos", "area"])
def test_squash_is_a_plain_resize(interpolation: str) -> None:
    picture = noise(70, 50)
    prepared = Preprocess(size=(16, 24), interpolation=interpolation).resized(picture)
    assert prepared.shape == (16, 24, 3)
    if interpolation == "bicubic":
        expected = Image.fromarray(picture).resize((24, 16), Image.Resampling.BICUBIC)
        assert np.array_equal(prepared, np.asarray(expected))
    assert np.abs(prepared.mean() - picture.mean()) < 5


def test_numbers_layout_and_dtype() -> None:
    picture = np.full((9, 9, 3), (255, 0, 51), np.uint8)
    mean, std = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)
    prepared = Preprocess(size=(4, 6), mean=mean, std=std).batch([picture, picture])
    assert prepared.shape == (2, 3, 4, 6)
    assert prepared.dtype == np.float32
    expected = [(v / 255 - m) / s for v, m, s in zip((255, 0, 51), mean, std, strict=True)]
    assert prepared[1, :, 0, 0] == pytest.approx(expected, abs=1e-5)
    last = Preprocess(size=(4, 6), mean=mean, std=std, layout="nhwc").batch([picture])
    assert np.allclose(last.transpose(0, 3, 1, 2), prepared[:1])
    raw = Preprocess(size=(4, 6), layout="nhwc", dtype="uint8").batch([picture])
    assert raw.dtype == np.uint8
    assert raw[0, 0, 0].tolist() == [255, 0, 51]


@pytest.mark.parametrize("fit", ["squash", "centre"])
@pytest.mark.parametrize("interpolation", ["bicubic", "area"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_thin_and_tiny_crops_go_through(shape: tuple[int, int], interpolation: str, fit: str) -> None:
    prepared = Preprocess(size=(32, 32), fit=fit, interpolation=interpolation).resized(
        np.full((*shape, 3), 90, np.uint8)
    )
    assert prepared.shape == (32, 32, 3)
    assert (prepared == 90).all()


def test_vectors_must_be_numbers_of_the_right_count() -> None:
    rows = unit(np.array([[3, 4], [0, 2]], np.float32), 2, "vit")
    assert rows.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 1]]
    for bad in ([[np.nan, 1.0]], [[0.0, 0.0]], [[np.inf, 1.0]]):
        with pytest.raises(BadInput, match="no vector"):
            unit(np.array(bad, np.float32), 2, "vit")


PIECES = "[PAD] [UNK] [CLS] [SEP] 狗 红 色 dog ##s cafe ! 的 , ( [ sep ]"
VOCABULARY = PIECES.split(" ")


@pytest.fixture
def pieces(tmp_path: Path) -> WordPieces:
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    return WordPieces(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("红色狗", "红 色 狗"),
        ("Dogs DOG", "dog ##s dog"),
        ("Café的dog!", "cafe 的 dog !"),
        ("dog,dog(狗", "dog , dog ( 狗"),
        ("zebra 狗", "[UNK] 狗"),
        ("do\u200bg\x00\x07s\ufffd", "dog ##s"),
        ("狗\u3000红\t色\n", "狗 红 色"),
        ("😀狗", "[UNK] 狗"),
        ("[SEP]", "[ sep ]"),
        ("x" * 201, "[UNK]"),
        ("", ""),
        (" \n\t", ""),
    ],
)
def test_word_pieces(pieces: WordPieces, text: str, expected: str) -> None:
    numbers = [2, *(VOCABULARY.index(piece) for piece in expected.split()), 3]
    token_ids = pieces([text])
    assert token_ids.shape == (1, 52)
    assert token_ids.dtype == np.int64
    assert token_ids[0].tolist() == numbers + [0] * (52 - len(numbers))


def test_long_texts_are_cut_and_closed(pieces: WordPieces) -> None:
    token_ids = pieces(["狗" * 200, "狗"])
    assert token_ids[0].tolist() == [2, *[4] * 50, 3]
    assert token_ids[1, :3].tolist() == [2, 4, 3]


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "lanczos", "area"])
@pytest.mark.parametrize(("fit", "crop_pct"), [("squash", 1.0), ("centre", 0.9)])
def test_a_large_picture_is_resized_in_bands(
    interpolation: str, fit: str, crop_pct: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    preprocess = Preprocess(size=(32, 32), interpolation=interpolation, fit=fit, crop_pct=crop_pct)
    for large in (noise(301, 211), noise(90, 400), noise(400, 90), noise(32, 300)[:, 1:]):
        picture = large // 4 + 96  # no overshoot is cut off, so the order of Pillow's passes hardly matters
        whole = preprocess.resized(picture)
        with monkeypatch.context() as patch:
            patch.setattr(image_encoder, "_BAND_PIXELS", 700)
            banded = preprocess.resized(picture)
        # Pillow begins with the columns of a tall picture, and each of the two passes rounds once
        assert np.abs(banded.astype(np.int16) - whole).max() <= (0 if picture.shape[1] >= picture.shape[0] else 2)
