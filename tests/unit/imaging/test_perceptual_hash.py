"""Which pictures look the same: those that were saved again, and no others."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import shared

from boxlens.domain.boxes import Box
from boxlens.domain.pictures import Pixels
from boxlens.imaging.decoding import decode
from boxlens.imaging.perceptual_hash import (
    MAX_BITS,
    bits_of,
    group_duplicates,
    is_duplicate,
    near_duplicates,
    picture_hash,
)
from boxlens.samples.backgrounds import paint


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def half(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def cut(pixels: Pixels) -> Pixels:
    """2 % off, one half of it on each side."""
    height, width = pixels.shape[:2]
    return pixels[height // 100 : height - height // 100, width // 100 : width - width // 100]


def brighter(pixels: Pixels) -> Pixels:
    return np.asarray(np.clip(pixels.astype(np.int32) + 25, 0, 255), np.uint8)


def darker(pixels: Pixels) -> Pixels:
    return (pixels * 0.8).astype(np.uint8)


@lru_cache(maxsize=1)
def photos() -> list[Pixels]:
    return [decode((shared.PHOTOS / name).read_bytes(), max_pixels=10**8).pixels for name in sorted(shared.manifest())]


CHANGES: list[Callable[[Pixels], Pixels]] = [lambda p: jpeg(p, 50), half, cut, brighter, darker]


def drawn() -> list[Pixels]:
    """Backgrounds with three dark blocks each, elsewhere in each."""
    pictures = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        picture = paint(rng, 240, 320)
        for x, y in zip(rng.integers(0, 260, 3), rng.integers(0, 180, 3), strict=True):
            picture[y : y + 60, x : x + 60] //= 3
        pictures.append(picture)
    return pictures


def test_the_text_is_short_and_the_same_each_time() -> None:
    picture = drawn()[0]
    assert picture_hash(picture) == picture_hash(picture.copy())
    assert len(picture_hash(picture)) == 98
    assert is_duplicate(picture_hash(picture), picture_hash(picture))


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 7)])
def test_pictures_of_every_shape_have_one(shape: tuple[int, int]) -> None:
    assert len(picture_hash(np.full((*shape, 3), 200, np.uint8))) == 98


@shared.needs_photos
@pytest.mark.parametrize("change", CHANGES)
def test_a_photo_saved_again_is_alike_and_another_never_is(change: Callable[[Pixels], Pixels]) -> None:
    pictures = photos()
    hashes = [picture_hash(picture) for picture in pictures]
    changed = [picture_hash(change(picture)) for picture in pictures]
    same = sum(is_duplicate(a, b) for a, b in zip(hashes, changed, strict=True))
    assert same >= 0.98 * len(pictures)
    assert not any(is_duplicate(a, b) for a, b in combinations(hashes, 2))
    assert not any(is_duplicate(a, b) for i, a in enumerate(hashes) for j, b in enumerate(changed) if i != j)


def test_colour_tells_what_brightness_cannot() -> None:
    def with_block(colour: tuple[int, int, int]) -> Pixels:
        picture = drawn()[1].copy()
        picture[60:180, 80:240] = colour
        return picture

    red, green = picture_hash(with_block((200, 60, 60))), picture_hash(with_block((50, 123, 50)))
    assert (int(red[:16], 16) ^ int(green[:16], 16)).bit_count() <= MAX_BITS
    assert not is_duplicate(red, green)


def test_one_thing_more_is_another_picture() -> None:
    """A dark thing on a tenth of the picture."""
    for picture in drawn():
        more = picture.copy()
        box = Box(200, 20, 290, 105)
        more[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)] //= 3
        assert not is_duplicate(picture_hash(picture), picture_hash(more))


def test_places_are_folded_into_the_first_they_look_like() -> None:
    first, other, third = drawn()[:3]
    pictures = [first, other, half(first), third, jpeg(first, 50), jpeg(other, 50)]
    hashes = [picture_hash(picture) for picture in pictures]
    assert group_duplicates(hashes) == [(0, [2, 4]), (1, [5]), (3, [])]
    assert group_duplicates(["", hashes[0], "", hashes[2], ""]) == [(0, []), (1, [3]), (2, []), (4, [])]
    assert group_duplicates([]) == []


@given(st.lists(st.integers(0, 5), max_size=40))
def test_folding_is_what_comparing_all_with_all_gives(which: list[int]) -> None:
    hashes = [POOL[n] for n in which]
    expected: list[tuple[int, list[int]]] = []
    for place, text in enumerate(hashes):
        home = next(
            (group for group in expected if text and hashes[group[0]] and is_duplicate(hashes[group[0]], text)), None
        )
        if home is None:
            expected.append((place, []))
        else:
            home[1].append(place)
    assert group_duplicates(hashes) == expected


@given(st.lists(st.integers(0, 5), max_size=20))
def test_suspects_are_those_that_have_a_near_one(which: list[int]) -> None:
    bits = [bits_of(POOL[n]) for n in which]
    near = [
        any(
            a is not None and b is not None and i != j and ((a ^ b) & (2**64 - 1)).bit_count() <= MAX_BITS
            for j, b in enumerate(bits)
        )
        for i, a in enumerate(bits)
    ]
    assert near_duplicates(bits) == [place for place, is_near in enumerate(near) if is_near]


def test_bits_are_even_and_signed() -> None:
    """Odd is what an index says where there are none."""
    assert bits_of("") is None
    assert all((bits_of(text) or 0) % 2 == 0 for text in POOL)
    assert bits_of("f" * 15 + "e" + "A" * 82) == -2


POOL = ["", *(picture_hash(p) for p in (drawn()[0], half(drawn()[0]), drawn()[1], jpeg(drawn()[1], 50), drawn()[2]))]
