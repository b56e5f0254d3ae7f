"""Which views and photographs are learned from, and how often."""

from __future__ import annotations

from pathlib import Path

from training.photographs.material.views import View, crops, whole
from training.photographs.splits import Photo, number, photos

_OFTEN = {"coco": 24}  # it alone has all 80 classes
_BOXED = ("animal_pose", "coco", "fruit_boxes")


def parts(root: Path, sets: frozenset[str]) -> dict[str, list[View]]:
    """Views of the photographs of ``sets`` in parts that are computed one after the other; no part is empty.

    Training may begin with the first two.
    """
    everything = [p for p in photos(root) if p.set in sets]
    flickr = [p for p in everything if p.set == "flickr8k" and p.use != "out"]
    learned = [p for p in everything if p.set != "flickr8k" and p.use == "learn"]
    views = {
        "a": [v for p in flickr for v in whole(p, more=p.use == "learn")],
        "b": [v for p in learned if not _spared(p) for v in whole(p, more=0)],
        "c": [v for p in learned if p.set in _BOXED for v in crops(p, most=3 if p.set == "animal_pose" else 12)],
        "d": [v for p in flickr if p.use != "measure" for v in crops(p, most=3 if p.use == "learn" else 1)],
        "e": [v for p in flickr if p.use == "learn" for v in whole(p, more=3)[2:]],
    }
    return {part: some for part, some in views.items() if some}


def _spared(photo: Photo) -> bool:
    """Two thirds of the clothes: ten classes need no more."""
    return photo.set == "clothing_small" and number(photo.set, photo.about["file"]) // 7 % 3 > 0


def for_canvases(root: Path) -> list[Photo]:
    """Photos to learn boxes from, each as often as it is drawn; of shots of single things a part."""
    mixed = [p for p in photos(root) if p.use == "learn"]
    some = ("clothing_small", "grocery_store")
    return [
        p
        for p in mixed
        if p.set not in some or number(p.set, p.about["file"]) // 7 % 4 == 0
        for _ in range(_OFTEN.get(p.set, 1))
    ]
