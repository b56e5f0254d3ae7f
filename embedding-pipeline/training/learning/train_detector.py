"""Trains the detector of the demo pack for a given time, with checkpoints."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from boxlens.domain.pictures import Pixels
from boxlens.samples.artwork import TRAINING_STYLES, Sprite
from boxlens.samples.names import things
from boxlens.samples.scenes import Chosen, Scene, draw
from training.learning.muon import Muon
from training.material.sources import Sprites, backgrounds
from training.material.style_augment import style_augment
from training.yolox import INPUT, Yolox, assign, decoded, iou, places

LOG = logging.getLogger("training")
MOST = 14  # objects in a scene
ADAM_RATE = 2e-3
MUON_RATE = 0.03
GROWTH = (
    (0.5, 224),
    (0.8, 256),
    (2.0, INPUT),
)  # until this share of the time, inputs of this side: most is learned small
SAVE_EVERY_S = 120
PAD = 114
Batch = dict[str, Tensor]


class SceneBatches(IterableDataset[Batch]):
    """Endless batches of scenes on photographs and drawn backgrounds, laid into the network's input.

    ``size`` is the side of the input; it is shared with the workers and may be changed while they run.
    """

    def __init__(self, sprites: Sprites, behind: Pixels, scenes: int, seed: int) -> None:
        self.sprites, self.behind, self.scenes, self.seed = sprites, behind, scenes, seed
        self.size = torch.tensor([INPUT]).share_memory_()

    def __iter__(self) -> Iterator[Batch]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            side = int(self.size[0])
            pixels = np.full((self.scenes, side, side, 3), PAD, np.uint8)
            boxes = np.zeros((self.scenes, MOST, 4), np.float32)
            classes = np.full((self.scenes, MOST), -1, np.int64)
            for i in range(self.scenes):
                scene = self._scene(rng, side)
                height, width = scene.picture.shape[:2]
                pixels[i, :height, :width] = _disturbed(rng, scene.picture)
                for j, obj in enumerate(scene.objects[:MOST]):
                    boxes[i, j], classes[i, j] = obj.box.as_list(), 0
            yield {
                "pixels": torch.from_numpy(np.ascontiguousarray(pixels[..., ::-1])),
                "boxes": torch.from_numpy(boxes),
                "classes": torch.from_numpy(classes),
            }

    def _scene(self, rng: np.random.Generator, side: int) -> Scene:
        height, width = side, int(rng.integers(side * 2 // 3, side + 1))
        if rng.random() < 0.6:
            height, width = width, height
        behind = self.behind[int(rng.integers(len(self.behind)))]
        y, x = int(rng.integers(INPUT - height + 1)), int(rng.integers(INPUT - width + 1))
        part = behind[y : y + height, x : x + width]
        part = part[:, ::-1] if rng.random() < 0.5 else part
        count = int(rng.integers(2, 10))
        chosen = [self._choose(rng) for _ in range(count)]
        low = rng.uniform(0.07, 0.2)
        return draw(rng, np.ascontiguousarray(part), chosen, sizes=(low, rng.uniform(max(low, 0.25), 0.6)))

    def _choose(self, rng: np.random.Generator) -> Chosen:
        number = int(rng.integers(len(things())))
        drawn = self.sprites.of(number)
        style, sprite = drawn[int(rng.integers(len(drawn)))]
        if rng.random() < 0.3:
            sprite = _restyled(rng, sprite)
        return Chosen(things()[number].id, self.sprites.styles[style], sprite)


def _restyled(rng: np.random.Generator, sprite: Sprite) -> Sprite:
    layer = style_augment(rng, sprite.astype(np.float32) / np.float32(255))
    return (layer * 255).astype(np.uint8)


def _disturbed(rng: np.random.Generator, picture: Pixels) -> Pixels:
    if rng.random() < 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.2)).astype(np.uint8)
    values = picture.astype(np.float32)
    if rng.random() < 0.4:
        values = (values - 128) * rng.uniform(0.7, 1.2) + 128 + rng.uniform(-30, 30)
    if rng.random() < 0.15:
        values = values + rng.standard_normal(picture.shape, dtype=np.float32) * rng.uniform(2, 12)
    return np.clip(values, 0, 255).astype(np.uint8)


def losses(net: Yolox, batch: Batch) -> dict[str, Tensor]:
    """Every part of the loss, each a sum over the places that answer for an object divided by their number."""
    grid = places(batch["pixels"].shape[1])
    pixels = batch["pixels"].permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
    raw = net.raw(pixels)
    boxes = decoded(raw, *grid)
    owner, overlap = assign(raw, boxes, batch["boxes"], batch["classes"], *grid)
    positive = owner >= 0
    count = positive.sum().clamp(min=1)
    image = torch.arange(len(owner))[:, None].expand_as(owner)[positive]
    mine = owner[positive]
    target = one_hot(batch["classes"][image, mine], raw.shape[2] - 5) * overlap[positive].clamp(min=0.1)[:, None]
    met = iou(boxes[positive], batch["boxes"][image, mine])
    return {
        "box": 5 * (1 - met.square()).sum() / count,
        "object": binary_cross_entropy_with_logits(raw[..., 4], positive.float(), reduction="sum") / count,
        "class": binary_cross_entropy_with_logits(raw[positive][:, 5:], target, reduction="sum") / count,
    }


def train(folder: Path, minutes: float, seed: int, scenes: int, workers: int, threads: int) -> None:
    """Train until ``minutes`` have passed, going on from a checkpoint in ``folder`` when there is one."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    folder.mkdir(parents=True, exist_ok=True)
    behind = backgrounds(np.random.default_rng(seed), 500, INPUT, INPUT)
    net = Yolox().to(memory_format=torch.channels_last)
    steady = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.996), use_buffers=True)
    optimisers = _optimisers(net)
    done: dict[str, Any] = {"steps": 0, "scenes": 0, "seconds": 0.0}
    checkpoint = folder / "detector.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        steady.load_state_dict(state["steady"])
        for optimiser, earlier in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(earlier)
        done = dict(state["done"])
    data = SceneBatches(Sprites(TRAINING_STYLES), behind, scenes, seed + 1000 + done["steps"])
    loader = iter(DataLoader(data, batch_size=None, num_workers=workers, prefetch_factor=3))
    start = saved = time.monotonic()
    means: dict[str, float] = {}
    while (spent := done["seconds"] + time.monotonic() - start) < minutes * 60:
        progress = min(spent / (minutes * 60), 1)
        share = min(1.0, (done["steps"] + 1) / 150) * (0.02 + 0.98 * (1 + math.cos(math.pi * progress)) / 2)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * share
            optimiser.zero_grad(set_to_none=True)
        data.size[0] = next(side for share, side in GROWTH if progress < share)
        net.train()
        parts = losses(net, next(loader))
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        for optimiser in optimisers:
            optimiser.step()
        steady.update_parameters(net)
        done["steps"] += 1
        done["scenes"] += scenes
        means = {k: 0.98 * means.get(k, v.item()) + 0.02 * v.item() for k, v in parts.items()}
        if time.monotonic() - saved > SAVE_EVERY_S or done["steps"] in (10, 100):
            saved = time.monotonic()
            _save(folder, net, steady, optimisers, {**done, "seconds": spent}, means)
    _save(folder, net, steady, optimisers, {**done, "seconds": spent}, means)


