"""Made-up scenes of labelled boxes whose truth is known, and a brute force that tries every assignment of boxes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from boxlens.domain.boxes import Box
from boxlens.domain.objects import IndexedObject, LabelName, Vector
from boxlens.domain.pictures import ImageRecord
from boxlens.domain.queries import Part
from boxlens.search.multi_object.relations import Boxes, as_array, holds

Strengths = npt.NDArray[np.float64]

THINGS = (
    LabelName("dog", ("dog",), ("狗",)),
    LabelName("cat", ("cat",), ("猫",)),
    LabelName("person", ("person", "man"), ("人",)),
    LabelName("bicycle", ("bicycle", "bike"), ("自行车",)),
    LabelName("cup", ("cup",), ("杯子",)),
    LabelName("laptop", ("laptop", "computer"), ("电脑",)),
)
WIDTH, HEIGHT, DIMS = 640, 480, 12


def scenes(count: int, seed: int, most: int = 9) -> list[list[IndexedObject]]:
    """Images of 0 to ``most`` things, frame first; detector scores are sixty-fourths, which float32 holds exactly."""
    rng = np.random.default_rng(seed)
    return [_scene(f"scene-{seed}-{n}", rng, int(rng.integers(0, most + 1))) for n in range(count)]


def _scene(name: str, rng: np.random.Generator, things: int) -> list[IndexedObject]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    image = ImageRecord(digest, "b", f"{name}.jpg", f"file:///{name}.jpg", f"{name}.jpg", WIDTH, HEIGHT, 9, "jpeg", "m")
    whole = IndexedObject(image, 0, "frame", Box(0, 0, WIDTH, HEIGHT), "", 1.0, _unit(rng), _unit(rng))
    made = [whole]
    for number in range(1, things + 1):
        x, y = int(rng.integers(0, WIDTH - 40)), int(rng.integers(0, HEIGHT - 40))
        w, h = (int(side) for side in rng.integers(10, 300, 2))
        box = Box(x, y, min(x + w, WIDTH), min(y + h, HEIGHT))
        label = THINGS[int(rng.integers(len(THINGS)))].id
        made.append(
            IndexedObject(image, number, "object", box, label, int(rng.integers(8, 65)) / 64, _unit(rng), _unit(rng))
        )
    return made


def _unit(rng: np.random.Generator) -> Vector:
    vector = rng.standard_normal(DIMS)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def truth(images: Sequence[Sequence[IndexedObject]], parts: Sequence[Part], labels: Sequence[str]) -> list[str]:
    """Ids of the images that hold every part, the strongest weakest member first; ``labels``: that of each part."""
    results = []
    for image in images:
        objects = [o for o in image if o.kind == "object"]
        boxes = as_array([o.box.as_list() for o in objects])
        strengths = np.array([[o.box_score if o.label == label else 0.0 for o in objects] for label in labels])
        best = brute_force(parts, boxes, strengths)
        if best is not None:
            results.append((-best, image[0].image.image_id))
    return [image_id for _, image_id in sorted(results)]


def brute_force(parts: Sequence[Part], boxes: Boxes, strengths: Strengths) -> float | None:
    """The best weakest strength over all assignments there are; None when there is none."""
    best: float | None = None

    def go(p: int, chosen: list[tuple[int, ...]]) -> None:
        nonlocal best
        if p == len(parts):
            if stands(parts, boxes, chosen):
                weakest = float(min(strengths[q, i] for q, boxes_chosen in enumerate(chosen) for i in boxes_chosen))
                best = weakest if best is None else max(best, weakest)
            return
        free = [i for i in range(len(boxes)) if strengths[p, i] > 0 and all(i not in c for c in chosen)]
        for boxes_chosen in combinations(free, parts[p].min_count):
            go(p + 1, [*chosen, boxes_chosen])

    if all(p.max_count is None or (row > 0).sum() <= p.max_count for p, row in zip(parts, strengths, strict=True)):
        go(0, [])
    return best


def stands(parts: Sequence[Part], boxes: Boxes, chosen: Sequence[Sequence[int]]) -> bool:
    """Whether an assignment keeps every relation and uses no box twice."""
    used = [i for boxes_chosen in chosen for i in boxes_chosen]
    return len(used) == len(set(used)) and all(
        holds(p.relation.name, boxes[[i]], boxes[[j]])[0, 0]
        for p, mine in zip(parts, chosen, strict=True)
        if p.relation
        for i in mine
        for j in chosen[p.relation.other]
    )
