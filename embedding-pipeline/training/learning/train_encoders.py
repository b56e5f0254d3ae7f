"""Trains the CLIP and the ViT of the demo pack together, for a given time, with checkpoints."""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax, normalize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from boxlens.samples.artwork import TRAINING_STYLES, UNSEEN_STYLE
from boxlens.samples.names import things
from training.learning.muon import Muon
from training.learning.warm_start import start_from_pack
from training.material.augment import SIDE
from training.material.batches import Batch, CropBatches, gallery, normalised, tokens_of
from training.material.sources import Sprites, backgrounds
from training.networks import Encoders

LOG = logging.getLogger("training")
SHARP = 18.0  # inverse temperature of the losses over proxies and over pairs of crops
ADAM_RATE = 3e-3
MUON_RATE = 0.03
CHECKPOINT = "encoders.pt"
SAVE_EVERY_S = 120
REPORT_EVERY_S = 400
WARM = 0.4  # where on the curve of the learning rate a training begins that has weights already


def losses(net: Encoders, batch: Batch, *, words: bool, half: bool = False) -> dict[str, Tensor]:
    """The parts of the loss, each a mean over its rows; those of the words only if asked for.

    ``half``: CLIP computes in bfloat16, where the processor has instructions for it.
    """
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        shared = net.shared(normalised(batch["pictures"]).contiguous(memory_format=torch.channels_last))
        seen, labels = net.clip_vectors(shared), batch["labels"]
    vit = net.vit_vectors(shared.float())
    points = normalize(net.clip_proxies, dim=-1)
    scores = SHARP * vit @ normalize(net.vit_proxies, dim=-1).T
    parts = {
        "clip": cross_entropy(SHARP * seen @ points.T, labels, label_smoothing=0.05),
        "clip_pairs": 0.5 * _same(seen, labels),
        "vit": cross_entropy(scores, labels, label_smoothing=0.05),
        "vit_pairs": 0.5 * _same(vit, labels),
    }
    if not words:
        return parts
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        text_vectors = net.texts(batch["tokens"])
    fits, colours_asked = batch["fits"], batch["asked"]
    coloured = (colours_asked < 0)[:, None] | (
        (batch["colours"][None] >> colours_asked.clamp(min=0)[:, None]) & 1
    ).bool()
    match = fits[:, labels] * coloured
    scores = net.clip.logit_scale.exp().clamp(max=60) * text_vectors @ seen.T
    share = fits / fits.sum(1, keepdim=True)
    return parts | {
        "words": cross_entropy(SHARP * text_vectors @ points.T, share),
        "pairs": (_many(scores, match) + _many(scores.T, match.T)) / 2,
    }


def _many(scores: Tensor, match: Tensor) -> Tensor:
    """Cross entropy with several right answers in a row; rows without any are left out."""
    right = match.sum(1)
    rows = right > 0
    entropy = -(log_softmax(scores, 1) * match).sum(1) / right.clamp(min=1)
    return entropy[rows].mean()


def _same(vectors: Tensor, labels: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla et al. 2020) over the crops of a batch."""
    itself = torch.eye(len(labels), dtype=torch.bool)
    scores = (SHARP / 2 * vectors @ vectors.T).masked_fill(itself, -1e4)
    return _many(scores, ((labels[:, None] == labels[None]) & ~itself).float())


@torch.no_grad()
def measure(net: Encoders, galleries: dict[str, tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Recall over one crop per thing, on the first half of the names' tokens; quick, to watch training by."""
    net.eval()
    text_vectors = {
        lang: net.texts(tokens_of([(t.zh if lang == "zh" else t.en)[0] for t in things()])) for lang in ("zh", "en")
    }
    recalls: dict[str, float] = {}
    seen = {}
    for name, (pictures, numbers) in galleries.items():
        shared = net.shared(normalised(pictures))
        seen[name] = (net.clip_vectors(shared), net.vit_vectors(shared), numbers)
    for name, (clip, vit, numbers) in seen.items():
        for lang, vectors in text_vectors.items():
            order = (vectors[numbers] @ clip.T).argsort(1, descending=True)
            right = numbers[order] == numbers[:, None]
            for k in (1, 5):
                recalls[f"{name} {lang} R@{k}"] = right[:, :k].any(1).float().mean().item()
        base_vit, base_numbers = seen["noto"][1], seen["noto"][2]
        if name != "noto":
            order = (vit @ base_vit.T).argsort(1, descending=True)
            right = base_numbers[order] == numbers[:, None]
            for k in (1, 5):
                recalls[f"{name} to noto R@{k}"] = right[:, :k].any(1).float().mean().item()
    return recalls


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: for how long, with how many things in a batch, drawn by how many processes, on how many threads.

    ``half``: CLIP computes in bfloat16. ``pack``: folder of a pack whose weights to begin with.
    """

    minutes: float
    seed: int
    things: int
    workers: int
    threads: int
    half: bool = False
    pack: Path | None = None


def train(folder: Path, plan: Plan) -> None:
    """Train until the plan's minutes have passed, going on from a checkpoint in ``folder`` when there is one."""
    seed, minutes = plan.seed, plan.minutes
    torch.manual_seed(seed)
    torch.set_num_threads(plan.threads)
    folder.mkdir(parents=True, exist_ok=True)
    sprites = Sprites(TRAINING_STYLES)
    patches = backgrounds(np.random.default_rng(seed), 3000, SIDE, SIDE, photo_share=0.35)
    watched = Sprites((UNSEEN_STYLE,))
    galleries = {s: gallery(sprites.in_style(s), patches, 1) for s in ("noto", "twemoji")}
    galleries[UNSEEN_STYLE] = gallery(watched.in_style(UNSEEN_STYLE), patches, 1)
    run = Run(folder)
    data = CropBatches(sprites, patches, plan.things, seed + run.steps)
    if plan.pack is not None and not run.steps:
        run.begin_with(plan.pack, data)
        run.report(galleries)
    batches = iter(DataLoader(data, batch_size=None, num_workers=plan.workers, prefetch_factor=3))
    start, before = time.monotonic(), run.seconds
    saved = reported = start
    while run.seconds < minutes * 60:
        progress = run.seconds / (minutes * 60)
        data.hardness.fill_(0.6 + 0.25 * progress)
        run.step(next(batches), progress if plan.pack is None else WARM + (1 - WARM) * progress, half=plan.half)
        now = time.monotonic()
        run.seconds = before + now - start
        if now - saved > SAVE_EVERY_S:
            run.save()
            saved = now
        if now - reported > REPORT_EVERY_S:
            run.report(galleries)
            reported = time.monotonic()
    run.save()
    run.report(galleries)


