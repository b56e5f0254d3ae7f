"""Trains the two towers by InfoNCE (van den Oord et al., 2018; Radford et al., 2021) on features computed beforehand.

Every step sees captions of whole photographs in both languages, and names: of crops, of photo sets and of ImageNet's
classes, whose pictures are made up from the classifier. For features x with mean m and covariance S, and classes that
differ in their means alone, the rows w of a linear classifier are S^-1 (m_class - m) up to a factor (Fisher's
discriminant): so m + S w stands for the mean of a class, and real residuals are added to it.

A few thousand captioned photographs are soon known by heart. Two things hold against it: a sentence encoder
(``sentences.py``) says how far captions of two photographs mean the same, which makes the targets soft (after Andonian
et al., 2022), and its vectors are one more text of each photograph, behind a linear map that is dropped in the end.
"""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from boxlens.models.text_encoder import WordPieces
from training.photographs.material import sentences
from training.photographs.material.names import imagenet
from training.photographs.material.pairs import Drawing, Views, load
from training.photographs.networks.backbone import lite0
from training.photographs.networks.towers import SPACE, ImageHead, LastStage, TextTower

LOG = logging.getLogger("training")
CAPTIONS, NAMES, CLASSES = 256, 160, 64  # of a step; of photographs half while the last stage is tuned
LONGEST = 32  # word pieces of a text while training
LOST = 0.15  # share of the word pieces that are left out while training
RATE, TUNED_RATE = 1e-3, 3e-4
HOTTEST = math.log(40)
ALIKE, SHARPNESS = 0.5, 0.1  # share of the targets by meaning, and temperature of their softmax


