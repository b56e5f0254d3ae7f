"""What is decoded is reckoned until it is dropped, and what is needed together is reserved together."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base
from tests.samples.pictures import NOISE, saved

from boxlens.domain.boxes import Box
from boxlens.imaging import decoding
from picture_decoding import (
    BudgetBusy,
    Damaged,
    MemoryBudget,
    Picture,
    PictureError,
    PictureTooLarge,
    Raster,
    decode,
    decode_all,
    memory_together,
    process_budget,
)

LIMIT = 64_000_000
TURNED = Image.Exif()
TURNED[Base.Orientation] = 6
KINDS = {
    "png": saved(NOISE, "PNG"),
    "transparent": saved(NOISE.convert("RGBA"), "PNG"),
    "deep": saved(Image.new("I;16", (400, 300), 9000), "PNG"),
    "jpeg": saved(NOISE, "JPEG"),
    "turned": saved(NOISE, "JPEG", exif=TURNED),
    "webp": saved(NOISE, "WEBP"),
    "gif": saved(NOISE.convert("P"), "GIF"),
    "tiff": saved(NOISE, "TIFF"),
}


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """Nothing is to wait for the garbage collector."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_reckoned_until_its_last_part_is_dropped(kind: str) -> None:
    budget = MemoryBudget()
    decoded = decode(KINDS[kind], max_pixels=LIMIT, budget=budget)
    part = decoded.raster.pixels[10:20, 10:20]
    assert decoded.raster.pixels.nbytes <= budget.used <= decoded.picture.memory()
    del decoded
    assert budget.used >= 400 * 300 * 3
    del part
    assert budget.used == 0


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_over_white_and_their_parts_are_reckoned_too(kind: str) -> None:
    gc.collect()
    before = process_budget.used
    picture = decoding.decode(KINDS[kind], max_pixels=LIMIT)
    kept = decoding.part(picture.pixels, Box(0, 0, 9, 9))
    del picture
    assert process_budget.used >= before + 400 * 300 * 3
    del kept
    assert process_budget.used == before


def test_a_picture_that_is_refused_holds_nothing() -> None:
    budget = MemoryBudget()
    with pytest.raises(Damaged):
        decode(KINDS["png"][:-5000], max_pixels=LIMIT, budget=budget)
    assert budget.used == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lost", [0.02, 0.3])
def test_who_keeps_the_error_of_a_damaged_picture_keeps_none_of_its_pixels(kind: str, lost: float) -> None:
    data = KINDS[kind]
    gap = data[: int(len(data) * (0.9 - lost))] + data[int(len(data) * 0.9) :]
    for damaged in (data[: int(len(data) * (1 - lost))], gap):
        assert list(held_by(error_of_decoding(damaged))) == []


def error_of_decoding(data: bytes) -> PictureError | None:
    """What decoding raises; None where it raises nothing, or the header is refused before."""
    try:
        picture = Picture(data, max_pixels=LIMIT)
    except PictureError:
        return None
    try:
        picture.decode()
    except PictureError as error:
        return error
    return None


def held_by(error: BaseException | None) -> Iterator[str]:
    """The names of all pixels and pictures that an error, its causes and their traces keep."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            for name, value in frame.f_locals.items():
                if isinstance(value, (np.ndarray, Image.Image, Raster)):
                    yield f"{name} of {frame.f_code.co_name}"
        error = error.__cause__ or error.__context__


def test_pictures_that_do_not_fit_together_are_refused_and_not_waited_for() -> None:
    pictures = [Picture(KINDS["png"], max_pixels=LIMIT) for _ in range(3)]
    budget = MemoryBudget(memory_together(pictures) - 1)
    with pytest.raises(PictureTooLarge):
        decode_all(pictures, budget)
    assert budget.used == 0
    two = decode_all(pictures[:2], budget)
    assert budget.used == sum(raster.pixels.nbytes for raster in two)


def test_one_alone_may_take_all_and_several_leave_a_part_free() -> None:
    """What is made of pictures takes memory too, of each that is held."""
    budget = MemoryBudget(7000, wait_s=0.01)
    with budget.reserve(7000):
        assert budget.used == 7000
    with budget.reserve(3000), budget.reserve(3000):
        with pytest.raises(BudgetBusy):
            budget.reserve(1)
        assert budget.used == budget.together == 6000


def test_what_nobody_uses_any_more_is_found_when_memory_is_short() -> None:
    """An error and its trace hold one another, and the trace holds what the functions on its way held."""
    budget = MemoryBudget(Picture(KINDS["png"], max_pixels=LIMIT).memory() + 1000)

    def failing() -> None:
        held = decode(KINDS["png"], max_pixels=LIMIT, budget=budget)
        error = RuntimeError(f"{held.raster.pixels.shape}")
        raise error

    with pytest.raises(RuntimeError):
        failing()
    assert budget.used > 0
    decode(KINDS["png"], max_pixels=LIMIT, budget=budget)


def test_who_waits_in_vain_is_told_when_to_come_again() -> None:
    budget = MemoryBudget(Picture(KINDS["png"], max_pixels=LIMIT).memory() + 1000, wait_s=0.05)
    held = decode(KINDS["png"], max_pixels=LIMIT, budget=budget)
    with pytest.raises(BudgetBusy) as caught:
        decode(KINDS["png"], max_pixels=LIMIT, budget=budget)
    assert caught.value.retry_after_s >= 1
    assert held.raster.alpha is None
