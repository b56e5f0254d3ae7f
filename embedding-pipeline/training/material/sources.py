"""What training pictures are made of: sprites of every style, photographs of scikit-image, and drawn backgrounds."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from boxlens.domain.pictures import Pixels
from boxlens.samples.artwork import STYLES, Artwork, Sprite, cache_folder
from boxlens.samples.backgrounds import paint
from boxlens.samples.names import things

LOG = logging.getLogger("training")
SPRITE_SIDE = 128
# of scikit-image's own photographs those without drawings of our things; public domain or CC0
PHOTOGRAPHS = [
    "astronaut.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "brick.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
]


class SpriteSource(Protocol):
    """What batches of crops are drawn from: styles by name, and of each thing its (style index, sprite) pairs."""

    @property
    def styles(self) -> tuple[str, ...]: ...

    def of(self, thing: int) -> list[tuple[int, Sprite]]: ...


class Sprites:
    """All sprites of some styles: ``of(thing)`` lists (style index, sprite) pairs; things by index in ``things()``."""

    def __init__(self, styles: tuple[str, ...]) -> None:
        self.styles = styles
        self._of: list[list[tuple[int, Sprite]]] = [[] for _ in things()]
        for number, style in enumerate(styles):
            for thing, sprite in _rendered(style).items():
                self._of[thing].append((number, sprite))

    def of(self, thing: int) -> list[tuple[int, Sprite]]:
        return self._of[thing]

    def in_style(self, style: str) -> dict[int, Sprite]:
        style_number = self.styles.index(style)
        return {t: s for t, pairs in enumerate(self._of) for number, s in pairs if number == style_number}


def _rendered(style: str) -> dict[int, Sprite]:
    """Sprites of one style by thing number, from the cache or drawn now."""
    cached = cache_folder() / "training" / f"{style}-{STYLES[style].version}-{SPRITE_SIDE}-{len(things())}.npz"
    if not cached.exists():
        LOG.info("drawing %s", style)
        art = Artwork(things(), tuple(STYLES), SPRITE_SIDE)
        drawn = {str(i): art.sprite(style, t.id) for i, t in enumerate(things()) if style in art.styles_of(t.id)}
        cached.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cached, **drawn)  # type: ignore[arg-type]
    with np.load(cached) as stored:
        return {int(name): stored[name] for name in stored.files if min(stored[name].shape[:2]) >= 8}


def photographs() -> list[Pixels]:
    """The photographs, RGB."""
    import skimage.data

    folder = Path(skimage.data.__file__).parent
    pictures = (cv2.imread(str(folder / name), cv2.IMREAD_COLOR) for name in PHOTOGRAPHS)
    return [cv2.cvtColor(p, cv2.COLOR_BGR2RGB).astype(np.uint8) for p in pictures if p is not None]


def backgrounds(rng: np.random.Generator, count: int, height: int, width: int, photo_share: float = 0.5) -> Pixels:
    """``uint8`` (count, height, width, 3): parts of photographs, drawn backgrounds and plain colours."""
    photos = photographs()
    made = np.empty((count, height, width, 3), np.uint8)
    for i in range(count):
        lot = rng.random()
        if lot < photo_share:
            made[i] = _photo_part(rng, photos[int(rng.integers(len(photos)))], height, width)
        elif lot < 0.92:
            made[i] = _drawn_part(rng, height, width)
        else:
            made[i] = (
                rng.integers(0, 256, 3, dtype=np.uint8) if rng.random() < 0.5 else np.uint8(rng.integers(230, 256))
            )
    return made


def _photo_part(rng: np.random.Generator, photo: Pixels, height: int, width: int) -> Pixels:
    share = rng.uniform(0.15, 1.0)
    h = max(24, int(photo.shape[0] * share))
    w = min(photo.shape[1], max(24, int(h * width / height)))
    y, x = int(rng.integers(photo.shape[0] - h + 1)), int(rng.integers(photo.shape[1] - w + 1))
    part = cv2.resize(photo[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    part = part[..., rng.permutation(3)] if rng.random() < 0.3 else part
    part = part.astype(np.float32) * rng.uniform(0.6, 1.3) + rng.uniform(-30, 40)
    lit: Pixels = np.clip(part, 0, 255).astype(np.uint8)
    return lit


def _drawn_part(rng: np.random.Generator, height: int, width: int) -> Pixels:
    if min(height, width) >= 200:
        return paint(rng, height, width)
    whole = paint(rng, 200, 260)
    h = int(rng.integers(40, 200))
    y, x = int(rng.integers(200 - h + 1)), int(rng.integers(260 - h + 1))
    part: Pixels = cv2.resize(whole[y : y + h, x : x + h], (width, height), interpolation=cv2.INTER_AREA).astype(
        np.uint8
    )
    return part