def _optimisers(net: Yolox) -> list[torch.optim.Optimizer]:
    """Muon for the kernels inside, AdamW for the first, the last and all that is no matrix."""
    outer = ("stem",)
    last = (".box.", ".objectness.", ".classes.")
    inner = {
        n
        for n, p in net.named_parameters()
        if p.ndim == 4 and not n.startswith(outer) and not any(x in n for x in last)
    }
    turned = [p for n, p in net.named_parameters() if n in inner]
    rest = [p for n, p in net.named_parameters() if n not in inner]
    optimisers = [torch.optim.AdamW(rest, lr=ADAM_RATE, weight_decay=0.02), Muon(turned, MUON_RATE)]
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return optimisers


def _save(
    folder: Path,
    net: Yolox,
    steady: AveragedModel,
    optimisers: list[torch.optim.Optimizer],
    done: dict[str, Any],
    means: dict[str, float],
) -> None:
    state = {
        "net": net.state_dict(),
        "steady": steady.state_dict(),
        "optimisers": [optimiser.state_dict() for optimiser in optimisers],
        "done": done,
    }
    torch.save(state, folder / "detector.part")
    (folder / "detector.part").replace(folder / "detector.pt")
    line = json.dumps({**done, **{k: round(v, 3) for k, v in means.items()}})
    LOG.info("%s", line)
    with (folder / "detector.jsonl").open("a", encoding="utf-8") as log:
        log.write(line + "\n")
