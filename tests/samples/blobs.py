"""Drawings for tests of the training: ellipses in place of artwork, so that nothing is fetched."""

from __future__ import annotations

import numpy as np

from boxlens.samples.artwork import Sprite


def ellipse(height: int, width: int, colour: tuple[int, int, int] = (220, 40, 40)) -> Sprite:
    """An opaque ellipse, its lower right quarter missing."""
    y, x = np.mgrid[0:height, 0:width]
    inside = ((x + 0.5) / width * 2 - 1) ** 2 + ((y + 0.5) / height * 2 - 1) ** 2 <= 1
    inside &= (x < width // 2) | (y < height // 2)
    sprite = np.zeros((height, width, 4), np.uint8)
    sprite[inside] = (*colour, 255)
    return sprite


class Blobs:
    """Every thing as an ellipse of a shape of its own in three styles, the first of them a style of the demo."""

    styles = ("noto", "twemoji", "fxemoji")
    colours = ((220, 40, 40), (40, 60, 220), (240, 240, 240))

    def of(self, thing: int) -> list[tuple[int, Sprite]]:
        height, width = 16 + thing % 31, 16 + thing % 23
        return [(i, ellipse(height, width, colour)) for i, colour in enumerate(self.colours)]


PATCHES = np.random.default_rng(3).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
