"""Prints how often a box finds its like in another photograph: with less or more margin, and with the label that the
detector sees in it.

``PYTHONPATH=embedding-pipeline python -m benchmarks.crops [PACK]`` from the root of the repository, where
``tests.shared`` finds the photographs: those of VOC and COCO that only measure (``training.photographs.splits``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tests import shared
from training.photographs.measure import read
from training.photographs.splits import photos

from benchmarks.boxes import VOC
from benchmarks.guides.tables import head, percent, table
from boxlens.domain.boxes import Box
from boxlens.domain.objects import Detection, Vector
from boxlens.domain.pictures import Pixels
from boxlens.imaging.decoding import crop
from boxlens.models.packs.pack import BUNDLED, Pack, RunOptions, load_pack
from boxlens.search.scoring.fuse import RANK_CONSTANT
from boxlens.search.scoring.fusion_weights import EXAMPLE

PHOTOS, LEAST_SIDE, BATCH = 160, 16, 16
PADDINGS = (0.0, 0.15, 0.3)
BONUSES = (0.0, 0.02, 0.05, 0.1, 0.2, 1.0)
SAME_THING = 0.5
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A labelled box of a photograph, and the label and score that the detector gives to what lies there."""

    owner: int
    pixels: Pixels
    box: Box
    label: str
    seen: str


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "photos"
    pack = load_pack(BUNDLED / name, RunOptions(score_threshold=0.15))
    asked = list(boxes(pack))
    print(head(f"python -m benchmarks.crops {name}", f"{len(asked)} boxes of {PHOTOS} photographs", pack.info))
    by_padding = {padding: similarities(pack, asked, padding) for padding in PADDINGS}
    print(
        "\n"
        + table(
            ("margin", "vit, R@1 / R@5, %", "clip, %", "both as a search weighs them, %"), margins(asked, by_padding)
        )
    )
    heads = ("bonus", "R@1 / R@5, %", "boxes whose label is seen, R@1 / R@5, %")
    print("\n" + table(heads, bonuses(asked, fused(by_padding[pack.crop_padding]))))


def boxes(pack: Pack) -> Iterator[Asked]:
    """The boxes of the photographs, of COCO first, with what the detector sees best in each."""
    assert pack.detector is not None
    chosen = [photo for photo in photos(shared.DATA, ("coco", "animal_pose")) if photo.use == "measure"]
    chosen = [photo for photo in chosen if photo.about.get("boxes")][:PHOTOS]
    for owner, photo in enumerate(chosen):
        pixels = read(photo.path)
        detections = pack.detector.detect([pixels])[0]
        for *sides, label in photo.about["boxes"]:
            box = Box(*sides).rounded().clipped(pixels.shape[1], pixels.shape[0])
            if min(box.x2 - box.x1, box.y2 - box.y1) >= LEAST_SIDE:
                yield Asked(owner, pixels, box, VOC.get(label) or label, _seen(box, detections, pack.threshold))


def _seen(box: Box, detections: Sequence[Detection], threshold: float) -> str:
    there = [d for d in detections if d.score >= threshold and d.box.iou(box) >= SAME_THING]
    return max(there, key=lambda d: d.score).label if there else ""


def similarities(pack: Pack, asked: Sequence[Asked], padding: float) -> dict[str, Scores]:
    """Cosines of every box with every other, by network; with those of its own photograph it is not compared."""
    owners = np.array([entry.owner for entry in asked])
    crops = [crop(entry.pixels, entry.box, padding) for entry in asked]
    cosines = {}
    for network, encoder in (("vit", pack.vit), ("clip", pack.clip_image)):
        assert encoder is not None
        parts: list[Vector] = [encoder.encode_images(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)]
        vectors = np.concatenate(parts).astype(np.float64)
        cosines[network] = np.where(owners[:, None] == owners[None], -np.inf, vectors @ vectors.T)
    return cosines


def fused(cosines: dict[str, Scores]) -> Scores:
    """Weighted reciprocal ranks, as ``search.scoring.fuse``."""
    total = np.zeros_like(cosines["vit"])
    for network in ("vit", "clip"):
        ranks = np.argsort(np.argsort(-cosines[network], axis=1, kind="stable"), axis=1) + 1
        total += EXAMPLE[network] / (RANK_CONSTANT + ranks)
    return np.where(np.isinf(cosines["vit"]), -np.inf, total)


def recalls(asked: Sequence[Asked], scores: Scores, rows: npt.NDArray[np.bool_] | None = None) -> str:
    labels = np.array([entry.label for entry in asked])
    best = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    right = labels[best] == labels[:, None]
    right = right if rows is None else right[rows]
    return percent(float(right[:, 0].mean()), float(right.any(1).mean()))


def margins(asked: Sequence[Asked], by_padding: dict[float, dict[str, Scores]]) -> Iterator[tuple[str, ...]]:
    for padding, cosines in by_padding.items():
        yield (str(padding), *(recalls(asked, cosines[n]) for n in ("vit", "clip")), recalls(asked, fused(cosines)))


def bonuses(asked: Sequence[Asked], scores: Scores) -> Iterator[tuple[str, ...]]:
    """A sum added to the score of all boxes with the label that is seen in the query box."""
    seen = np.array([entry.seen for entry in asked])
    same = (seen[:, None] == seen[None]) & (seen != "")[:, None]
    for bonus in BONUSES:
        lifted = scores + bonus * same
        yield (str(bonus), recalls(asked, lifted), recalls(asked, lifted, seen != ""))


if __name__ == "__main__":
    main()
