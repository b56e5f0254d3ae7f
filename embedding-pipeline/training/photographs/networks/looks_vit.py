"""The ViT role: timm's VisionTransformer in the hybrid form of Dosovitskiy et al. (2021), section 3.1.

Its patches are the places of a map of EfficientNet-Lite0, whose stages before it stay frozen. It learns from the same
network's features and CLIP vectors which crops are alike (relational distillation, after Park et al., 2019), and from
labels which crops show the same.
"""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.photographs.learn_encoders import Both
from training.photographs.material.pairs import Views, load
from training.photographs.networks.backbone import DEEP, Deep
from training.photographs.splits import SETS

LOG = logging.getLogger("training")
WIDTH, DEPTH, OUT = 192, 3, 320
BATCH, RATE = 192, 1e-3
PRINCIPAL = 256  # directions of the pooled features that count
SHARPNESS = 12.0  # of the softmax over similarities
Floats = npt.NDArray[np.float32]


class MapEmbed(nn.Module):
    """Tokens from a feature map, one for each place; takes the place of timm's PatchEmbed."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels, rows, columns = DEEP
        self.grid_size, self.num_patches = (rows, columns), rows * columns
        self.patch_size, self.strict_img_size = (32, 32), True
        self.norm, self.proj = nn.BatchNorm2d(channels), nn.Conv2d(channels, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(self.norm(x)).flatten(2).transpose(1, 2)


def build() -> VisionTransformer:
    """A VisionTransformer on the map (n, 192, 7, 7), giving (n, OUT)."""
    return VisionTransformer(
        img_size=224,
        patch_size=32,
        embed_layer=lambda **options: MapEmbed(options["embed_dim"]),
        embed_dim=WIDTH,
        depth=DEPTH,
        num_heads=4,
        num_classes=OUT,
        global_pool="avg",
        class_token=False,
    )


class WholeVit(nn.Module):
    """The frozen stages and the transformer on them: normalised RGB (n, 3, 224, 224) to (n, OUT)."""

    def __init__(self, vit: VisionTransformer) -> None:
        super().__init__()
        deep = Deep()
        self.stem, self.blocks, self.vit = deep.stem, deep.blocks[:6], vit

    def forward(self, x: Tensor) -> Tensor:
        return self.vit(self.blocks(self.stem(x)))


class Teaching:
    """What a crop looks like to the teacher: pooled features along their main directions, and CLIP's vector."""

    def __init__(self, pooled: npt.NDArray[np.float16], both: Both, *, clip: float) -> None:
        sample = pooled[:: max(1, len(pooled) // 20000)].astype(np.float64)
        self.mean = sample.mean(0)
        values, ways = np.linalg.eigh(np.cov(sample.T))
        kept = ways[:, -PRINCIPAL:] / np.sqrt(np.sqrt(values[-PRINCIPAL:] + 1e-6))  # half whitened
        self.ways, self.both, self.share = kept, both.eval(), clip

    def pooled(self, features: Floats) -> Floats:
        out = (features - self.mean) @ self.ways
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)

    @torch.no_grad()
    def __call__(self, features: Floats, tuned: Tensor) -> Floats:
        """Unit rows (n, 640); ``features`` the frozen pooled ones, ``tuned`` those of the tuned stage."""
        vectors = self.both.images(tuned).numpy()
        parts = [self.pooled(features) * math.sqrt(1 - self.share), vectors * math.sqrt(self.share)]
        return np.concatenate(parts, 1)


def train(features: Path, encoders: Path, folder: Path, *, minutes: float, seed: int, clip: float = 0.5) -> None:
    """Train for ``minutes`` from nothing; the checkpoint holds the moving average of the weights."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)
    views = load(features)
    both = steady_both(encoders)
    teaching = Teaching(views.pooled, both, clip=clip)
    rows = np.array([i for i, v in enumerate(views.about) if v["use"] == "learn" and v["set"] in SETS])
    labels = _labels(views)
    vit = build().train()
    steady = AveragedModel(vit, multi_avg_fn=get_ema_multi_avg_fn(0.995), use_buffers=True)
    optimiser = torch.optim.AdamW(vit.parameters(), RATE, weight_decay=0.05)
    start, steps, means = time.monotonic(), 0, [0.0, 0.0]
    while (share := (time.monotonic() - start) / (minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (steps + 1) / 60) * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)
        some = chance.choice(rows, BATCH, replace=False)
        deep = torch.from_numpy(views.deep_rows(some))
        with torch.no_grad():
            targets = torch.from_numpy(teaching(views.pooled[some].astype(np.float32), both.last(deep)))
        vectors = normalize(vit(deep), dim=-1)
        alike, same = _relations(vectors, targets), _labelled(vectors, labels[some])
        optimiser.zero_grad()
        (alike + 0.3 * same).backward()
        nn.utils.clip_grad_norm_(vit.parameters(), 1)
        optimiser.step()
        steady.update_parameters(vit)
        steps += 1
        means = [m + float(v.detach()) / 50 for m, v in zip(means, (alike, same), strict=True)]
        if steps % 50 == 0:
            LOG.info("%s", json.dumps({"steps": steps, "alike": round(means[0], 4), "same": round(means[1], 3)}))
            means = [0.0, 0.0]
            torch.save(steady.module.state_dict(), folder / "vit.pt")
    torch.save(steady.module.state_dict(), folder / "vit.pt")


def steady_both(path: Path) -> Both:
    """The averaged towers of a checkpoint, ready to run."""
    both = Both()
    state = torch.load(path, weights_only=True)["steady"]
    both.load_state_dict({k.removeprefix("module."): v for k, v in state.items() if k.startswith("module.")})
    both.eval()
    return both


def _relations(vectors: Tensor, targets: Tensor) -> Tensor:
    """How far the similarities within a batch are from the teacher's: as distributions, and as numbers."""
    outside = ~torch.eye(len(vectors), dtype=torch.bool)
    own, taught = vectors @ vectors.T, targets @ targets.T
    numbers = ((own - taught)[outside] ** 2).mean() * 10
    hidden = torch.full_like(own, -1e4).masked_fill(outside, 0)
    log_own, log_taught = ((m * SHARPNESS + hidden).log_softmax(1) for m in (own, taught))
    return numbers + (log_taught.exp() * (log_taught - log_own)).sum(1).mean()


def _labelled(vectors: Tensor, labels: npt.NDArray[np.int64]) -> Tensor:
    """Supervised contrast (Khosla et al., 2020) over the rows whose label another row has too; -1 is no label."""
    same = torch.from_numpy((labels[:, None] == labels[None]) & (labels[:, None] >= 0))
    same &= ~torch.eye(len(vectors), dtype=torch.bool)
    hidden = torch.zeros(len(vectors), len(vectors)).masked_fill_(torch.eye(len(vectors), dtype=torch.bool), -1e4)
    logs = (vectors @ vectors.T * SHARPNESS + hidden).log_softmax(1)
    counted = same.any(1)
    if not counted.any():
        return vectors.sum() * 0
    return -((logs * same).sum(1)[counted] / same.sum(1)[counted]).mean()


def _labels(views: Views) -> npt.NDArray[np.int64]:
    """A number for each view's label; -1 for whole photos, whose captions are no labels."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(v["label"], len(numbers)) if v["kind"] == "crop" else -1 for v in views.about])
