"""A YOLOX (Ge et al., 2021) smaller than nano: CSP backbone, PAFPN, decoupled head, SimOTA, written for this pack.

Output as YOLOX exports it: float32 (n, places, 5 + classes); x, y, w, h raw on the grids of strides 8, 16, 32 (row by
row, smaller strides first), objectness and classes after the sigmoid.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
INPUT = 320
WIDTHS = (16, 32, 64, 96, 128)
NECK = 64
HEAD = 56


class Conv(nn.Sequential):
    """Convolution, batch norm, SiLU."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(c_out, eps=1e-3, momentum=0.03),
            nn.SiLU(inplace=True),
        )


class Bottleneck(nn.Module):
    def __init__(self, channels: int, add: bool) -> None:
        super().__init__()
        self.inner = nn.Sequential(Conv(channels, channels), Conv(channels, channels, 3))
        self.add = add

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.inner(x)
        return x + y if self.add else y


class Csp(nn.Module):
    """Cross stage partial block: half of the channels pass through bottlenecks, half go round them."""

    def __init__(self, c_in: int, c_out: int, blocks: int = 1, add: bool = True) -> None:
        super().__init__()
        self.main = nn.Sequential(Conv(c_in, c_out // 2), *(Bottleneck(c_out // 2, add) for _ in range(blocks)))
        self.side = Conv(c_in, c_out // 2)
        self.out = Conv(c_out, c_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.cat([self.main(x), self.side(x)], 1))


class Spp(nn.Module):
    """Max pools of three sizes side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before = Conv(channels, channels // 2)
        self.pools = nn.ModuleList(nn.MaxPool2d(k, 1, k // 2) for k in (3, 5, 9))
        self.after = Conv(channels * 2, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        return self.after(torch.cat([x, *(pool(x) for pool in self.pools)], 1))


class Head(nn.Module):
    """One level's boxes, objectness and classes."""

    def __init__(self, c_in: int, classes: int) -> None:
        super().__init__()
        self.stem = Conv(c_in, HEAD)
        self.for_class = nn.Sequential(Conv(HEAD, HEAD, 3), Conv(HEAD, HEAD))
        self.for_box = Conv(HEAD, HEAD, 3)
        self.classes = nn.Conv2d(HEAD, classes, 1)
        self.box = nn.Conv2d(HEAD, 4, 1)
        self.objectness = nn.Conv2d(HEAD, 1, 1)
        nn.init.constant_(self.classes.bias, -4.6)
        nn.init.constant_(self.objectness.bias, -4.6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        named, placed = self.for_class(x), self.for_box(x)
        raw = torch.cat([self.box(placed), self.objectness(placed), self.classes(named)], 1)
        return raw.flatten(2).transpose(1, 2)


class Yolox(nn.Module):
    def __init__(self, classes: int = 1) -> None:
        super().__init__()
        w = WIDTHS
        self.stem = Conv(3, w[0], 3, 2)
        self.stage2 = nn.Sequential(Conv(w[0], w[1], 3, 2), Csp(w[1], w[1], 1))
        self.stage3 = nn.Sequential(Conv(w[1], w[2], 3, 2), Csp(w[2], w[2], 2))
        self.stage4 = nn.Sequential(Conv(w[2], w[3], 3, 2), Csp(w[3], w[3], 2))
        self.stage5 = nn.Sequential(Conv(w[3], w[4], 3, 2), Spp(w[4]), Csp(w[4], w[4], 1, add=False))
        self.reduce5, self.reduce4 = Conv(w[4], NECK), Conv(NECK, NECK)
        self.down4, self.down3 = Csp(NECK + w[3], NECK, 1, add=False), Csp(NECK + w[2], NECK, 1, add=False)
        self.up3, self.up4 = Conv(NECK, NECK, 3, 2), Conv(NECK, NECK, 3, 2)
        self.out4, self.out5 = Csp(2 * NECK, NECK, 1, add=False), Csp(2 * NECK, NECK, 1, add=False)
        self.larger = nn.Upsample(scale_factor=2, mode="nearest")
        self.heads = nn.ModuleList(Head(NECK, classes) for _ in STRIDES)

    def raw(self, x: Tensor) -> Tensor:
        """Logits (n, places, 5 + classes) from BGR pixels 0..255."""
        c3 = self.stage3(self.stage2(self.stem(x / 255)))
        c4 = self.stage4(c3)
        p5 = self.reduce5(self.stage5(c4))
        p4 = self.reduce4(self.down4(torch.cat([self.larger(p5), c4], 1)))
        p3 = self.down3(torch.cat([self.larger(p4), c3], 1))
        p4 = self.out4(torch.cat([self.up3(p3), p4], 1))
        p5 = self.out5(torch.cat([self.up4(p4), p5], 1))
        return torch.cat([head(p) for head, p in zip(self.heads, (p3, p4, p5), strict=True)], 1)

    def forward(self, x: Tensor) -> Tensor:
        raw = self.raw(x)
        return torch.cat([raw[..., :4], raw[..., 4:].sigmoid()], 2)


def places(size: int = INPUT) -> tuple[Tensor, Tensor]:
    """Grid corners (places, 2) and strides (places, 1) in output order."""
    corners, strides = [], []
    for stride in STRIDES:
        n = size // stride
        y, x = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
        corners.append(torch.stack([x, y], 2).reshape(-1, 2).float())
        strides.append(torch.full((n * n, 1), float(stride)))
    return torch.cat(corners), torch.cat(strides)


def decoded(raw: Tensor, corners: Tensor, strides: Tensor) -> Tensor:
    """Boxes xyxy in input pixels."""
    centre = (raw[..., :2] + corners) * strides
    half = raw[..., 2:4].clamp(max=8).exp() * strides / 2
    return torch.cat([centre - half, centre + half], -1)


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes xyxy, broadcast."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    cut = (high - low).clamp(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - cut
    return cut / union.clamp(min=1e-6)


@torch.no_grad()
def assign(
    raw: Tensor, boxes: Tensor, true: Tensor, classes: Tensor, corners: Tensor, strides: Tensor
) -> tuple[Tensor, Tensor]:
    """SimOTA over a batch: which object each place answers for, or -1, and its IoU with it.

    ``true`` (n, m, 4) padded with zeros, ``classes`` (n, m) padded with -1.
    """
    real = classes >= 0
    centre = (corners + 0.5) * strides
    overlap = iou(true[:, :, None], boxes[:, None])
    middle = (true[..., :2] + true[..., 2:]) / 2
    near = ((centre[None, None] - middle[:, :, None]).abs() < 2.5 * strides[None, None]).all(-1)
    inside = ((centre[None, None] > true[:, :, None, :2]) & (centre[None, None] < true[:, :, None, 2:])).all(-1)
    allowed = (near | inside) & real[..., None]
    joint = (raw[..., 5:].sigmoid() * raw[..., 4:5].sigmoid()).clamp(1e-6, 1 - 1e-6).sqrt()
    of_class = joint.transpose(1, 2).gather(1, classes.clamp(min=0)[..., None].expand(-1, -1, joint.shape[1]))
    others = -torch.log1p(-joint).sum(-1)[:, None] + torch.log1p(-of_class)
    cost = others - of_class.log() - 3 * overlap.clamp(min=1e-8).log() + 1e5 * ~(near & inside) + 1e9 * ~allowed
    claim_counts = (overlap * allowed).topk(10, -1).values.sum(-1).int().clamp(min=1)
    rank = cost.argsort(-1).argsort(-1)
    taken = (rank < claim_counts[..., None]) & allowed
    cost = cost.masked_fill(~taken, 1e12)
    owner = cost.argmin(1)
    owner = torch.where(taken.any(1), owner, -1)
    return owner, overlap.gather(1, owner.clamp(min=0)[:, None])[:, 0]
