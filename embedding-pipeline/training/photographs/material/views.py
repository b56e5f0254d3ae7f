"""What the encoders learn from, as features: whole photographs and crops of boxes, each with the texts that fit it.

The part of the image network that stays frozen is run once for every view. ``views.jsonl`` has a line for each row of
``deep.npy`` (n, 192, 7, 7) and ``pooled.npy`` (n, 1280), both float16.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.photographs.networks.backbone import DEEP, DIMS, SIDE, Deep, Frozen
from training.photographs.splits import Photo, number

LOG = logging.getLogger("training")
PADDING = 0.15  # of a box's sides, on each side
BATCH = 16
BOXES = 6  # boxes of a flickr8k photo that are cut out
Box = tuple[float, float, float, float]  # shares of the photo's sides
View = dict[str, Any]


def whole(photo: Photo, *, more: int) -> list[View]:
    """The photo as it is; with ``more`` its mirror image and random parts of it."""
    views: list[View] = [{"box": None, "flip": False}]
    chance = np.random.default_rng(number(photo.set, photo.about["file"]))
    for turn in range(more):
        side = float(chance.uniform(0.75, 0.95)) if turn else 1.0
        left, top = (float(chance.uniform(0, 1 - side)) for _ in range(2))
        views.append({"box": (left, top, left + side, top + side), "flip": turn % 2 == 0})
    return [view | _of(photo) | {"kind": "whole"} for view in views]


def crops(photo: Photo, *, most: int) -> list[View]:
    """Up to ``most`` boxes, the largest first half the time, padded as the product pads them and a little off."""
    width, height = photo.about["width"], photo.about["height"]
    phrases = photo.about.get("box_phrases")
    chance = np.random.default_rng(number(photo.set, photo.about["file"]) + 1)
    views: list[View] = []
    for place, (x1, y1, x2, y2, label) in enumerate(photo.about.get("boxes", [])):
        if min((x2 - x1) / width, (y2 - y1) / height) < 0.05:
            continue
        off = chance.normal(0, 0.04, 4) + np.array([-PADDING, -PADDING, PADDING, PADDING])
        w, h = x2 - x1, y2 - y1
        box = (
            (x1 + off[0] * w) / width,
            (y1 + off[1] * h) / height,
            (x2 + off[2] * w) / width,
            (y2 + off[3] * h) / height,
        )
        texts = phrases[place] if phrases else []
        view = {"box": tuple(min(max(float(v), 0.0), 1.0) for v in box), "flip": bool(chance.random() < 0.5)}
        views.append(view | _of(photo) | {"kind": "crop", "label": label, "phrases": texts})
    order = chance.permutation(len(views))[:most]
    return [views[int(i)] for i in order]


def _of(photo: Photo) -> View:
    return {"set": photo.set, "file": photo.about["file"], "use": photo.use}


def write(root: Path, views: list[View], folder: Path) -> None:
    """Compute the features of all views; a folder that has them is left as it is."""
    if (folder / "views.jsonl").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    net = Frozen(Deep(), SIDE, folder)
    shape = (len(views), *DEEP)
    deep = np.lib.format.open_memmap(folder / "deep.npy", "w+", np.float16, shape)
    pooled = np.lib.format.open_memmap(folder / "pooled.npy", "w+", np.float16, (len(views), DIMS))
    done = 0
    for rows in _batches(root, views):
        maps, means = net(rows)
        deep[done : done + len(rows)], pooled[done : done + len(rows)] = maps, means
        done += len(rows)
        if done % (BATCH * 100) == 0:
            LOG.info("%d of %d views", done, len(views))
    deep.flush()
    pooled.flush()
    lines = "".join(json.dumps(view, ensure_ascii=False) + "\n" for view in views)
    (folder / "views.jsonl").write_text(lines, encoding="utf-8")


def _batches(root: Path, views: list[View]) -> Iterator[npt.NDArray[np.uint8]]:
    """Pixels of the views, squashed to the network's input as the product squashes crops."""
    for start in range(0, len(views), BATCH):
        yield np.stack([pixels(root, view) for view in views[start : start + BATCH]])


def pixels(root: Path, view: View) -> npt.NDArray[np.uint8]:
    """RGB (SIDE, SIDE, 3) of one view."""
    with Image.open(root / "photo_sets" / view["set"] / view["file"]) as opened:
        image = opened.convert("RGB")
        x1, y1, x2, y2 = view["box"] or (0.0, 0.0, 1.0, 1.0)
        part = (x1 * image.width, y1 * image.height, x2 * image.width, y2 * image.height)
        small = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=part)
    out = np.asarray(small, np.uint8)
    return out[:, ::-1] if view["flip"] else out
