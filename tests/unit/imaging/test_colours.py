"""Crops of known colours get the names a person would give them."""

from __future__ import annotations

import numpy as np
import pytest

from boxlens.imaging.colours import COLOURS, dominant_colours


def plain(colour: str, height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((height, width, 3), list(bytes.fromhex(colour)), np.uint8)


# CSS named colours and everyday objects, none of them a reference value
KNOWN = {
    "ff0000": "red",
    "b22222": "red",
    "dc143c": "red",
    "8b0000": "red",
    "ffa500": "orange",
    "ff8c00": "orange",
    "ffff00": "yellow",
    "ffd700": "yellow",
    "008000": "green",
    "228b22": "green",
    "00ff00": "green",
    "556b2f": "green",
    "00ffff": "cyan",
    "40e0d0": "cyan",
    "008080": "cyan",
    "0000ff": "blue",
    "4169e1": "blue",
    "000080": "blue",
    "87ceeb": "blue",
    "800080": "purple",
    "8a2be2": "purple",
    "ffc0cb": "pink",
    "ff69b4": "pink",
    "ff1493": "pink",
    "8b4513": "brown",
    "a0522d": "brown",
    "d2b48c": "brown",
    "000000": "black",
    "0a0a0a": "black",
    "ffffff": "white",
    "fafafa": "white",
    "808080": "grey",
    "c0c0c0": "grey",
    "505050": "grey",
}


@pytest.mark.parametrize(("colour", "name"), KNOWN.items(), ids=[f"{n}-{c}" for c, n in KNOWN.items()])
def test_known_colours(colour: str, name: str) -> None:
    assert dominant_colours(plain(colour)) == (name,)


def test_shares_decide_order_and_presence() -> None:
    pixels = plain("ff0000", 100, 100)
    pixels[:, 60:] = (0, 0, 255)
    pixels[:, 95:] = (0, 255, 0)
    assert dominant_colours(pixels) == ("red", "blue")
    assert dominant_colours(pixels, most=1) == ("red",)


def test_stripes_are_not_averaged() -> None:
    pixels = plain("000000", 96, 96)
    pixels[::2] = 255
    assert set(dominant_colours(pixels)) == {"black", "white"}


def test_the_corners_of_a_box_do_not_count() -> None:
    pixels = plain("00ff00", 200, 200)
    y, x = np.ogrid[-1:1:200j, -1:1:200j]
    pixels[y**2 + x**2 <= 1] = (255, 0, 0)
    assert dominant_colours(pixels) == ("red",)


def test_a_colour_comes_before_the_grey_of_windows_and_shade() -> None:
    """A red car: half of its middle is glass and shade, around it is road."""
    pixels = plain("808080", 100, 200)
    pixels[20:80, 20:180] = (200, 20, 20)
    pixels[30:52, 40:160] = (90, 92, 95)
    assert dominant_colours(pixels)[0] == "red"
    assert dominant_colours(plain("808080")) == ("grey",)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2), (3000, 20)])
def test_any_shape_has_a_colour(shape: tuple[int, int]) -> None:
    assert dominant_colours(plain("0000ff", *shape)) == ("blue",)


def test_no_name_stands_for_two_colours() -> None:
    names = [name for colour in COLOURS for name in (*colour.en, *colour.zh)]
    assert len(names) == len(set(names))