class Both(nn.Module):
    """All that is trained; ``last`` is used while ``tuned`` only."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.head, self.text = LastStage(), ImageHead(), TextTower()
        self.heat = nn.Parameter(torch.tensor(math.log(20.0)))
        self.meaning = nn.Linear(sentences.DIMS, SPACE, bias=False)

    def images(self, pooled: Tensor) -> Tensor:
        return nn.functional.normalize(self.head(pooled), dim=-1)

    def texts(self, tokens: Tensor) -> Tensor:
        return nn.functional.normalize(self.text.packed(tokens), dim=-1)


class Classes:
    """Made-up pooled features of ImageNet's classes."""

    def __init__(self, pooled: npt.NDArray[np.float16], path: Path) -> None:
        sample = pooled[:: max(1, len(pooled) // 20000)].astype(np.float64)
        self.mean = sample.mean(0)
        covariance = np.cov(sample.T)
        rows = lite0().classifier.weight.detach().double().numpy()
        ways = (rows - rows.mean(0)) @ covariance
        # as far from the middle as the surest half of real views are along the same way
        unit = ways / np.linalg.norm(ways, axis=1, keepdims=True)
        reach = np.quantile((sample - self.mean) @ unit.T, 0.995, axis=0)
        self.ways = unit * reach[:, None]
        self.names = imagenet(path)

    def some(self, count: int, others: Tensor, chance: np.random.Generator) -> tuple[Tensor, npt.NDArray[np.int64]]:
        """Features of ``count`` classes with the residuals of other views, and the classes' numbers."""
        which = chance.choice(1000, count, replace=False)
        noise = (others[:count] - torch.from_numpy(self.mean).float()) * 0.6
        base = torch.from_numpy(self.mean + self.ways[which] * chance.uniform(0.8, 1.3, (count, 1))).float()
        return (base + noise).clamp(min=0), which


def contrast(images: Tensor, texts: Tensor, same: Tensor, heat: Tensor) -> Tensor:
    """Cross entropy both ways; ``same`` (n, n) tells how far pairs belong together, each row above 0 somewhere."""
    logits = heat.exp() * images @ texts.T
    targets = same.float()
    forth = -(targets / targets.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1).mean()
    back = -(targets / targets.sum(0, keepdim=True) * logits.log_softmax(0)).sum(0).mean()
    return (forth + back) / 2


def equal(texts: list[str]) -> Tensor:
    """Which texts are the same, but for case."""
    _, number = np.unique([text.lower() for text in texts], return_inverse=True)
    return torch.from_numpy(number[:, None] == number[None])


class Learning:
    """Draws batches and tells their losses. ``folder`` holds the sentences of captions."""

    def __init__(
        self, root: Path, views: Views, folder: Path, vocabulary: Path, sets: frozenset[str], seed: int
    ) -> None:
        self.views = views
        self.drawing = Drawing(root, views, sets, seed)
        self.chance = np.random.default_rng(seed)
        self.pieces = WordPieces(vocabulary)
        self.meant = sentences.load(folder) if len(self.drawing.captioned) else {}
        self.learned = np.array([v["use"] == "learn" and v["set"] in sets for v in views.about])
        self.classes = Classes(views.pooled[self.learned], root / "text" / "imagenet1k_labels_en_zh.json")

    def meanings(self, rows: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Of photos (n): vectors of any one caption, (n, DIMS), and how near all captions are to one another's, (n, n).

        Each row of the latter sums to 1.
        """
        vectors = [self.meant[self.views.about[int(row)]["file"]] for row in rows]
        drawn = np.stack([v[self.chance.integers(len(v))] for v in vectors])
        middle = nn.functional.normalize(torch.from_numpy(np.stack([v.mean(0) for v in vectors])), dim=-1)
        return torch.from_numpy(drawn), (middle @ middle.T / SHARPNESS).softmax(1)

    def tokens(self, texts: list[str], lost: float = 0.0) -> Tensor:
        """Word pieces (n, length); of those between the first and the last a share ``lost`` is left out."""
        pieces = self.pieces(texts)[:, :LONGEST]
        pieces = pieces[:, : int((pieces != 0).sum(1).max())]
        if lost:
            inner = np.zeros(pieces.shape, bool)
            inner[:, 1:-1] = pieces[:, 2:] != 0
            pieces = np.where(inner & (self.chance.random(pieces.shape) < lost), 0, pieces)
        return torch.from_numpy(pieces)

    def features(self, both: Both, rows: npt.NDArray[np.int64], tuned: bool) -> Tensor:
        if tuned:
            deep = torch.from_numpy(self.views.deep_rows(rows)).to(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=both.training):
                return both.last(deep).float()
        return torch.from_numpy(self.views.pooled[rows].astype(np.float32))

    def loss(self, both: Both, tuned: bool) -> dict[str, Tensor]:
        heat = both.heat.clamp(max=HOTTEST)
        part = 2 if tuned else 1
        rows, english, chinese = self.drawing.captions(CAPTIONS // part)
        named_rows, names = self.drawing.names(NAMES // part)
        others = self.views.pooled[self.chance.choice(len(self.views.pooled), CLASSES)].astype(np.float32)
        made, which = self.classes.some(CLASSES, torch.from_numpy(others), self.chance)
        names += [self.drawing.name(self.classes.names[int(i)]) for i in which]
        pooled = self.features(both, np.concatenate([rows, named_rows]), tuned)
        images = both.images(torch.cat([pooled, made]))
        texts = both.texts(self.tokens(english + chinese + names, LOST))
        count = len(rows)
        en, zh, named = texts[:count], texts[count : 2 * count], texts[2 * count :]
        losses = {"names": contrast(images[count:], named, equal(names), heat)}
        if count:
            drawn, near = self.meanings(rows)
            meant = nn.functional.normalize(both.meaning(drawn), dim=-1)
            targets = ALIKE * near + (1 - ALIKE) * torch.eye(count)
            for key, texts, share in (("english", en, 1), ("chinese", zh, 1), ("meaning", meant, 0.5)):
                losses[key] = share * contrast(images[:count], texts, targets, heat)
            losses["texts"] = 0.3 * (contrast(en, zh, targets, heat) + contrast(en, meant, targets, heat))
        return losses


def train(
    root: Path, features: Path, vocabulary: Path, folder: Path, *, sets: frozenset[str], minutes: float, tuned: float,
    seed: int,
) -> None:  # fmt: skip
    """Train for ``minutes``, the last share ``tuned`` of them with the network's last stage, from the checkpoint on."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    both, path, spent, steps = Both(), folder / "encoders.pt", 0.0, 0
    steady = AveragedModel(both, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for n, p in both.named_parameters() if not n.startswith("last.")]},
            {"params": list(both.last.parameters())},
        ],
        RATE,
        weight_decay=0.1,
        betas=(0.9, 0.98),
        fused=True,
    )
    views = load(features)
    if path.exists():
        state = torch.load(path, weights_only=True)
        both.load_state_dict(state["both"])
        steady.load_state_dict(state["steady"])
        if "optimiser" in state:
            optimiser.load_state_dict(state["optimiser"])
        spent, steps = state["spent"], state["steps"]
    learning = Learning(root, views, folder, vocabulary, sets, seed + steps)
    if not steps:
        pooled = views.pooled[learning.drawing.captioned if len(learning.drawing.captioned) else learning.learned]
        for net in (both, steady.module):
            net.head.mean.copy_(torch.from_numpy(pooled.astype(np.float32).mean(0)))
            net.head.std.copy_(torch.from_numpy(pooled.astype(np.float32).std(0) + 1e-3))
    means: dict[str, float] = {}
    before = kept = time.monotonic()
    both.train()
    while (share := spent / (minutes * 60)) < 1:
        in_last = share >= 1 - tuned
        scale = min(1, (steps + 1) / 100) * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)
        for group, rate in zip(optimiser.param_groups, (RATE, TUNED_RATE * in_last), strict=True):
            group["lr"] = rate * scale
        parts = learning.loss(both, in_last)
        optimiser.zero_grad()
        sum(parts.values(), torch.zeros(())).backward()
        nn.utils.clip_grad_norm_(both.parameters(), 2)
        optimiser.step()
        steady.update_parameters(both)
        steps += 1
        now = time.monotonic()
        spent, before = spent + now - before, now
        for key, value in parts.items():
            means[key] = means.get(key, 0) + float(value.detach()) / 100
        if steps % 100 == 0:
            about = {key: round(value, 3) for key, value in means.items()}
            LOG.info("%s", json.dumps({"steps": steps, "seconds": round(spent), **about, "tuned": in_last}))
            means = {}
        if steps % 250 == 0:
            LOG.info("%s", json.dumps(watched(learning, steady.module, in_last)))
        if now - kept > 120:
            kept = now
            _keep(path, both, steady, optimiser, spent, steps)
    _keep(path, both, steady, optimiser, spent, steps)
    LOG.info("%s", json.dumps(watched(learning, steady.module, tuned > 0)))


