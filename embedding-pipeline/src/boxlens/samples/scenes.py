"""Scenes: several things drawn on a background, with the box of what can be seen of each.

Everything follows from the random generator handed in, so the same seed gives the same scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boxlens.domain.boxes import Box
from boxlens.domain.pictures import Pixels
from boxlens.samples.artwork import Sprite

VISIBLE = 0.55  # at least this share of every thing stays in sight
SOLID = 64  # alpha 0..255 from which a pixel belongs to a thing
_TRIES = 12
_NOBODY = 255


@dataclass(frozen=True, slots=True)
class Chosen:
    """A thing to be drawn, in one style."""

    thing_id: str
    style: str
    sprite: Sprite


@dataclass(frozen=True, slots=True)
class SceneObject:
    """A drawn thing and the box, xyxy in whole pixels, of what can be seen of it."""

    thing_id: str
    style: str
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    picture: Pixels
    objects: tuple[SceneObject, ...]


def draw(
    rng: np.random.Generator,
    background: Pixels,
    chosen: Sequence[Chosen],
    *,
    sizes: tuple[float, float] = (0.11, 0.42),
) -> Scene:
    """Put the chosen things (at most 200) on a copy of the background.

    ``sizes`` bounds a thing's longer side as a share of the picture's shorter side; small ones are more frequent.
    Things are turned, mirrored, overlapped and cut off by the border; one that finds no place where it and all others
    stay in sight is left out.
    """
    canvas = _Canvas(background)
    side = min(background.shape[:2])
    for pick in sorted(chosen, key=lambda _: rng.random()):
        low, high = sizes
        length = side * low * (high / low) ** (rng.random() ** 0.9)
        layer = _turned(rng, pick.sprite, length)
        canvas.place(rng, pick, layer)
    return canvas.scene()


def _turned(rng: np.random.Generator, sprite: Sprite, length: float) -> Sprite:
    """The sprite scaled to ``length`` and turned, on a canvas just large enough."""
    height, width, _ = sprite.shape
    degrees = rng.normal(0, 12) if rng.random() < 0.8 else rng.uniform(-180, 180)
    radians = np.deg2rad(degrees)
    scale = length / max(height, width)
    matrix = scale * np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    if rng.random() < 0.3:
        matrix = matrix @ np.diag([-1.0, 1.0])
    extent = np.ceil(np.abs(matrix) @ np.array([width, height])).astype(int) + 2
    shift = extent / 2 - matrix @ np.array([width / 2, height / 2])
    # below half the size, bilinear sampling would skip pixels
    blurred = cv2.GaussianBlur(sprite, (0, 0), 0.35 / scale) if scale < 0.5 else sprite
    affine = np.concatenate([matrix, shift[:, None]], axis=1)
    return cv2.warpAffine(blurred, affine, (int(extent[0]), int(extent[1])), flags=cv2.INTER_LINEAR).astype(np.uint8)


class _Canvas:
    """The picture so far, and which thing each pixel shows."""

    def __init__(self, background: Pixels) -> None:
        self._picture = background.astype(np.float32)
        self._owner: npt.NDArray[np.uint8] = np.full(background.shape[:2], _NOBODY, np.uint8)
        self._whole: list[int] = []  # pixels each thing would show alone
        self._seen: list[int] = []
        self._picks: list[Chosen] = []

    def place(self, rng: np.random.Generator, pick: Chosen, layer: Sprite) -> None:
        height, width = self._owner.shape
        h, w, _ = layer.shape
        margin = 0.3 if rng.random() < 0.2 else 0.0  # how far it may hang over the border
        solid = layer[..., 3] >= SOLID
        whole = int(solid.sum())
        if whole < 30 or len(self._picks) >= _NOBODY - 1:
            return
        crowding = 0.02 if rng.random() < 0.6 else 0.35
        for _ in range(_TRIES):
            x = int(rng.integers(int(-w * margin), max(int(width - w * (1 - margin)), 0) + 1))
            y = int(rng.integers(int(-h * margin), max(int(height - h * (1 - margin)), 0) + 1))
            if self._fits(solid, whole, x, y, crowding):
                self._paint(rng, layer, x, y)
                self._picks.append(pick)
                self._whole.append(whole)
                return

    def _fits(self, solid: npt.NDArray[np.bool_], whole: int, x: int, y: int, crowding: float) -> bool:
        inside, part = self._window(x, y, solid.shape[0], solid.shape[1])
        mask = solid[part]
        seen = int(mask.sum())
        if seen < VISIBLE * whole:
            return False
        hidden = np.bincount(self._owner[inside][mask], minlength=_NOBODY + 1)[: len(self._seen)]
        if hidden.sum() > crowding * seen:
            return False
        left = np.array(self._seen, np.int64) - hidden
        if (left < VISIBLE * np.array(self._whole)).any():
            return False
        self._seen = [*map(int, left), seen]
        self._owner[inside][mask] = len(self._seen) - 1
        return True

    def _window(self, x: int, y: int, h: int, w: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Where a layer at (x, y) lies on the canvas, and the part of the layer that does."""
        height, width = self._owner.shape
        x1, y1, x2, y2 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        return (slice(y1, y2), slice(x1, x2)), (slice(y1 - y, y2 - y), slice(x1 - x, x2 - x))

    def _paint(self, rng: np.random.Generator, layer: Sprite, x: int, y: int) -> None:
        h, w, _ = layer.shape
        if rng.random() < 0.7:
            soft = max(h, w) * rng.uniform(0.02, 0.05)
            reach = int(soft * 3) + 1
            alpha = cv2.copyMakeBorder(layer[..., 3], reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
            dark = cv2.GaussianBlur(alpha, (0, 0), soft).astype(np.float32)[..., None] * (rng.uniform(0.2, 0.45) / 255)
            down = int(max(h, w) * rng.uniform(0.02, 0.06))
            inside, part = self._window(x - reach + down // 2, y - reach + down, h + 2 * reach, w + 2 * reach)
            self._picture[inside] *= 1 - dark[part]
        inside, part = self._window(x, y, h, w)
        piece = layer[part].astype(np.float32)
        under = self._picture[inside]
        self._picture[inside] = under * (1 - piece[..., 3:] / 255) + piece[..., :3]

    def scene(self) -> Scene:
        objects = []
        for number, pick in enumerate(self._picks):
            mine = self._owner == number
            rows, columns = np.flatnonzero(mine.any(1)), np.flatnonzero(mine.any(0))
            box = Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
            objects.append(SceneObject(pick.thing_id, pick.style, box))
        return Scene(np.clip(self._picture, 0, 255).astype(np.uint8), tuple(objects))