class Run:
    """The networks, their average, the optimisers, and how far training has come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.net = Encoders(len(things()))
        self.net.clip.visual.to(memory_format=torch.channels_last)
        self.steady = AveragedModel(self.net, multi_avg_fn=get_ema_multi_avg_fn(0.99), use_buffers=True)
        self.optimisers = _optimisers(self.net)
        self.steps, self.crops, self.seconds = 0, 0, 0.0
        self.means: dict[str, float] = {}
        if (folder / CHECKPOINT).exists():
            self._restore(torch.load(folder / CHECKPOINT, weights_only=True))

    def begin_with(self, pack: Path, data: CropBatches) -> None:
        start_from_pack(self.net, pack, data)
        self.steady.module.load_state_dict(self.net.state_dict())

    def step(self, batch: Batch, progress: float, *, half: bool) -> None:
        """One step; the words take part in every other one."""
        share = min(1.0, (self.steps + 1) / 60) * (0.02 + 0.98 * (1 + math.cos(math.pi * min(progress, 1))) / 2)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * share
            optimiser.zero_grad(set_to_none=True)
        self.net.train()
        parts = losses(self.net, batch, words=self.steps % 2 == 0, half=half)
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.steady.update_parameters(self.net)
        self.steps += 1
        self.crops += len(batch["labels"])
        self.means |= {k: 0.96 * self.means.get(k, v.item()) + 0.04 * v.item() for k, v in parts.items()}

    def _done(self) -> dict[str, Any]:
        return {"steps": self.steps, "crops": self.crops, "seconds": round(self.seconds, 1)}

    def save(self) -> None:
        state = {
            "net": self.net.state_dict(),
            "steady": self.steady.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "done": self._done(),
        }
        torch.save(state, self.folder / "encoders.part")
        (self.folder / "encoders.part").replace(self.folder / CHECKPOINT)

    def _restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.steady.load_state_dict(state["steady"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        done = state["done"]
        self.steps, self.crops, self.seconds = done["steps"], done["crops"], done["seconds"]

    def report(self, galleries: dict[str, tuple[Tensor, Tensor]]) -> None:
        recalls = measure(self.steady.module, galleries)
        line = json.dumps({**self._done(), **{k: round(v, 3) for k, v in (self.means | recalls).items()}})
        LOG.info("%s", line)
        with (self.folder / "encoders.jsonl").open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def _optimisers(net: Encoders) -> list[torch.optim.Optimizer]:
    """Muon for the kernels and matrices inside the image networks, AdamW for all else."""
    inner = ("clip.visual.layer", "clip.visual.conv2", "clip.visual.conv3", "vit.blocks")
    named = list(net.named_parameters())
    turned = [p for n, p in named if n.startswith(inner) and p.ndim >= 2]
    rest = [(n, p) for n, p in named if not (n.startswith(inner) and p.ndim >= 2)]
    decayed = [p for n, p in rest if p.ndim >= 2 and "embeddings" not in n]
    plain = [p for n, p in rest if p.ndim < 2 or "embeddings" in n]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    optimisers = [torch.optim.AdamW(groups, lr=ADAM_RATE, betas=(0.9, 0.98), fused=True), Muon(turned, MUON_RATE)]
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return optimisers
