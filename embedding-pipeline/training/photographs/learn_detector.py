"""Trains the detector's own part on canvases, place by place against the teacher (dense distillation).

Each place learns the teacher's objectness; where the teacher sees something, its box by GIoU (Rezatofighi et al., 2019)
and its classes, all weighted by that objectness. Canvases with classes that few of them show are drawn more often
(after the repeat factors of Gupta et al., 2019), and such classes weigh more.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.photographs.material.canvases import grid
from training.photographs.networks.student import Student

LOG = logging.getLogger("training")
BATCH = 16
POOL = 3  # chunks that batches are mixed from
RATE = 3e-3
SURE = 0.3  # score from which a canvas shows a class
COMMON, RAREST = 0.1, 3.0
Floats = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]


def watched(canvases: Path) -> Path:
    """The last chunk, which is not learned from."""
    return max(p for p in canvases.glob("chunk*.npz") if ".part" not in p.name)


class Rarity:
    """How rare classes are among canvases: sqrt(COMMON / share of canvases that show it), between 1 and RAREST."""

    def __init__(self, paths: list[Path]) -> None:
        shown = np.concatenate([np.stack([seen(row) for row in rows_of(path, maps=False)]) for path in paths])
        shares = np.maximum(shown.mean(0), 1e-4)
        self.of_class: Floats = np.sqrt(COMMON / shares).clip(1, RAREST).astype(np.float32)

    def of_rows(self, rows: list[Arrays]) -> Floats:
        """The rarest class of each canvas counts; 1 where none is seen."""
        return np.array([max(1.0, float((seen(row) * self.of_class).max())) for row in rows], np.float32)


def seen(row: Arrays) -> npt.NDArray[np.bool_]:
    """Which classes the teacher sees on a canvas."""
    scores = row["objectness"][row["index"], None] * row["classes"]
    return np.asarray((scores > SURE).any(0))


def batches(paths: list[Path], rarity: Rarity, seed: int) -> Iterator[Arrays]:
    """Batches for ever; read ahead in a thread."""
    ready: Queue[list[Arrays]] = Queue(1)
    threading.Thread(target=_read, args=(paths, seed, ready), daemon=True).start()
    chance = np.random.default_rng(seed)
    while True:
        rows = ready.get()
        shares = rarity.of_rows(rows)
        order = chance.choice(len(rows), len(rows), p=shares / shares.sum(dtype=np.float64))
        for start in range(0, len(rows) - BATCH + 1, BATCH):
            yield together([rows[int(i)] for i in order[start : start + BATCH]])


def _read(paths: list[Path], seed: int, ready: Queue[list[Arrays]]) -> None:
    chance = np.random.default_rng(seed)
    while True:
        order = [paths[int(i)] for i in chance.permutation(len(paths))]
        for start in range(0, len(order), POOL):
            ready.put([row for path in order[start : start + POOL] for row in rows_of(path)])


def rows_of(path: Path, *, maps: bool = True) -> list[Arrays]:
    """The canvases of a chunk, with or without the backbone's maps."""
    whole = ("c3", "c4", "c5", "objectness") if maps else ("objectness",)
    parts = ("index", "box", "classes")
    with np.load(path) as file:
        data = {key: file[key] for key in (*whole, *parts, "count")}
    ends = np.cumsum(data["count"])
    spans = [slice(int(end - count), int(end)) for end, count in zip(ends, data["count"], strict=True)]
    return [
        {key: data[key][i] for key in whole} | {key: data[key][span] for key in parts} for i, span in enumerate(spans)
    ]


def together(rows: list[Arrays]) -> Arrays:
    out: Arrays = {key: np.stack([row[key] for row in rows]) for key in ("c3", "c4", "c5", "objectness")}
    out |= {key: np.concatenate([row[key] for row in rows]) for key in ("index", "box", "classes")}
    out["row"] = np.repeat(np.arange(len(rows)), [len(row["index"]) for row in rows])
    return out


