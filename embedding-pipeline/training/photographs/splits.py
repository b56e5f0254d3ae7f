"""Which photographs are learned from, which are watched while learning, and which only measure.

Written down before any training. A file's hash decides where its set does not: the SHA-256 of ``set/file name``.

- flickr8k: ``train`` is learned from, but one photo in twelve is only watched; ``val`` only measures; photos without a
  split are left out.
- caltech101, clothing_small, grocery_store, fruit_boxes: ``train`` is learned from, every other split only measures.
- animal_pose, coco: one photo in eight only measures, all others are learned from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Use = Literal["learn", "watch", "measure", "out"]
SETS = ("flickr8k", "animal_pose", "coco", "grocery_store", "clothing_small", "caltech101", "fruit_boxes")
RESEARCH_ONLY = frozenset({"flickr8k", "animal_pose", "coco"})
_GALLERY = {"flickr8k": 5, "caltech101": 2, "clothing_small": 7, "grocery_store": 5, "animal_pose": 3}


@dataclass(frozen=True, slots=True)
class Photo:
    """One line of a set's manifest. ``about`` is the line as it stands; ``use`` what the photo may serve."""

    set: str
    path: Path
    use: Use
    about: dict[str, Any]

    @property
    def labels(self) -> list[str]:
        """English labels of the whole photo; none for Caltech's background pictures."""
        label = self.about.get("label_en", [])
        names = [label] if isinstance(label, str) else list(label)
        return [name for name in names if name != "BACKGROUND_Google"]


def number(set_name: str, file: str) -> int:
    """A whole number that stays the same for a file: the first 8 hex digits of the SHA-256 of ``set/file name``."""
    return int(hashlib.sha256(f"{set_name}/{Path(file).name}".encode()).hexdigest()[:8], 16)


def use_of(set_name: str, about: dict[str, Any]) -> Use:
    split = about.get("split")
    chance = number(set_name, about["file"])
    if set_name == "flickr8k":
        if split == "train":
            return "watch" if chance % 12 == 0 else "learn"
        return "measure" if split == "val" else "out"
    if set_name in ("animal_pose", "coco"):
        return "measure" if chance % 8 == 0 else "learn"
    return "learn" if split == "train" else "measure"


def photos(root: Path, sets: tuple[str, ...] = SETS) -> Iterator[Photo]:
    """All photographs of ``root``/photo_sets in the order of the sets and of their manifests."""
    for name in sets:
        folder = root / "photo_sets" / name
        with (folder / "manifest.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                about = json.loads(line)
                yield Photo(name, folder / about["file"], use_of(name, about), about)


def word_gallery(root: Path) -> list[Photo]:
    """The photographs that the word test searches: some of those that only measure, a share of each set by hash."""
    return [
        photo
        for photo in photos(root)
        if photo.use == "measure" and number(photo.set, photo.about["file"]) // 97 % _GALLERY.get(photo.set, 1) == 0
    ]
