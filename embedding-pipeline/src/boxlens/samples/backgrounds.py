"""Drawn backgrounds for sample scenes: skies, meadows, wooden tables, paper, tiles, cloth, walls, water, soft lights.

Every painter takes a random generator and a size and returns ``uint8`` RGB of shape (height, width, 3).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from boxlens.domain.pictures import Pixels

Floats = npt.NDArray[np.float32]
Painter = Callable[[np.random.Generator, int, int], Pixels]


def paint(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """A background of a kind drawn by lot."""
    painter = PAINTERS[int(rng.integers(len(PAINTERS)))]
    return painter(rng, height, width)


def cloud_noise(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 3) -> Floats:
    """Smooth noise 0..1 with features of about ``cell`` pixels and finer ones on top."""
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    for octave in range(octaves):
        step = max(2.0, cell / 2**octave)
        grid = rng.random((int(height / step) + 2, int(width / step) + 2), dtype=np.float32)
        total += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        weight /= 2
    low, high = total.min(), total.max()
    return np.asarray((total - low) / max(float(high - low), 1e-6), np.float32)


def _colour(rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> Floats:
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(*saturation), rng.uniform(*value)]]], np.float32)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255, np.float32)


def _mix(a: Floats, b: Floats, share: Floats) -> Floats:
    return (a + (b - a) * share[..., None]).astype(np.float32)


def _down(height: int, width: int) -> Floats:
    return np.broadcast_to(np.linspace(0, 1, height, dtype=np.float32)[:, None], (height, width))


def _finish(rng: np.random.Generator, picture: Floats, grain: float = 3.0) -> Pixels:
    speckle = rng.standard_normal(picture.shape[:2], dtype=np.float32)[..., None] * grain
    return np.clip(picture + speckle, 0, 255).astype(np.uint8)


def _gradient(rng: np.random.Generator, height: int, width: int) -> Pixels:
    a, b = _colour(rng, (0.1, 0.55), (0.6, 1.0)), _colour(rng, (0.1, 0.55), (0.6, 1.0))
    turn = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    along = x / width * np.cos(turn) + y / height * np.sin(turn)
    along = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    return _finish(rng, _mix(a, b, along.astype(np.float32)), 1.5)


def _sky(rng: np.random.Generator, height: int, width: int) -> Pixels:
    blue = np.array([90, 160, 230], np.float32) + rng.uniform(-25, 25, 3).astype(np.float32)
    pale = np.array([215, 232, 245], np.float32) + rng.uniform(-10, 10, 3).astype(np.float32)
    picture = _mix(blue, pale, _down(height, width))
    clouds = np.clip(cloud_noise(rng, height, width, width / 3, 4) * 2.4 - 1.3, 0, 0.9)
    picture = _mix(picture, np.full(3, 250, np.float32), clouds)
    if rng.random() < 0.6:
        picture = _meadow(rng, picture)
    return _finish(rng, picture, 2)


def _meadow(rng: np.random.Generator, sky: Floats) -> Floats:
    height, width = sky.shape[:2]
    near = np.array([70, 140, 60], np.float32) + rng.uniform(-25, 25, 3).astype(np.float32)
    far = near + np.array([50, 45, 40], np.float32)
    horizon = height * rng.uniform(0.45, 0.75)
    hill = horizon + rng.uniform(5, 25) * np.sin(np.linspace(0, rng.uniform(2, 6), width) + rng.uniform(0, 6))
    below = np.arange(height, dtype=np.float32)[:, None] - hill[None].astype(np.float32)
    grass = _mix(far, near, np.clip(below / (height * 0.5), 0, 1))
    grass = grass + (cloud_noise(rng, height, width, 6, 2)[..., None] - 0.5) * 40
    return _mix(sky, grass, np.clip(below, 0, 1)).astype(np.float32)


def _wood(rng: np.random.Generator, height: int, width: int) -> Pixels:
    dark = np.array([120, 78, 45], np.float32) * rng.uniform(0.7, 1.4)
    light = dark + np.array([60, 50, 38], np.float32)
    planks = int(rng.integers(3, 7))
    grain = cv2.resize(cloud_noise(rng, height, max(2, width // 16), 5, 3), (width, height))
    share = np.mod(grain * rng.uniform(2, 5), 1).astype(np.float32)
    picture = _mix(dark, light, share * 0.6 + 0.2)
    which = (np.arange(height) * planks // height).astype(np.int64)
    tone = rng.uniform(0.88, 1.1, planks + 1).astype(np.float32)
    picture *= tone[which][:, None, None]
    seams = np.flatnonzero(np.diff(which))
    picture[seams] *= 0.55
    picture = np.ascontiguousarray(picture.transpose(1, 0, 2)) if height == width and rng.random() < 0.4 else picture
    return _finish(rng, picture.astype(np.float32), 2)


def _paper(rng: np.random.Generator, height: int, width: int) -> Pixels:
    tone = np.array([246, 241, 228], np.float32) + rng.uniform(-12, 8, 3).astype(np.float32)
    picture = tone + (cloud_noise(rng, height, width, 40, 5)[..., None] - 0.5) * 14
    step = int(rng.integers(22, 40))
    ink = np.array([150, 180, 215], np.float32)
    kind = rng.random()
    if kind < 0.6:
        picture[step::step] = picture[step::step] * 0.35 + ink * 0.65
    if kind < 0.3:
        picture[:, step::step] = picture[:, step::step] * 0.35 + ink * 0.65
    return _finish(rng, picture.astype(np.float32), 2)


def _tiles(rng: np.random.Generator, height: int, width: int) -> Pixels:
    a = _colour(rng, (0.05, 0.35), (0.7, 0.98))
    b = a if rng.random() < 0.4 else _colour(rng, (0.05, 0.4), (0.6, 0.98))
    side = int(rng.integers(40, 110))
    y, x = np.mgrid[0:height, 0:width]
    shift = int(rng.integers(side))
    row, column = (y + shift) // side, (x + shift) // side
    picture = np.where(((row + column) % 2 == 0)[..., None], a, b).astype(np.float32)
    tone = rng.uniform(0.94, 1.05, (int(row.max()) + 1, int(column.max()) + 1)).astype(np.float32)
    picture *= tone[row, column][..., None]
    joint = ((y + shift) % side < 3) | ((x + shift) % side < 3)
    picture[joint] = picture[joint] * 0.3 + 210 * 0.7
    return _finish(rng, picture, 2)


def _cloth(rng: np.random.Generator, height: int, width: int) -> Pixels:
    colour, white = _colour(rng, (0.3, 0.75), (0.6, 0.95)), np.full(3, 248, np.float32)
    step = int(rng.integers(24, 70))
    across = (np.arange(width) // step % 2).astype(np.float32)[None]
    down = (np.arange(height) // step % 2).astype(np.float32)[:, None]
    checks = rng.random() < 0.6
    share = (across + down) / 2 if checks else np.broadcast_to(across, (height, width))
    weave = 1 + 0.03 * np.sin(np.arange(width) * 1.6)[None, :, None] * np.sin(np.arange(height) * 1.6)[:, None, None]
    return _finish(rng, (_mix(white, colour, share.astype(np.float32) * 0.75) * weave).astype(np.float32), 2)


def _wall(rng: np.random.Generator, height: int, width: int) -> Pixels:
    tone = _colour(rng, (0.05, 0.4), (0.65, 0.95))
    picture = tone * (0.9 + 0.14 * cloud_noise(rng, height, width, 60, 5)[..., None])
    floor = int(height * rng.uniform(0.6, 0.85))
    if rng.random() < 0.6:
        picture[floor:] = _wood(rng, height, width)[floor:]
        picture[floor - 7 : floor] = np.minimum(tone * 1.15, 250)
    return _finish(rng, picture.astype(np.float32), 2)


def _water(rng: np.random.Generator, height: int, width: int) -> Pixels:
    deep = np.array([40, 110, 150], np.float32) + rng.uniform(-20, 20, 3).astype(np.float32)
    light = np.array([130, 205, 220], np.float32)
    waves = cv2.resize(cloud_noise(rng, height, max(2, width // 4), 14, 3), (width, height))
    picture = _mix(deep, light, np.clip(waves * 1.6 - 0.4, 0, 1).astype(np.float32))
    return _finish(rng, picture, 2)


def _sand(rng: np.random.Generator, height: int, width: int) -> Pixels:
    tone = np.array([225, 200, 155], np.float32) + rng.uniform(-20, 15, 3).astype(np.float32)
    picture = tone * (0.88 + 0.2 * cloud_noise(rng, height, width, 90, 3)[..., None])
    return _finish(rng, picture.astype(np.float32), 9)


def _lights(rng: np.random.Generator, height: int, width: int) -> Pixels:
    base = _mix(_colour(rng, (0.3, 0.7), (0.15, 0.5)), _colour(rng, (0.3, 0.7), (0.2, 0.6)), _down(height, width))
    for _ in range(int(rng.integers(12, 30))):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        layer = base.copy()
        cv2.circle(
            layer, centre, int(rng.integers(8, 45)), _colour(rng, (0.2, 0.7), (0.7, 1.0)).tolist(), -1, cv2.LINE_AA
        )
        base = cv2.addWeighted(layer, 0.3, base, 0.7, 0).astype(np.float32)
    return _finish(rng, cv2.GaussianBlur(base, (0, 0), 2).astype(np.float32), 1.5)


def _dots(rng: np.random.Generator, height: int, width: int) -> Pixels:
    a, b = _colour(rng, (0.1, 0.5), (0.75, 1.0)), _colour(rng, (0.1, 0.5), (0.75, 1.0))
    step = int(rng.integers(28, 64))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x = x + (y // step % 2) * step / 2
    away = np.hypot(x % step - step / 2, y % step - step / 2)
    return _finish(rng, _mix(a, b, np.clip(step * 0.25 - away, 0, 1).astype(np.float32)), 1.5)


PAINTERS: tuple[Painter, ...] = (
    _gradient,
    _sky,
    _wood,
    _paper,
    _tiles,
    _cloth,
    _wall,
    _water,
    _sand,
    _lights,
    _dots,
)