def losses(raw: Tensor, batch: Arrays, places: tuple[Tensor, Tensor], classes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Objectness, box and class losses, each a mean over what the teacher sees.

    ``places``: corners and strides of the cells; ``classes``: weights of the classes.
    """
    objects = torch.from_numpy(batch["objectness"]).float()
    whole = objects.sum().clamp(min=1)
    objectness = bce(raw[..., 4], objects, reduction="sum") / whole
    index, row = torch.from_numpy(batch["index"]).long(), torch.from_numpy(batch["row"])
    named = torch.from_numpy(batch["classes"]).float()
    at, weight = raw[row, index], objects[row, index]
    grids = tuple(part[index] for part in places)
    own, true = (_corners(b, *grids) for b in (at, torch.from_numpy(batch["box"]).float()))
    box = ((1 - giou(own, true)) * weight).sum() / whole
    names = bce(at[:, 5:], named, reduction="none").sum(1)
    return objectness, box, (names * weight * classes[named.argmax(1)]).sum() / whole


def _corners(raw: Tensor, corners: Tensor, strides: Tensor) -> Tensor:
    centre = (raw[:, :2] + corners) * strides
    half = raw[:, 2:4].clamp(-4, 6).exp() * strides / 2
    return torch.cat([centre - half, centre + half], 1)


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU of pairs of boxes xyxy, -1..1."""
    cut = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - cut
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1).clamp(min=1e-6)
    return cut / union.clamp(min=1e-6) - (hull - union) / hull


def train(canvases: Path, folder: Path, *, minutes: float, seed: int) -> None:
    """Train for ``minutes`` from ``folder``/detector.pt on, where there is one; the last chunk is only watched."""
    torch.manual_seed(seed)
    student = Student().to(memory_format=torch.channels_last)
    steady = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(0.995), use_buffers=True)
    learned = [p for p in student.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, RATE, weight_decay=0.02, fused=True)
    path, spent, steps = folder / "detector.pt", 0.0, 0
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        state = torch.load(path, weights_only=True)
        student.load_state_dict(state["student"])
        steady.load_state_dict(state["steady"])
        optimiser.load_state_dict(state["optimiser"])
        spent, steps = state["spent"], state["steps"]
    last = watched(canvases)
    chunks = sorted(p for p in canvases.glob("chunk*.npz") if ".part" not in p.name and p != last)
    rarity = Rarity(chunks)
    corners, strides = grid()
    places, weights = (torch.from_numpy(corners), torch.from_numpy(strides)), torch.from_numpy(rarity.of_class)
    means, before, kept = np.zeros(3), time.monotonic(), time.monotonic()
    for batch in batches(chunks, rarity, seed + steps):
        share = spent / (minutes * 60)
        if share >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (steps + 1) / 200) * (0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2)
        parts = losses(student(*maps_of(batch)), batch, places, weights)
        optimiser.zero_grad()
        (parts[0] + 3 * parts[1] + parts[2]).backward()
        torch.nn.utils.clip_grad_norm_(learned, 10)
        optimiser.step()
        steady.update_parameters(student)
        means += [float(part.detach()) for part in parts]
        steps += 1
        now = time.monotonic()
        spent, before = spent + now - before, now
        if steps % 100 == 0:
            LOG.info("%s", json.dumps({"steps": steps, "seconds": round(spent), **_as_text(means / 100)}))
            means[:] = 0
        if steps % 1000 == 0:
            rows = rows_of(last)
            with torch.no_grad():
                steady.eval()
                tried = (together(rows[i : i + BATCH]) for i in range(0, len(rows), BATCH))
                measured = [[float(v) for v in losses(steady(*maps_of(b)), b, places, weights)] for b in tried]
            LOG.info("watched %s", json.dumps(_as_text(np.mean(measured, 0))))
        if now - kept > 120:
            kept = now
            _keep(path, student, steady, optimiser, spent, steps)
    _keep(path, student, steady, optimiser, spent, steps)


def maps_of(batch: Arrays) -> Iterator[Tensor]:
    for key in ("c3", "c4", "c5"):
        yield torch.from_numpy(batch[key]).float().to(memory_format=torch.channels_last)


def _as_text(parts: npt.NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(("object", "box", "class"), parts.round(3).tolist(), strict=True))


def _keep(path: Path, student: Student, steady: Any, optimiser: Any, spent: float, steps: int) -> None:
    state = {"student": student.state_dict(), "steady": steady.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(state | {"spent": spent, "steps": steps}, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)
