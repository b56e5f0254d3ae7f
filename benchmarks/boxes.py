"""Prints what a pack's boxes are worth at each score, on labelled photographs that it never learned from.

``PYTHONPATH=embedding-pipeline python -m benchmarks.boxes [PACK]`` from the root of the repository, where
``tests.shared`` finds the photographs: those of VOC 2012 that only measure (``training.photographs.splits``). The
thresholds of an ingest and ``search.scoring.calibrate.certainty`` rest on these tables.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from tests import shared
from training.photographs.splits import photos

from benchmarks.guides.tables import head, percent, table
from boxlens.domain.boxes import Box
from boxlens.domain.objects import Detection
from boxlens.domain.pictures import Pixels
from boxlens.models.packs.pack import BUNDLED, Pack, RunOptions, load_pack
from boxlens.pipeline.windows import look
from boxlens.samples.making import sample_scenes

LOWEST, SAME_THING = 0.05, 0.5
OTHERS, SEED = 150, 7
SMALL = 32**2  # square pixels, as COCO has it
LOOKS = (("objects alone", 0.3, False), ("with proposals", 0.15, False), ("with tiles", 0.15, True))
SURE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
BINS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.01)
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
VOC = dict.fromkeys("bicycle bird boat bottle bus car cat chair cow dog horse person sheep train".split(), "") | {
    "aeroplane": "airplane",
    "diningtable": "dining table",
    "motorbike": "motorcycle",
    "pottedplant": "potted plant",
    "sofa": "couch",
    "tvmonitor": "tv",
}
"""The classes that these photographs are labelled with throughout; what COCO calls them where that is another name."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A photograph with all of its labelled things, and what the detector sees in it."""

    things: Sequence[tuple[Box, str]]
    seen: Sequence[Detection]


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "photos"
    pack = load_pack(BUNDLED / name, RunOptions(score_threshold=LOWEST))
    seen = [Labelled(things, _seen(pack, pixels)) for pixels, things in labelled()]
    print(head(f"python -m benchmarks.boxes {name}", f"{len(seen)} photographs of VOC 2012", pack.info))
    print("\n" + table(("score", "boxes", "label right, %", "any thing there, %"), precision(seen)))
    columns = ("boxes", "any label, %", "of small things, %", "boxes a picture", "detector, ms a picture")
    print("\n" + table(columns, recall(pack)))
    rows = fit(pack, [photo.seen for photo in seen])
    print("\n" + table(("pictures", "how many", *(f"surest box from {score}, %" for score in SURE)), rows))
    print("\n" + table(("threshold", "counts right, %", "off by one, %", "boxes a picture"), counts(seen)))


def labelled() -> Iterator[tuple[Pixels, list[tuple[Box, str]]]]:
    for photo in photos(shared.DATA, ("animal_pose",)):
        if photo.use == "measure" and re.match(r"\d{4}_\d{6}", photo.path.name):
            yield _read(photo.path), [(Box(*box), VOC[label] or label) for *box, label in photo.about.get("boxes", [])]


def _read(path: Path) -> Pixels:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


def _seen(pack: Pack, pixels: Pixels) -> list[Detection]:
    assert pack.detector is not None
    return pack.detector.detect([pixels])[0]


def recall(pack: Pack) -> Iterator[tuple[str, ...]]:
    """Of the things in the boxed photographs that only measure: how many have a box, whatever its label."""
    detector = pack.detector
    assert detector is not None
    boxed = [entry for entry in shared.manifest().values() if entry["boxes"]]
    pictures = [_read(shared.DATA / "photos" / entry["file"]) for entry in boxed]
    for how, threshold, tiles in LOOKS:
        started = time.perf_counter()
        chosen = detector.with_thresholds(score_threshold=threshold, nms_iou=0.45)
        seen = [look([picture], chosen.detect, tiles=tiles)[0] for picture in pictures]
        spent = time.perf_counter() - started
        met: list[tuple[bool, bool]] = []
        for entry, detections in zip(boxed, seen, strict=True):
            for x, y, w, h in (box["bbox_xywh"] for box in entry["boxes"] if not box["iscrowd"]):
                there = any(Box(x, y, x + w, y + h).iou(d.box) >= SAME_THING for d in detections)
                met.append((there, w * h < SMALL))
        all_met, small = np.array(met).T
        shares = (percent(float(all_met.mean())), percent(float(all_met[small].mean())))
        boxes = sum(map(len, seen)) / len(seen)
        yield (f"{how}, from {threshold}", *shares, f"{boxes:.1f}", f"{1000 * spent / len(seen):.0f}")


def fit(pack: Pack, voc: Sequence[Sequence[Detection]]) -> Iterator[tuple[str, ...]]:
    """In how many pictures of a kind the detector is sure of anything."""
    flickr = [photo for photo in photos(shared.DATA, ("flickr8k",)) if photo.use == "measure"][:OTHERS]
    kinds = {
        "photographs of VOC": voc,
        "photographs of Flickr8k": [_seen(pack, _read(photo.path)) for photo in flickr],
        "drawings of the demo": [_seen(pack, scene.picture) for scene in sample_scenes(OTHERS, SEED)],
    }
    for name, pictures in kinds.items():
        best = np.array([max((seen.score for seen in picture), default=0.0) for picture in pictures])
        yield (name, str(len(best)), *(percent(float((best >= score).mean())) for score in SURE))


def precision(photographs: Sequence[Labelled]) -> Iterator[tuple[str, ...]]:
    """Of the boxes with a label of VOC in each range of scores: how many lie on a thing of that label, and on any."""
    judged = [
        (seen.score, _is_there(seen, photo, any_label=False), _is_there(seen, photo, any_label=True))
        for photo in photographs
        for seen in photo.seen
        if seen.label in voc_labels()
    ]
    for low, high in pairwise(BINS):
        rows = [(right, there) for score, right, there in judged if low <= score < high]
        shares = np.mean(rows, axis=0) if rows else (0.0, 0.0)
        yield (f"{low} to {min(high, 1)}", str(len(rows)), percent(shares[0]), percent(shares[1]))


def _is_there(seen: Detection, photo: Labelled, *, any_label: bool) -> bool:
    return any((any_label or label == seen.label) and box.iou(seen.box) >= SAME_THING for box, label in photo.things)


@lru_cache(maxsize=1)
def voc_labels() -> frozenset[str]:
    return frozenset(name or label for label, name in VOC.items())


def counts(photographs: Sequence[Labelled]) -> Iterator[tuple[str, ...]]:
    """Of each label that a photograph shows or is said to show: whether so many are seen as there are."""
    for threshold in THRESHOLDS:
        off: list[int] = []
        boxes = 0
        for photo in photographs:
            kept = [seen for seen in photo.seen if seen.score >= threshold]
            boxes += len(kept)
            there, counted = (Counter(label for _, label in photo.things), Counter(seen.label for seen in kept))
            off += [abs(there[label] - counted[label]) for label in voc_labels() if there[label] or counted[label]]
        right, near = (np.mean([amount <= most for amount in off]) for most in (0, 1))
        yield (str(threshold), percent(float(right)), percent(float(near)), f"{boxes / len(photographs):.1f}")


if __name__ == "__main__":
    main()
