"""Small drawn pictures in the place of photographs: things are blocks of one colour each, on a grey of many shades.

``CODES`` says which colour is which thing; the detector of ``tests.model_files.block_pack`` sees exactly these. Some
pictures bear the names, sizes and things of photographs that tests of the page speak of, the others are made up.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

Colour = tuple[int, int, int]

CODES: dict[str, tuple[Colour, ...]] = {
    "person": ((0, 0, 0), (255, 0, 0), (0, 0, 255), (0, 170, 0), (255, 85, 170)),
    "dog": ((85, 85, 0), (255, 170, 85)),
    "horse": ((85, 0, 0), (170, 85, 85), (85, 0, 85)),
    "car": ((0, 85, 255), (255, 255, 0)),
    "bear": ((170, 85, 0),),
    "cat": ((255, 170, 0),),
    "chair": ((85, 170, 0),),
    "cup": ((0, 85, 85),),
    "bird": ((170, 255, 0),),
    "bus": ((170, 0, 0),),
    "frisbee": ((255, 0, 255),),
    "elephant": ((85, 170, 255),),
    "fire hydrant": ((255, 85, 0),),
}
"""The RGB colours of a thing, one for each of its kind in a picture."""

Size = tuple[int, int]
NAMED: dict[str, tuple[Size, str]] = {
    "000000000285": ((586, 640), "bear"),
    "000000000790": ((640, 422), "dog, person, person, chair, cup"),
    "000000006723": ((640, 361), "car, bus"),
    "000000007281": ((640, 361), "horse, person, horse, person, person"),
    "000000078499": ((640, 428), "horse, horse, horse"),
    "000000196393": ((640, 480), "bird, cat"),
    "000000377575": ((426, 640), "dog, fire hydrant"),
    "000000442450": ((640, 425), "dog, person, frisbee"),
    "000000519208": ((640, 406), "person, elephant"),
}
MADE_UP = 54
_OTHERS = ("dog", "horse", "car", "cat", "chair", "cup", "bird", "bus", "elephant")


@cache
def drawn_folder() -> Path:
    """A folder of all the pictures as JPEG, made at the first call and taken away when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="boxlens-drawn-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    rng = np.random.default_rng(11)
    pictures = {name: (size, things.split(", ")) for name, (size, things) in NAMED.items()}
    for number in range(MADE_UP):
        size = (640, 480) if number % 3 else (480, 640)
        pictures[f"{900_000 + number:012}"] = (size, _made_up(number))
    for name, (size, things) in pictures.items():
        drawn(size, things, rng).save(folder / f"{name}.jpg", quality=92)
    return folder


def _made_up(number: int) -> list[str]:
    """Five pictures of six show people, one to three of them, and all but a few show another thing too."""
    people = ["person"] * (number % 3 + 1) if number % 6 else []
    other = [_OTHERS[number // 2 % len(_OTHERS)]] if number % 10 or not people else []
    return [*people, *other]


def drawn(size: Size, things: Sequence[str], rng: np.random.Generator) -> Image.Image:
    """A picture of ``size`` (width, height): each thing a block in a cell of its own, away from the edges."""
    width, height = size
    coarse = rng.integers(112, 144, (6, 8, 3), dtype=np.uint8)
    pixels = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).clip(108, 148)
    columns = min(len(things), 3 if width >= height else 2)
    rows = -(-len(things) // columns)
    cells = rng.permutation(columns * rows)
    for place, (thing, colour) in enumerate(_coloured(things, rng)):
        row, column = divmod(int(cells[place]), columns)
        cell_w, cell_h = width // columns, height // rows
        block_w, block_h = (
            int(side * share) for side, share in zip((cell_w, cell_h), rng.uniform(0.5, 0.8, 2), strict=True)
        )
        if thing == "person":
            block_w = max(48, block_w // 2)
        left = column * cell_w + 8 + int(rng.integers(0, cell_w - block_w - 15))
        top = row * cell_h + 8 + int(rng.integers(0, cell_h - block_h - 15))
        pixels[top : top + block_h, left : left + block_w] = colour
    return Image.fromarray(pixels)


def _coloured(things: Sequence[str], rng: np.random.Generator) -> list[tuple[str, Colour]]:
    """Each thing with a colour of its kind that no other in the picture has."""
    colours = {thing: list(rng.permutation(len(CODES[thing]))) for thing in dict.fromkeys(things)}
    return [(thing, CODES[thing][colours[thing].pop()]) for thing in things]
