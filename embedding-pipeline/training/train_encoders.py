"""Trains the CLIP and the ViT of the demo pack together, for a given time, with checkpoints."""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax, normalize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from embedding_pipeline.samples.artwork import TRAINING_STYLES, UNSEEN_STYLE
from embedding_pipeline.samples.names import things
from training.batches import Batch, CropBatches, gallery, normalised, tokens_of
from training.looks import SIDE
from training.networks import Encoders
from training.sources import Sprites, backgrounds

LOG = logging.getLogger("training")
SHARP = 18.0  # inverse temperature of the losses over proxies and over pairs of crops
PEAK_RATE = 3e-3
SAVE_EVERY_S = 120
REPORT_EVERY_S = 300


def losses(net: Encoders, batch: Batch) -> dict[str, Tensor]:
    """Every part of the loss, each a mean over its rows."""
    seen, vit = net.images(normalised(batch["pictures"]).contiguous(memory_format=torch.channels_last))
    said = net.texts(batch["tokens"])
    labels, fits = batch["labels"], batch["fits"]
    clip_points, vit_points = normalize(net.clip_proxies, dim=-1), normalize(net.vit_proxies, dim=-1)
    share = fits / fits.sum(1, keepdim=True)
    asked = batch["asked"]
    coloured = (asked < 0)[:, None] | ((batch["colours"][None] >> asked.clamp(min=0)[:, None]) & 1).bool()
    match = fits[:, labels] * coloured
    scores = net.clip.logit_scale.exp().clamp(max=60) * said @ seen.T
    return {
        "clip": cross_entropy(SHARP * seen @ clip_points.T, labels, label_smoothing=0.05),
        "words": cross_entropy(SHARP * said @ clip_points.T, share),
        "pairs": (_many(scores, match) + _many(scores.T, match.T)) / 2,
        "vit": cross_entropy(SHARP * vit @ vit_points.T, labels, label_smoothing=0.05),
        "vit_pairs": _same(vit, labels),
        "clip_pairs": 0.5 * _same(seen, labels),
    }


def _many(scores: Tensor, match: Tensor) -> Tensor:
    """Cross entropy with several right answers in a row; rows without any are left out."""
    right = match.sum(1)
    rows = right > 0
    each = -(log_softmax(scores, 1) * match).sum(1) / right.clamp(min=1)
    return each[rows].mean()


def _same(vectors: Tensor, labels: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla et al. 2020) over the crops of a batch."""
    itself = torch.eye(len(labels), dtype=torch.bool)
    scores = (SHARP / 2 * vectors @ vectors.T).masked_fill(itself, -1e4)
    return _many(scores, ((labels[:, None] == labels[None]) & ~itself).float())


@torch.no_grad()
def measure(net: Encoders, galleries: dict[str, tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Recall over one crop per thing, on the first half of the names' tokens; quick, to watch training by."""
    net.eval()
    told = {
        lang: net.texts(tokens_of([(t.zh if lang == "zh" else t.en)[0] for t in things()])) for lang in ("zh", "en")
    }
    found: dict[str, float] = {}
    seen = {name: (*net.images(normalised(pictures)), numbers) for name, (pictures, numbers) in galleries.items()}
    for name, (clip, vit, numbers) in seen.items():
        for lang, vectors in told.items():
            order = (vectors[numbers] @ clip.T).argsort(1, descending=True)
            right = numbers[order] == numbers[:, None]
            for k in (1, 5):
                found[f"{name} {lang} R@{k}"] = right[:, :k].any(1).float().mean().item()
        base_vit, base_numbers = seen["noto"][1], seen["noto"][2]
        if name != "noto":
            order = (vit @ base_vit.T).argsort(1, descending=True)
            right = base_numbers[order] == numbers[:, None]
            for k in (1, 5):
                found[f"{name} to noto R@{k}"] = right[:, :k].any(1).float().mean().item()
    return found


