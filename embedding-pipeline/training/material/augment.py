"""Training crops, a whole batch at a time: sprites placed, changed in look, and laid over backgrounds, in torch.

On one slow core this is what makes training possible: a crop costs a tenth of a millisecond.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, conv2d, grid_sample, interpolate, max_pool2d, pad

from boxlens.samples.artwork import Sprite

SIDE = 32  # of a crop
BANK = 64  # of a kept sprite
DIRECTIONS = 64
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")
_LUMA = torch.tensor([0.299, 0.587, 0.114])
_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_FROM_YIQ = torch.linalg.inv(_TO_YIQ)
_SOBEL = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])


def banked(sprite: Sprite) -> np.ndarray:
    """A sprite scaled into the middle of a square: uint8 (4, BANK, BANK)."""
    scale = (BANK - 4) / max(sprite.shape[:2])
    width, height = (max(2, round(n * scale)) for n in (sprite.shape[1], sprite.shape[0]))
    small = cv2.resize(sprite, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    square = np.zeros((BANK, BANK, 4), np.uint8)
    y, x = (BANK - height) // 2, (BANK - width) // 2
    square[y : y + height, x : x + width] = small
    return square.transpose(2, 0, 1)


def outlines(bank: Tensor) -> Tensor:
    """How far each banked sprite reaches from the middle of its square in DIRECTIONS directions: (n, DIRECTIONS).

    In halves of the square; a pixel counts by its middle. This is the support function of the drawing, so the box of a
    drawing that is turned, sheared and scaled is known exactly, as scenes know it.
    """
    angles = torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)
    middles = (torch.arange(BANK) + 0.5) * 2 / BANK - 1
    reach = []
    for part in bank.split(256):
        solid = part[:, 3] > 64
        across = torch.where(solid, middles, torch.nan)
        ends = torch.stack(
            [across.nan_to_num(9).amin(2), across.nan_to_num(-9).amax(2)], 1
        )  # of each row: (n, 2, BANK)
        covered = solid.any(2)[:, None, :, None]
        along = ends[..., None] * angles.cos() + middles[:, None] * angles.sin()
        reach.append(torch.where(covered, along, -1.0).amax((1, 2)))
    return torch.cat(reach) + 1 / BANK


def bounds(reach: Tensor, turned: Tensor) -> tuple[Tensor, Tensor]:
    """Least and greatest x and y, each (n, 2), of drawings with these outlines after matrices (n, 2, 2)."""
    angle = torch.atan2(turned[:, :, 1], turned[:, :, 0]) * (DIRECTIONS / (2 * math.pi))
    length = turned.norm(dim=2)
    ahead, behind = ((angle + half).round().long() % DIRECTIONS for half in (0, DIRECTIONS // 2))
    return -reach.gather(1, behind) * length, reach.gather(1, ahead) * length


def uniform(n: int, low: float, high: float) -> Tensor:
    return torch.rand(n) * (high - low) + low


def chance(n: int, share: float) -> Tensor:
    return torch.rand(n) < share


def place(sprites: Tensor, reach: Tensor, *, plain: bool = False) -> Tensor:
    """uint8 sprites (n, 4, BANK, BANK) to layers: premultiplied RGBA 0..1 (n, 4, SIDE, SIDE).

    ``reach``: their outlines. A drawing is turned and its box squeezed to the crop, as the pack's preprocessing does;
    unless ``plain``, some are mirrored, sheared, turned all the way, off their box by as much as a detector is, or cut
    off by the border of the picture.
    """
    n = len(sprites)
    if n == 0:
        return torch.zeros(0, 4, SIDE, SIDE)
    turn = torch.randn(n) * math.radians(12)  # as scenes.py turns them
    if not plain:
        turn = torch.where(chance(n, 0.2), uniform(n, -math.pi, math.pi), turn)
    cos, sin = turn.cos(), turn.sin()
    turned = torch.stack([cos, -sin, sin, cos], 1).view(n, 2, 2)
    if not plain:
        ones, flip = torch.ones(n), torch.where(chance(n, 0.3), -1.0, 1.0)
        shear = torch.stack([ones, uniform(n, -0.12, 0.12), uniform(n, -0.08, 0.08), ones], 1).view(n, 2, 2)
        turned = turned @ shear * torch.stack([flip, ones], 1)[:, None]
    low, high = bounds(reach, turned)
    half = (high - low) / 2
    fill, shift = uniform(2 * n, 0.94, 1.04).view(n, 2), uniform(2 * n, -0.03, 0.03).view(n, 2)
    if not plain:
        fill, shift = uniform(2 * n, 0.84, 1.12).view(n, 2), uniform(2 * n, -0.1, 0.1).view(n, 2)
        gone = uniform(n, 0, 0.35) * chance(n, 0.2)
        cut = torch.nn.functional.one_hot(torch.randint(0, 2, (n,)), 2) * gone[:, None]
        shift = shift + torch.where(chance(n, 0.5), 1.0, -1.0)[:, None] * cut / (1 - cut)
        fill = fill / (1 - cut)
    scale = fill / torch.maximum(half, half.max(1, keepdim=True).values / 5)
    back = torch.linalg.inv(turned) @ torch.diag_embed(1 / scale)
    theta = torch.cat([back, -(back @ (shift - scale * (low + high) / 2)[:, :, None])], 2)
    grid = affine_grid(theta, [n, 4, SIDE, SIDE], align_corners=False)
    return grid_sample(sprites.float() / 255, grid, align_corners=False)


def style_augment(layer: Tensor) -> Tensor:
    """Another look: hue, grey, one tint, flat steps, shading, drawn edges, line drawing, outline."""
    n = len(layer)
    alpha = layer[:, 3:]
    colour = layer[:, :3] / alpha.clamp(min=1e-3)
    edges = _edges(colour, alpha)
    colour = _recoloured(colour)
    steps = torch.where(chance(n, 0.15), uniform(n, 2, 5), torch.full((n,), 255.0)).view(n, 1, 1, 1)
    colour = (colour * steps).round() / steps
    slope = torch.linspace(-1, 1, SIDE)
    ramp = (torch.randn(n, 1, 1) * slope[:, None] + torch.randn(n, 1, 1) * slope) * 0.2
    colour = colour * (1 + ramp * chance(n, 0.2).view(n, 1, 1))[:, None]
    ink = (torch.rand(n, 3) * 0.3).view(n, 3, 1, 1)
    strength = (uniform(n, 0.4, 1) * chance(n, 0.3)).view(n, 1, 1, 1)
    lines = chance(n, 0.08).view(n, 1, 1, 1)
    colour = torch.where(lines, uniform(n, 0.85, 1).view(n, 1, 1, 1), colour)
    strength = torch.where(lines, 1.0, strength)
    colour = colour + (ink - colour) * edges * strength
    see_through = lines & chance(n, 0.5).view(n, 1, 1, 1)
    alpha = torch.where(see_through, alpha * edges, alpha)
    wider = torch.where(chance(n, 0.35).view(n, 1, 1, 1), max_pool2d(alpha, 5, 1, 2), max_pool2d(alpha, 3, 1, 1))
    outlined = chance(n, 0.3).view(n, 1, 1, 1)
    colour = torch.where(outlined, ink + (colour - ink) * alpha, colour)
    alpha = torch.where(outlined, wider, alpha)
    return torch.cat([colour.clamp(0, 1) * alpha, alpha], 1)


def _edges(colour: Tensor, alpha: Tensor) -> Tensor:
    grey = torch.einsum("nchw,c->nhw", colour, _LUMA)[:, None] * alpha
    kernels = torch.stack([_SOBEL, _SOBEL.T])[:, None]
    slopes = conv2d(pad(grey, (1, 1, 1, 1)), kernels)
    return (slopes.square().sum(1, keepdim=True).sqrt() * 1.2 - 0.4).clamp(0, 1)


def _recoloured(colour: Tensor) -> Tensor:
    """By a matrix in YIQ: hue turned, saturation scaled (0: grey), or luma spread between two colours."""
    n = len(colour)
    slight, wild = torch.deg2rad(uniform(n, -20, 20)), uniform(n, 0, 2 * math.pi)
    turn = torch.where(chance(n, 0.35), slight, torch.zeros(n))
    turn = torch.where(chance(n, 0.18), wild, turn)
    saturation = torch.where(chance(n, 0.4), uniform(n, 0.4, 1.4), torch.ones(n))
    saturation = torch.where(chance(n, 0.12), torch.zeros(n), saturation)
    zero, ones = torch.zeros(n), torch.ones(n)
    cos, sin = turn.cos() * saturation, turn.sin() * saturation
    middle = torch.stack([ones, zero, zero, zero, cos, -sin, zero, sin, cos], 1).view(n, 3, 3)
    matrix = _FROM_YIQ @ middle @ _TO_YIQ
    dark, light = torch.rand(n, 3) * 0.5, 0.6 + torch.rand(n, 3) * 0.4
    swap = chance(n, 0.2)[:, None]
    dark, light = torch.where(swap, light, dark), torch.where(swap, dark, light)
    tinted = chance(n, 0.1)
    matrix = torch.where(tinted[:, None, None], (light - dark)[:, :, None] * _LUMA, matrix)
    bias = torch.where(tinted[:, None], dark, torch.zeros(n, 3))
    return (torch.einsum("nij,njhw->nihw", matrix, colour) + bias[:, :, None, None]).clamp(0, 1)


def compose(layer: Tensor, background: Tensor, *, plain: bool = False) -> Tensor:
    """Layers over uint8 backgrounds (n, 3, SIDE, SIDE), some with a shadow, some with another thing beside or over."""
    n = len(layer)
    picture = background.float() / 255
    if not plain:
        turn, away = uniform(n, 0, 2 * math.pi), uniform(n, 1.1, 1.7) * torch.where(chance(n, 0.3), 1.0, 9.0)
        move = torch.stack([away * turn.cos(), away * turn.sin()], 1)[:, :, None]
        theta = torch.cat([torch.eye(2).expand(n, 2, 2), move], 2)
        beside = grid_sample(
            layer.roll(1, 0), affine_grid(theta, list(layer.shape), align_corners=False), align_corners=False
        )
        over = chance(n, 0.4).view(n, 1, 1, 1)
        picture = _over(picture, beside * ~over)
        dark = avg_pool2d(layer[:, 3:], 5, 1, 2).roll((2, 1), (2, 3)) * uniform(n, 0, 0.5).view(n, 1, 1, 1)
        picture = picture * (1 - dark * chance(n, 0.6).view(n, 1, 1, 1))
        return _over(_over(picture, layer), beside * over)
    return _over(picture, layer)


def _over(picture: Tensor, layer: Tensor) -> Tensor:
    return picture * (1 - layer[:, 3:]) + layer[:, :3]


def disturb(picture: Tensor) -> Tensor:
    """Camera and file: coarse pixels, contrast, brightness, noise; 0..1."""
    n = len(picture)
    coarse = int(n * 0.12)
    if coarse:
        which = torch.randperm(n)[:coarse]
        small = interpolate(picture[which], size=int(torch.randint(14, 26, ())), mode="area")
        soft = interpolate(small, size=SIDE, mode="bilinear", align_corners=False)
        picture = picture.index_copy(0, which, soft)
    gain = torch.where(chance(n, 0.4), uniform(n, 0.7, 1.25), torch.ones(n)).view(n, 1, 1, 1)
    lift = torch.where(chance(n, 0.4), uniform(n, -0.12, 0.12), torch.zeros(n)).view(n, 1, 1, 1)
    noise = torch.randn_like(picture) * (uniform(n, 0, 0.05) * chance(n, 0.2)).view(n, 1, 1, 1)
    return ((picture - 0.5) * gain + 0.5 + lift + noise).clamp(0, 1)


def colours_of(layer: Tensor) -> Tensor:
    """Bits of COLOURS that cover at least a third of each drawing: int64 (n,)."""
    solid = layer[:, 3] > 0.6
    rgb = (layer[:, :3] / layer[:, 3:].clamp(min=1e-3)).clamp(0, 1)
    value, most = rgb.max(1)
    spread = value - rgb.min(1).values
    red, green, blue = rgb.unbind(1)
    safe = spread.clamp(min=1e-5)
    sector = torch.stack([(green - blue) / safe % 6, (blue - red) / safe + 2, (red - green) / safe + 4], 1)
    hue = sector.gather(1, most[:, None])[:, 0] * 60
    saturation = spread / value.clamp(min=1e-5)
    kind = torch.full_like(most, 6)
    for limit, name in ((295, 5), (255, 4), (170, 3), (68, 2), (40, 1), (14, 0)):
        kind = torch.where(hue < limit, name, kind)
    kind = torch.where(hue >= 345, 0, kind)
    kind = torch.where((hue < 45) & (hue > 8) & (value < 0.62), 7, kind)
    kind = torch.where(saturation < 0.14, torch.where(value > 0.82, 9, 10), kind)
    kind = torch.where(value < 0.22, 8, kind)
    counts = torch.stack([((kind == k) & solid).flatten(1).sum(1) for k in range(len(COLOURS))], 1).float()
    share = counts / counts.sum(1, keepdim=True).clamp(min=20)
    return ((share >= 0.34).long() << torch.arange(len(COLOURS))).sum(1)
