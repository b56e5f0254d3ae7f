"""The ViT role: timm's VisionTransformer in the hybrid form of Dosovitskiy et al. (2021), section 3.1.

Its patches are the places of a map of EfficientNet-Lite0, whose stages before it stay frozen. It learns the
same network's features and a pack's CLIP vectors, from them which crops are alike (relational distillation, after Park
et al., 2019), and from labels which crops show the same.
"""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx.utils
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.photographs.material.pairs import Views, load
from training.photographs.networks.backbone import DEEP, Deep, compiled
from training.photographs.networks.looks_lite import main_directions
from training.photographs.splits import SETS

LOG = logging.getLogger("training")
WIDTH, DEPTH, OUT = 192, 3, 320
BATCH, RATE = 192, 1e-3
CLIP = 0.3  # share of CLIP's vectors in what it is taught
LOSSES = ("away", "alike", "same")
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


def train(features: Path, pack: Path, folder: Path, *, minutes: float, seed: int) -> None:
    """Train for ``minutes`` from nothing, taught by ``pack``; vit.pt holds the moving average of the weights."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)
    views = load(features)
    taught = teaching(views, pack, folder)
    rows = np.array([i for i, v in enumerate(views.about) if v["use"] == "learn" and v["set"] in SETS])
    labels = _labels(views)
    vit = build().train()
    steady = AveragedModel(vit, multi_avg_fn=get_ema_multi_avg_fn(0.995), use_buffers=True)
    optimiser = torch.optim.AdamW(vit.parameters(), RATE, weight_decay=0.05)
    start, steps, means = time.monotonic(), 0, [0.0] * 3
    while (share := (time.monotonic() - start) / (minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (steps + 1) / 60) * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)
        some = chance.choice(rows, BATCH, replace=False)
        vectors = normalize(vit(torch.from_numpy(views.deep_rows(some))), dim=-1)
        targets = torch.from_numpy(taught[some])
        away = 1 - (vectors * targets).sum(1).mean()
        alike, same = _relations(vectors, targets), _labelled(vectors, labels[some])
        optimiser.zero_grad()
        (3 * away + alike + 0.3 * same).backward()
        nn.utils.clip_grad_norm_(vit.parameters(), 1)
        optimiser.step()
        steady.update_parameters(vit)
        steps += 1
        means = [m + float(v.detach()) / 50 for m, v in zip(means, (away, alike, same), strict=True)]
        if steps % 50 == 0:
            LOG.info("%s", json.dumps({"steps": steps, **dict(zip(LOSSES, (round(m, 4) for m in means), strict=True))}))
            means = [0.0] * 3
            torch.save(steady.module.state_dict(), folder / "vit.pt")
    torch.save(steady.module.state_dict(), folder / "vit.pt")
    LOG.info("%d steps", steps)


def teaching(views: Views, pack: Path, folder: Path) -> Floats:
    """What each view looks like to the teachers: unit rows (n, OUT).

    What ``looks_lite`` makes of the pooled features and the vector of the CLIP of ``pack``, whose stages behind the map
    are cut out into ``folder``, are put side by side, with shares 1 - CLIP and CLIP of a similarity. Of these numbers
    the OUT directions are kept along which views are longest, so that similarities stay.
    """
    mean, ways = main_directions(views.pooled)
    clip = compiled(_behind_the_map(pack / "clip_image.onnx", folder / "clip_behind_the_map.onnx"))
    parts = []
    for some in np.array_split(np.arange(len(views.about)), max(1, len(views.about) // BATCH)):
        looks = (np.sqrt(views.pooled[some].astype(np.float32)) - mean) @ ways
        looks /= np.linalg.norm(looks, axis=1, keepdims=True)
        seen = next(iter(clip(views.deep_rows(some)).values()))
        seen /= np.linalg.norm(seen, axis=1, keepdims=True)
        parts.append(np.concatenate([looks * math.sqrt(1 - CLIP), seen * math.sqrt(CLIP)], 1).astype(np.float32))
    both = np.concatenate(parts)
    _, directions = np.linalg.eigh(both.T @ both)
    kept = both @ directions[:, -OUT:]
    return np.asarray(kept / np.linalg.norm(kept, axis=1, keepdims=True), np.float32)


def _behind_the_map(whole: Path, target: Path) -> Path:
    """Write what a network (n, 3, 224, 224) to unit vectors does from its last map of the shape DEEP on.

    The division by the vectors' length, which is the last node, is left out.
    """
    graph = onnx.load(str(whole)).graph
    maps = [v.name for v in graph.value_info if [d.dim_value for d in v.type.tensor_type.shape.dim][1:] == [*DEEP]]
    onnx.utils.extract_model(str(whole), str(target), [maps[-1]], [graph.node[-1].input[0]])
    return target


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