def train(folder: Path, minutes: float, seed: int, things_per_batch: int, threads: int) -> None:
    """Train until ``minutes`` have passed, going on from a checkpoint in ``folder`` when there is one."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    folder.mkdir(parents=True, exist_ok=True)
    sprites = Sprites(TRAINING_STYLES)
    patches = backgrounds(np.random.default_rng(seed), 3000, SIDE, SIDE)
    watched = Sprites((UNSEEN_STYLE,))
    galleries = {s: gallery(sprites.in_style(s), patches, 1) for s in ("noto", "twemoji")}
    galleries[UNSEEN_STYLE] = gallery(watched.in_style(UNSEEN_STYLE), patches, 1)
    net = Encoders(len(things()))
    net.clip.visual.to(memory_format=torch.channels_last)
    steady = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.996), use_buffers=True)
    optimiser = torch.optim.AdamW(_parameter_groups(net), lr=PEAK_RATE, betas=(0.9, 0.98), fused=True)
    done = _restore(folder, net, steady, optimiser)
    data = CropBatches(sprites, patches, things_per_batch, seed + done["steps"])
    loader = iter(data)
    start = saved = reported = time.monotonic()
    means: dict[str, float] = {}
    while (spent := done["seconds"] + time.monotonic() - start) < minutes * 60:
        _set_rate(optimiser, spent / (minutes * 60), done["steps"])
        net.train()
        parts = losses(net, next(loader))
        optimiser.zero_grad(set_to_none=True)
        sum(parts.values()).backward()  # type: ignore[union-attr]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        steady.update_parameters(net)
        done["steps"] += 1
        done["crops"] += 2 * things_per_batch
        means = {k: 0.98 * means.get(k, v.item()) + 0.02 * v.item() for k, v in parts.items()}
        now = time.monotonic()
        if now - saved > SAVE_EVERY_S:
            _save(folder, net, steady, optimiser, {**done, "seconds": spent})
            saved = now
        if now - reported > REPORT_EVERY_S or done["steps"] in (20, 100):
            _report(folder, steady.module, galleries, {**done, "seconds": round(spent)}, means)
            reported = time.monotonic()
    _save(folder, net, steady, optimiser, {**done, "seconds": spent})
    _report(folder, steady.module, galleries, {**done, "seconds": round(spent)}, means)


def _parameter_groups(net: Encoders) -> list[dict[str, Any]]:
    plain = [p for p in net.parameters() if p.ndim < 2]
    decayed = [p for n, p in net.named_parameters() if p.ndim >= 2 and "embeddings" not in n]
    tables = [p for n, p in net.named_parameters() if p.ndim >= 2 and "embeddings" in n]
    return [
        {"params": plain, "weight_decay": 0.0},
        {"params": tables, "weight_decay": 0.0},
        {"params": decayed, "weight_decay": 0.05},
    ]


def _set_rate(optimiser: torch.optim.Optimizer, progress: float, steps: int) -> None:
    rate = PEAK_RATE * min(1.0, (steps + 1) / 100) * (0.02 + 0.98 * (1 + math.cos(math.pi * min(progress, 1))) / 2)
    for group in optimiser.param_groups:
        group["lr"] = rate


def _save(
    folder: Path, net: Encoders, steady: AveragedModel, optimiser: torch.optim.Optimizer, done: dict[str, Any]
) -> None:
    state = {"net": net.state_dict(), "steady": steady.state_dict(), "optimiser": optimiser.state_dict(), "done": done}
    torch.save(state, folder / "encoders.part")
    (folder / "encoders.part").replace(folder / "encoders.pt")


def _restore(folder: Path, net: Encoders, steady: AveragedModel, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    kept = folder / "encoders.pt"
    if not kept.exists():
        return {"steps": 0, "crops": 0, "seconds": 0.0}
    state = torch.load(kept, weights_only=True)
    net.load_state_dict(state["net"])
    steady.load_state_dict(state["steady"])
    optimiser.load_state_dict(state["optimiser"])
    return dict(state["done"])


def _report(
    folder: Path, net: Any, galleries: dict[str, tuple[Tensor, Tensor]], done: dict[str, Any], means: dict[str, float]
) -> None:
    line = {
        **done,
        **{k: round(v, 3) for k, v in means.items()},
        **{k: round(v, 3) for k, v in measure(net, galleries).items()},
    }
    LOG.info("%s", json.dumps(line))
    with (folder / "encoders.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
