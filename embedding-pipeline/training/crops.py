"""Training crops: one thing in one style, changed in look, on some background, as a detector would cut it out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from embedding_pipeline.domain import Pixels
from embedding_pipeline.samples.artwork import Sprite

Floats = npt.NDArray[np.float32]
SIDE = 64
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def place(rng: np.random.Generator, sprite: Sprite, *, plain: bool = False) -> Floats:
    """The sprite turned, scaled, moved and squeezed into a crop: premultiplied RGBA 0..1 of (SIDE, SIDE, 4)."""
    height, width = sprite.shape[:2]
    turn = rng.uniform(-15, 15) if plain or rng.random() < 0.8 else rng.uniform(-75, 75)
    turn = np.deg2rad(turn)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if not plain:
        rotation = rotation @ np.array([[1, rng.uniform(-0.15, 0.15)], [rng.uniform(-0.1, 0.1), 1]])
        if rng.random() < 0.3:
            rotation = rotation @ np.diag([-1.0, 1.0])
    extent = np.abs(rotation) @ np.array([width, height])
    fill = rng.uniform(0.8, 1.0) if plain else rng.uniform(0.6, 1.12)
    kept = fill * SIDE / extent.max()
    squeezed = fill * SIDE / np.maximum(extent, extent.max() / 2)
    scale = kept + (squeezed - kept) * rng.random()
    matrix = np.diag(scale) @ rotation
    loose = 0.03 if plain else 0.09
    centre = SIDE / 2 + rng.uniform(-loose, loose, 2) * SIDE
    shift = centre - matrix @ np.array([width / 2, height / 2])
    affine = np.concatenate([matrix, shift[:, None]], 1)
    return cv2.warpAffine(sprite, affine, (SIDE, SIDE), flags=cv2.INTER_LINEAR).astype(np.float32) / np.float32(255)


def restyle(rng: np.random.Generator, layer: Floats) -> Floats:
    """Another look of the same drawing (premultiplied RGBA 0..1 of any size).

    Hue, grey, one tint, flat steps, outline, line drawing, shading, texture.
    """
    height, width = layer.shape[:2]
    alpha = layer[..., 3:]
    colour = layer[..., :3] / np.maximum(alpha, 1e-3)
    lot = rng.random()
    edges = _edges(colour, alpha) if rng.random() < 0.45 else None
    if lot < 0.13:
        colour = np.repeat((colour @ _GREY)[..., None], 3, 2)
        if rng.random() < 0.3:
            colour = 1 - colour
    elif lot < 0.22:
        colour = _tinted(rng, colour)
    elif lot < 0.5:
        colour = _hue_turned(rng, colour)
    if rng.random() < 0.2:
        steps = rng.uniform(2, 5)
        colour = np.round(colour * steps) / steps
    if rng.random() < 0.2:
        colour = colour + (1 - colour) * rng.uniform(0, 0.6) if rng.random() < 0.5 else colour * rng.uniform(0.5, 1)
    if rng.random() < 0.15:
        upright = rng.random() < 0.6
        ramp = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.9, 1.3), height if upright else width, dtype=np.float32)
        colour = colour * (ramp[:, None, None] if upright else ramp[None, :, None])
    if rng.random() < 0.1:
        grain = cv2.resize(rng.random((16, 16), dtype=np.float32), (width, height))
        colour = colour * (0.7 + 0.6 * grain[..., None])
    if edges is not None:
        colour, alpha = _with_edges(rng, colour, alpha, edges)
    if rng.random() < 0.3:
        colour, alpha = _outlined(rng, colour, alpha)
    colour = np.clip(colour, 0, 1)
    return np.concatenate([colour * alpha, alpha], 2).astype(np.float32)


def _edges(colour: Floats, alpha: Floats) -> Floats:
    grey = (colour @ _GREY) * alpha[..., 0]
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.clip(cv2.magnitude(across, down) * 1.6 - 0.35, 0, 1).astype(np.float32)[..., None]


def _with_edges(rng: np.random.Generator, colour: Floats, alpha: Floats, edges: Floats) -> tuple[Floats, Floats]:
    ink = rng.random(3, dtype=np.float32) * np.float32(0.25)
    if rng.random() < 0.25:  # a line drawing: the faces are pale, or not there at all
        pale = np.float32(rng.uniform(0.85, 1))
        drawn = pale + (ink - pale) * edges
        return drawn, alpha * np.maximum(edges, np.float32(rng.choice([0.0, 1.0])))
    return colour + (ink - colour) * edges * rng.uniform(0.5, 1), alpha


def _outlined(rng: np.random.Generator, colour: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    width = int(rng.integers(1, 3)) * 2 + 1
    wider = cv2.dilate(alpha[..., 0], np.ones((width, width), np.uint8))[..., None]
    ink = np.float32(1) if rng.random() < 0.15 else rng.random(3, dtype=np.float32) * np.float32(0.3)
    return ink + (colour - ink) * alpha, np.maximum(wider, alpha)


def _tinted(rng: np.random.Generator, colour: Floats) -> Floats:
    dark, light = rng.random(3, dtype=np.float32) * np.float32(0.5), np.float32(0.6) + rng.random(3, dtype=np.float32) * np.float32(0.4)
    return (dark + (light - dark) * (colour @ _GREY)[..., None]).astype(np.float32)


def _hue_turned(rng: np.random.Generator, colour: Floats) -> Floats:
    hsv = cv2.cvtColor(np.clip(colour, 0, 1).astype(np.float32), cv2.COLOR_RGB2HSV)
    turn = rng.uniform(-25, 25) if rng.random() < 0.5 else rng.uniform(0, 360)
    hsv[..., 0] = np.mod(hsv[..., 0] + turn, 360)
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.4, 1.4), 0, 1)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)


def compose(rng: np.random.Generator, layer: Floats, background: Pixels, beside: Floats | None) -> Floats:
    """The layer over a background, perhaps with a shadow and with another thing cutting into it; RGB 0..1."""
    picture = background.astype(np.float32) / np.float32(255)
    if beside is not None and rng.random() < 0.5:
        picture = _over(picture, _pushed_aside(rng, beside))
        beside = None
    if rng.random() < 0.3:
        dark = cv2.GaussianBlur(layer[..., 3], (0, 0), 2)[..., None] * np.float32(rng.uniform(0.2, 0.5))
        picture = picture * (1 - np.roll(dark, (int(rng.integers(1, 6)), int(rng.integers(-4, 5))), (0, 1)))
    picture = _over(picture, layer)
    return picture if beside is None else _over(picture, _pushed_aside(rng, beside))


def _over(picture: Floats, layer: Floats) -> Floats:
    return (picture * (1 - layer[..., 3:]) + layer[..., :3]).astype(np.float32)


def _pushed_aside(rng: np.random.Generator, layer: Floats) -> Floats:
    side = SIDE * rng.uniform(0.55, 0.9)
    turn = rng.uniform(0, 2 * np.pi)
    move = np.array([[1, 0, side * np.cos(turn)], [0, 1, side * np.sin(turn)]])
    return cv2.warpAffine(layer, move, (SIDE, SIDE)).astype(np.float32)


def disturb(rng: np.random.Generator, picture: Floats) -> Pixels:
    """Camera and file: coarser pixels, blur, brightness, contrast, noise; ``uint8`` RGB."""
    if rng.random() < 0.35:
        small = int(rng.integers(22, 56))
        picture = cv2.resize(cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA), (SIDE, SIDE))
    elif rng.random() < 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 1.3))
    if rng.random() < 0.4:
        picture = (picture - 0.5) * rng.uniform(0.7, 1.25) + 0.5 + rng.uniform(-0.12, 0.12)
    if rng.random() < 0.15:
        picture = picture + rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(rng.uniform(0.01, 0.06))
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def colours_of(layer: Floats) -> int:
    """Bits of COLOURS that cover at least a third of the drawing."""
    solid = layer[..., 3] > 0.6
    if int(solid.sum()) < 40:
        return 0
    rgb = np.clip(layer[solid][:, :3] / layer[solid][:, 3:], 0, 1).astype(np.float32)
    hue, saturation, value = cv2.cvtColor(rgb[None], cv2.COLOR_RGB2HSV)[0].T
    kind = np.select(
        [
            value < 0.22,
            (saturation < 0.14) & (value > 0.82),
            saturation < 0.14,
            (hue < 45) & (value < 0.62) & (hue > 8),
            (hue < 14) | (hue >= 345),
            hue < 40,
            hue < 68,
            hue < 170,
            hue < 255,
            hue < 295,
        ],
        [8, 9, 10, 7, 0, 1, 2, 3, 4, 5],
        default=6,
    )
    share = np.bincount(kind, minlength=len(COLOURS)) / kind.size
    return int(sum(1 << i for i, s in enumerate(share) if s >= 0.34))