@torch.no_grad()
def watched(learning: Learning, both: Any, tuned: bool) -> dict[str, float]:
    """R@1 and R@10 of all captions of the watched photos in both languages; nothing where none has views."""
    rows = np.array([i for i, v in enumerate(learning.views.about) if v["use"] == "watch" and v["kind"] == "whole"])
    if not len(rows):
        return {}
    both.eval()
    images = both.images(learning.features(both, rows, tuned))
    recalls: dict[str, float] = {"photos": len(rows)}
    for key in ("captions_en", "captions_zh"):
        texts = [(n, c) for n, row in enumerate(rows) for c in learning.drawing.of(learning.views.about[row])[key]]
        vectors = torch.cat(
            [both.texts(learning.tokens([t for _, t in texts[i : i + 256]])) for i in range(0, len(texts), 256)]
        )
        scores = vectors @ images.T
        right = scores[torch.arange(len(texts)), torch.tensor([n for n, _ in texts])]
        rank = (scores > right[:, None]).sum(1)
        recalls |= {f"{key[-2:]} R@{k}": round(float((rank < k).float().mean()), 3) for k in (1, 5, 10)}
    both.train()
    return recalls


def _keep(path: Path, both: Both, steady: Any, optimiser: Any, spent: float, steps: int) -> None:
    state = {"both": both.state_dict(), "steady": steady.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(state | {"spent": spent, "steps": steps}, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)
