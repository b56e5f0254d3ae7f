"""Prints the table of docs/folding.md: which changes of a picture still fold, and which other pictures do.

``python -m benchmarks.folding`` from the root of the repository.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import cv2
import numpy as np
from tests import shared

from benchmarks.guides.tables import head, table
from boxlens.domain.pictures import Pixels
from boxlens.imaging.decoding import decode
from boxlens.imaging.perceptual_hash import is_duplicate, picture_hash
from boxlens.samples.making import sample_scenes

SCENES, SEED = 150, 3


def jpeg(quality: int) -> Callable[[Pixels], Pixels]:
    def change(pixels: Pixels) -> Pixels:
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

    return change


def scaled(factor: float) -> Callable[[Pixels], Pixels]:
    return lambda p: np.asarray(cv2.resize(p, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def cut(share: float, *, corner: bool = False) -> Callable[[Pixels], Pixels]:
    def change(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        top, left = round(height * share), round(width * share)
        if corner:
            return pixels[top:, left:]
        return pixels[top // 2 : height - top // 2, left // 2 : width - left // 2]

    return change


def brightness(factor: float, plus: int = 0) -> Callable[[Pixels], Pixels]:
    return lambda p: np.asarray(np.clip(p.astype(np.float32) * factor + plus, 0, 255), np.uint8)


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "saved again as JPEG 50": jpeg(50),
    "saved again as JPEG 20": jpeg(20),
    "half as wide": scaled(0.5),
    "2 % cut off, both sides": cut(0.02),
    "2 % cut off, one corner": cut(0.02, corner=True),
    "25 of 256 levels brighter": brightness(1, 25),
    "a fifth darker": brightness(0.8),
    "a fifth brighter, clipped": brightness(1.2),
    "half as wide, 2 % cut off, JPEG 50": lambda p: jpeg(50)(scaled(0.5)(cut(0.02)(p))),
}


def with_more(pictures: list[Pixels], share: float) -> list[Pixels]:
    """Each picture with a part of another put into it, over so much of its area."""
    rng = np.random.default_rng(0)
    changed = []
    for i, picture in enumerate(pictures):
        height, width = (round(side * share**0.5) for side in picture.shape[:2])
        top, left = (int(rng.integers(0, a - b)) for a, b in zip(picture.shape, (height, width), strict=False))
        more = picture.copy()
        other = pictures[(i + 1 + int(rng.integers(len(pictures) - 1))) % len(pictures)]
        more[top : top + height, left : left + width] = cv2.resize(other, (width, height))
        changed.append(more)
    return changed


def main() -> None:
    photos = [
        decode((shared.PHOTOS / name).read_bytes(), max_pixels=10**8).pixels for name in sorted(shared.manifest())
    ]
    worlds = {"photos": photos, "scenes": [scene.picture for scene in sample_scenes(SCENES, SEED)]}
    hashes = {name: [picture_hash(picture) for picture in pictures] for name, pictures in worlds.items()}
    print(head("python -m benchmarks.folding", "the share of pictures that fold with their changed copy") + "\n")
    rows: list[tuple[str, ...]] = []
    for change, make in CHANGES.items():
        shares = [_share(hashes[name], [picture_hash(make(p)) for p in pictures]) for name, pictures in worlds.items()]
        rows.append((change, *shares))
    for share in (0.005, 0.01, 0.02, 0.05, 0.1):
        shares = [
            _share(hashes[name], [picture_hash(p) for p in with_more(pictures, share)])
            for name, pictures in worlds.items()
        ]
        rows.append((f"another thing over {share:.1%} of it", *shares))
    pairs = [[is_duplicate(a, b) for a, b in combinations(hashes_of_kind, 2)] for hashes_of_kind in hashes.values()]
    rows.append(
        ("two different pictures", *(f"{sum(duplicates)} pairs of {len(duplicates):,}" for duplicates in pairs))
    )
    print(table(("change", *(f"{len(pictures)} {name}" for name, pictures in worlds.items())), rows))


def _share(hashes: list[str], changed: list[str]) -> str:
    return f"{np.mean([is_duplicate(a, b) for a, b in zip(hashes, changed, strict=True)]):.1%}"


if __name__ == "__main__":
    main()
