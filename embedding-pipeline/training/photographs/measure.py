"""Measures a photo pack on photographs it was never trained on, and prints one table of all that is asked of it.

Everything runs through the pack as a user has it: ONNX files, preprocessing, padding, thresholds of ``pack.json``.
"""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Vector
from boxlens.domain.pictures import Pixels
from boxlens.imaging.decoding import crop
from boxlens.models.packs.pack import Pack, RunOptions, load_pack
from training.photographs.splits import photos

LOW, USUAL = 0.01, 0.15  # score thresholds: of mean average precision, and of an ingest
SMALL = 32.0**2  # square pixels below which COCO calls a thing small
BATCH = 8
Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class Boxed:
    """A photo with labelled boxes, in pixels."""

    name: str
    pixels: Pixels
    boxes: list[tuple[Box, str]]


class BoxedPhotos:
    """The boxed photos of ``root``/photos, which only ever measure."""

    def __init__(self, root: Path) -> None:
        self._root = root / "photos"
        rows = json.loads((self._root / "manifest.json").read_text(encoding="utf-8"))
        self.rows = [row for row in rows if row["boxes"]]

    @cached_property
    def photos(self) -> list[Boxed]:
        return [
            Boxed(row["file"], read(self._root / row["file"]), [_box(b) for b in row["boxes"] if not b["iscrowd"]])
            for row in self.rows
        ]


def _box(about: dict[str, Any]) -> tuple[Box, str]:
    x, y, w, h = about["bbox_xywh"]
    return Box(x, y, x + w, y + h), about["label"]


def read(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def captions(pack: Pack, root: Path) -> Numbers:
    """R@1, 5, 10 of people's captions of the photos that only measure, among all of these photos."""
    assert pack.clip_image is not None
    assert pack.clip_text is not None
    shown = [p for p in photos(root, ("flickr8k",)) if p.use == "measure"]
    parts = [shown[i : i + BATCH] for i in range(0, len(shown), BATCH)]
    images = np.concatenate([pack.clip_image.encode_images([read(p.path) for p in part]) for part in parts])
    recalls: Numbers = {"photos": len(shown)}
    for language in ("en", "zh"):
        asked = [(i, text) for i, p in enumerate(shown) for text in p.about[f"captions_{language}"]]
        texts = encoded(pack, [text for _, text in asked])
        scores = texts @ images.T
        right = scores[np.arange(len(asked)), [i for i, _ in asked]]
        rank = (scores > right[:, None]).sum(1)
        recalls |= {f"{language} R@{k}": float((rank < k).mean()) for k in (1, 5, 10)}
    return recalls


def encoded(pack: Pack, texts: list[str]) -> Vector:
    assert pack.clip_text is not None
    return np.concatenate([pack.clip_text.encode_texts(texts[i : i + 64]) for i in range(0, len(texts), 64)])


def detection(folder: Path, boxed: BoxedPhotos) -> Numbers:
    """Mean average precision at IoU 0.5 with LOW as threshold; recall of any label with the threshold of an ingest."""
    pack = load_pack(folder, RunOptions(score_threshold=LOW))
    usual = pack.with_thresholds(score_threshold=USUAL, nms_iou=0.45)
    assert pack.detector is not None
    assert usual.detector is not None
    numbers = {label.id: n + 1 for n, label in enumerate(pack.labels)}
    detections: list[dict[str, Any]] = []
    truth: list[dict[str, Any]] = []
    met: list[bool] = []
    small: list[bool] = []
    for number, (row, photo) in enumerate(zip(boxed.rows, boxed.photos, strict=True)):
        for seen in pack.detector.detect([photo.pixels])[0]:
            x, y, right, bottom = seen.box.as_list()
            entry = {"bbox": [x, y, right - x, bottom - y], "score": seen.score, "category_id": numbers[seen.label]}
            detections.append(entry | {"image_id": number + 1})
        for b in row["boxes"]:
            w, h = b["bbox_xywh"][2:]
            about = {"bbox": b["bbox_xywh"], "area": w * h, "iscrowd": b["iscrowd"], "category_id": numbers[b["label"]]}
            truth.append(about | {"image_id": number + 1, "id": len(truth) + 1})
        kept = [seen.box for seen in usual.detector.detect([photo.pixels])[0]]
        for box, _ in photo.boxes:
            met.append(any(box.iou(other) >= 0.5 for other in kept))
            small.append(box.area < SMALL)
    hits, tiny = np.array(met), np.array(small)
    return {
        "mAP50": _map50(truth, detections, len(boxed.rows), numbers),
        "recall": float(hits.mean()),
        "recall, small": float(hits[tiny].mean()),
        "boxes": len(hits),
    }


def _map50(truth: list[Any], detections: list[Any], pictures: int, numbers: dict[str, int]) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        gold = COCO()
        gold.dataset = {
            "images": [{"id": n + 1} for n in range(pictures)],
            "annotations": truth,
            "categories": [{"id": number, "name": name} for name, number in numbers.items()],
        }
        gold.createIndex()
        judged = COCOeval(gold, gold.loadRes(detections), "bbox")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return float(judged.stats[1])


def by_picture(pack: Pack, boxed: BoxedPhotos, *, padding: float | None = None, network: str = "vit") -> Numbers:
    """Every box asked; the nearest boxes of other photos should have its label."""
    encoder = pack.vit if network == "vit" else pack.clip_image
    assert encoder is not None
    padding = pack.crop_padding if padding is None else padding
    vectors, labels, owners = [], [], []
    for number, photo in enumerate(boxed.photos):
        cut = [crop(photo.pixels, box, padding) for box, _ in photo.boxes]
        vectors += [encoder.encode_images(cut[i : i + BATCH]) for i in range(0, len(cut), BATCH)]
        labels += [label for _, label in photo.boxes]
        owners += [number] * len(cut)
    return recalls(np.concatenate(vectors), np.array(labels), np.array(owners))


def recalls(vectors: Vector, labels: npt.NDArray[np.str_], owners: npt.NDArray[np.int64]) -> Numbers:
    """R@1 and R@5 of vectors among those of other owners. Labels that no other owner has are asked too: as misses."""
    scores = vectors @ vectors.T
    scores[owners[:, None] == owners[None]] = -2
    best = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    right = labels[best] == labels[:, None]
    return {"R@1": float(right[:, 0].mean()), "R@5": float(right.any(1).mean()), "asked": len(labels)}
