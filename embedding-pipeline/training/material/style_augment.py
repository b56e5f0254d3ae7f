"""Another look for a drawing of a scene: the same changes that augment.py makes to whole batches of crops."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def style_augment(rng: np.random.Generator, layer: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Another look of the same drawing (premultiplied RGBA 0..1 of any size).

    Hue, grey, one tint, flat steps, outline, line drawing, shading, texture.
    """
    height, width = layer.shape[:2]
    alpha: Floats = layer[..., 3:]
    colour: Floats = layer[..., :3] / np.maximum(alpha, 1e-3)
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
    edges: Floats = np.clip(cv2.magnitude(across, down) * 1.6 - 0.35, 0, 1).astype(np.float32)[..., None]
    return edges


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
    dark, light = (
        rng.random(3, dtype=np.float32) * np.float32(0.5),
        np.float32(0.6) + rng.random(3, dtype=np.float32) * np.float32(0.4),
    )
    return (dark + (light - dark) * (colour @ _GREY)[..., None]).astype(np.float32)


def _hue_turned(rng: np.random.Generator, colour: Floats) -> Floats:
    hsv = cv2.cvtColor(np.clip(colour, 0, 1).astype(np.float32), cv2.COLOR_RGB2HSV)
    turn = rng.uniform(-25, 25) if rng.random() < 0.5 else rng.uniform(0, 360)
    hsv[..., 0] = np.mod(hsv[..., 0] + turn, 360)
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.4, 1.4), 0, 1)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)
