"""The ViT role filled by EfficientNet-Lite0 itself: its pooled features along their main directions.

Square roots lessen the weight of few strong features (Arandjelovic and Zisserman, 2012, for SIFT); half whitening
(Jegou and Chum, 2012) lessens what all pictures have in common. Nothing is trained.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.photographs.networks.backbone import DIMS, Deep

OUT = 512
WHITENING = 0.25  # power of the variance along a direction that it is divided by; 0.5 whitens


class LiteLooks(nn.Module):
    """Normalised RGB (n, 3, 224, 224) to (n, OUT), not normalised."""

    def __init__(self, pooled: npt.NDArray[np.float16]) -> None:
        super().__init__()
        self.deep = Deep()
        self.ways = nn.Linear(DIMS, OUT)
        mean, ways = main_directions(pooled)
        self.ways.weight.data = torch.from_numpy(ways.T.astype(np.float32))
        self.ways.bias.data = torch.from_numpy(-(mean @ ways).astype(np.float32))

    def forward(self, x: Tensor) -> Tensor:
        return self.ways(self.deep(x)[1].clamp(min=1e-9).sqrt())


def main_directions(pooled: npt.NDArray[np.float16]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean (1280,) and half whitened directions (1280, OUT) of the square roots of features (n, 1280)."""
    roots = np.sqrt(pooled[:: max(1, len(pooled) // 10000)].astype(np.float64))
    values, ways = np.linalg.eigh(np.cov(roots.T))
    return roots.mean(0), ways[:, -OUT:] / (values[-OUT:] + 1e-6) ** WHITENING
