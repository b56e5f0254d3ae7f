"""The dominant colours of a crop by name.

Names are the eleven basic colour terms of Berlin and Kay (1969) and cyan. Reference values are answers of the xkcd
colour survey (Munroe, 2010, CC0), a few shades for each name, so that dark red is still red. A pixel takes the name of
the nearest reference in OKLab (Ottosson, 2020), a space where distance is about as large as it looks.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from boxlens.domain.objects import LabelName
from boxlens.domain.pictures import Pixels

# the id that is stored, then names in both languages, best first
COLOURS: tuple[LabelName, ...] = (
    LabelName("black", ("black",), ("黑色", "黑")),
    LabelName("white", ("white",), ("白色", "白")),
    LabelName("grey", ("grey", "gray", "silver"), ("灰色", "灰", "银色")),
    LabelName("red", ("red", "crimson", "scarlet"), ("红色", "红", "大红")),
    LabelName("orange", ("orange",), ("橙色", "橘色", "橙", "橘黄色")),
    LabelName("yellow", ("yellow", "golden"), ("黄色", "黄", "金色")),
    LabelName("green", ("green",), ("绿色", "绿")),
    LabelName("cyan", ("cyan", "turquoise", "teal"), ("青色", "青", "青绿色")),
    LabelName("blue", ("blue", "navy"), ("蓝色", "蓝")),
    LabelName("purple", ("purple", "violet"), ("紫色", "紫")),
    LabelName("pink", ("pink", "magenta"), ("粉色", "粉红色", "粉红", "粉")),
    LabelName("brown", ("brown", "beige"), ("棕色", "褐色", "棕", "咖啡色")),
)
_SHADES = {
    "black": "000000 070d0d",
    "white": "ffffff f7f7f7",
    "grey": "929591 d8dcd6 363737 7d7f7c 59656d 978a84",
    "red": "e50000 840000 8f1402 ff474c be0119 ef4026",
    "orange": "f97306 c65102 fdaa48 e17701",
    "yellow": "ffff14 fffe7a d5b60a dbb40c ffc512",
    "green": "15b01a 96f97b 033500 6e750e 89fe05 06470c 3f9b0b 87ae73 4b5d16 c0fb2d",
    "cyan": "00ffff 06c2ac 029386 13eac9 0a888a acfffc 045c5a 90e4c1",
    "blue": "0343df 95d0fc 00035b 01153e 75bbfd 0504aa 6b8ba4 5a86ad 3b638c 155084",
    "purple": "7e1e9c bf77f6 35063e 9a0eea c79fef 380282 580f41",
    "pink": "ff81c0 ffd1df cb416b ff028d cb0162 fe7b7c d58a94 ed0dd9",
    "brown": "653700 ad8150 341c02 d1b26f 7f2b0a 8a6e45 a9561e e6daa6",
}
_IS_GREY = np.array([colour.id == "grey" for colour in COLOURS])
_SAMPLES = 48  # pixels looked at each way
_BITS = 3  # low bits of a channel that do not change a name


MIDDLE = 0.7
"""Share of a box's width and height that the ellipse in its middle spans: what is near the edges is mostly not the
thing that the box is about."""

GREY_WEIGHT = 0.25
"""Shade and glare make some of every thing grey: so much of it counts when colours are put in order."""


def dominant_colours(
    pixels: Pixels,
    *,
    most: int = 3,
    share: float = 0.15,
    middle: float = MIDDLE,
    grey_weight: float = GREY_WEIGHT,
) -> tuple[str, ...]:
    """Ids of COLOURS that cover at least ``share`` of what is looked at, the largest first, at most ``most``.

    ``pixels``: uint8 (h, w, 3) RGB, the box itself without a margin. Looked at is an ellipse in its middle, ``middle``
    of it wide and high. Grey comes before a colour only where there is so much more of it. Measured: docs/models.md.
    """
    height, width = pixels.shape[:2]
    ys = np.linspace(0, height - 1, min(height, _SAMPLES)).round().astype(np.intp)
    xs = np.linspace(0, width - 1, min(width, _SAMPLES)).round().astype(np.intp)
    # picked, not averaged: the mean of black and white stripes is a grey that is nowhere in the picture
    sampled = pixels[ys[:, None], xs[None, :]][_ellipse(len(ys), len(xs), middle)] >> _BITS
    names = _names()[sampled[:, 0], sampled[:, 1], sampled[:, 2]]
    counts = np.bincount(names, minlength=len(COLOURS))
    order = np.argsort(-counts * np.where(_IS_GREY, grey_weight, 1.0), kind="stable")[:most]
    return tuple(COLOURS[i].id for i in order if counts[i] >= share * len(names))


@lru_cache(maxsize=64)
def _ellipse(height: int, width: int, middle: float) -> npt.NDArray[np.bool_]:
    y = (np.arange(height) + 0.5) / height * 2 - 1
    x = (np.arange(width) + 0.5) / width * 2 - 1
    radius = max(middle, math.hypot(1 / height, 1 / width) + 1e-9)  # of few pixels too something is looked at
    return np.asarray(y[:, None] ** 2 + x[None, :] ** 2 <= radius**2)


@lru_cache(maxsize=1)
def _names() -> npt.NDArray[np.uint8]:
    """The index in COLOURS of every colour, channels shortened to 5 bits: (32, 32, 32)."""
    steps = (np.arange(256 >> _BITS) * 255 / ((256 >> _BITS) - 1)).astype(np.float64)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    space = _oklab(cube).reshape(-1, 3)
    nearest = np.full(len(space), np.inf)
    names = np.zeros(len(space), np.uint8)
    for index, colour in enumerate(COLOURS):
        for shade in _SHADES[colour.id].split():
            distance = ((space - _oklab(np.array(list(bytes.fromhex(shade)), np.float64))) ** 2).sum(axis=1)
            names[distance < nearest] = index
            nearest = np.minimum(nearest, distance)
    return names.reshape(cube.shape[:3])


def _oklab(rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sRGB 0..255 (..., 3) to OKLab; matrices of https://bottosson.github.io/posts/oklab/ (public domain)."""
    c = rgb / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(np.cbrt(linear @ to_lms.T) @ to_lab.T)
