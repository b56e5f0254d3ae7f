"""The detector's own part on frozen maps: a light path aggregation network and decoupled heads with YOLOX's output.

After Liu et al. (2018, PANet) and Ge et al. (2021, YOLOX), of depthwise separable convolutions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.photographs.networks.backbone import DIMS, MAPS, lite0

WIDTHS = (80, 128, 128)  # of the levels
REACH = (3, 5, 5)  # of their depthwise convolutions: the finest is most of the work
CLASSES = 80


def conv(c_in: int, c_out: int, act: bool = True) -> nn.Sequential:
    """1 x 1 convolution, batch norm and, mostly, ReLU."""
    layers = [nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out, momentum=0.03)]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if act else []))


class Separable(nn.Sequential):
    """A convolution of each channel, then one across channels; ``stride`` 2 halves the map."""

    def __init__(self, width: int, out: int, reach: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(width, width, reach, stride, reach // 2, groups=width, bias=False),
            nn.BatchNorm2d(width, momentum=0.03),
            *conv(width, out),
        )


class Head(nn.Module):
    """One level: box (4), objectness (1) and classes, as logits (n, places, 5 + classes)."""

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.stem, self.for_class, self.for_box = (Separable(width, width, reach) for _ in range(3))
        self.placed, self.named = nn.Conv2d(width, 5, 1), nn.Conv2d(width, CLASSES, 1)
        nn.init.constant_(self.named.bias, -4.0)
        nn.init.constant_(self.placed.bias[4:], -4.6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        raw = torch.cat([self.placed(self.for_box(x)), self.named(self.for_class(x))], 1)
        return raw.flatten(2).transpose(1, 2)


class Student(nn.Module):
    """Logits (n, 3549, 85) from the three maps of a 416 x 416 picture.

    The coarsest map is first widened by the layer that ImageNet's classifier stands on, which stays as it is: there
    kinds of things lie apart.
    """

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        net = lite0()
        self.kinds = nn.Sequential(net.conv_head, net.bn2).requires_grad_(False)
        self.enter3, self.enter4 = conv(MAPS[0][0], fine, act=False), conv(MAPS[1][0], middle, act=False)
        self.enter5 = conv(DIMS, coarse, act=False)
        self.context = nn.Sequential(nn.ReLU(), Separable(coarse, coarse, 5), Separable(coarse, coarse, 5))
        self.from5, self.from4 = conv(coarse, middle, act=False), conv(middle, fine, act=False)
        self.top4, self.top3 = Separable(middle, middle, REACH[1]), Separable(fine, fine, REACH[0])
        self.down4, self.down5 = Separable(fine, middle, 5, 2), Separable(middle, coarse, 5, 2)
        self.out4, self.out5 = Separable(middle, middle, REACH[1]), Separable(coarse, coarse, REACH[2])
        self.larger = nn.Upsample(scale_factor=2, mode="nearest")
        self.heads = nn.ModuleList(Head(width, reach) for width, reach in zip(WIDTHS, REACH, strict=True))

    def forward(self, c3: Tensor, c4: Tensor, c5: Tensor) -> Tensor:
        with torch.no_grad():
            c5 = self.kinds(c5)
        m3, m4, m5 = self.enter3(c3), self.enter4(c4), self.enter5(c5)
        p5 = m5 + self.context(m5)
        p4 = self.top4(torch.relu(m4 + self.larger(self.from5(p5))))
        p3 = self.top3(torch.relu(m3 + self.larger(self.from4(p4))))
        p4 = self.out4(p4 + self.down4(p3))
        p5 = self.out5(p5 + self.down5(p4))
        return torch.cat([head(p) for head, p in zip(self.heads, (p3, p4, p5), strict=True)], 1)

    def train(self, mode: bool = True) -> Student:
        super().train(mode)
        self.kinds.eval()
        return self
