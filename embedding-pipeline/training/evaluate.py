"""Measures a pack on scenes it was never trained on: trained styles, and apart from them the style it never saw.

Everything runs through the pack as a user has it (ONNX, its own preprocessing). Galleries are crops of scenes, one for
every thing, cut by the true box.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boxlens.domain.objects import Detection, Vector
from boxlens.domain.pictures import Pixels
from boxlens.imaging.decoding import crop
from boxlens.models.packs.pack import Pack, RunOptions, load_pack
from boxlens.samples.artwork import DEMO_STYLES, TRAINING_STYLES, UNSEEN_STYLE
from boxlens.samples.making import sample_scenes
from boxlens.samples.names import things
from boxlens.samples.scenes import Scene, SceneObject

LOG = logging.getLogger("training")
SEED = 990_000  # far from every training seed
RANKS = (1, 5, 10)
USUAL = 0.3  # the score threshold of Boxlens' own settings
SETS = {"demo styles": DEMO_STYLES, "trained styles": TRAINING_STYLES, "unseen style": (UNSEEN_STYLE,)}
Numbers = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Vectors of one crop for every thing; ``numbers`` are indices in ``things()``."""

    numbers: npt.NDArray[np.int64]
    vit: Vector
    clip: Vector


def evaluate(folder: Path, target: Path, *, scenes: int) -> None:
    """Write evaluation.json and evaluation.md of the pack in ``folder`` into ``target``."""
    pack = load_pack(folder, RunOptions(score_threshold=0.01))
    result: dict[str, object] = {"pack": pack.info.name, "revision": pack.info.revision, "scenes": scenes}
    made = {name: _scenes(styles, 0, scenes) for name, styles in SETS.items()}
    LOG.info("scenes drawn")
    result["detection"] = {name: detection(pack, first) for name, first in made.items()}
    galleries = {name: (gallery(pack, a), gallery(pack, _scenes(SETS[name], 1, scenes))) for name, a in made.items()}
    result["text to object"] = {name: text_to_object(pack, pair[0]) for name, pair in galleries.items()}
    seen = galleries["trained styles"]
    pairs = {
        "demo styles": galleries["demo styles"],
        "trained styles": seen,
        "unseen style to trained styles": (galleries["unseen style"][0], seen[1]),
        "unseen style": galleries["unseen style"],
    }
    result["object to object, vit"] = {
        name: _recall(a.vit, a.numbers, b.vit, b.numbers) for name, (a, b) in pairs.items()
    }
    result["object to object, clip"] = {
        name: _recall(a.clip, a.numbers, b.clip, b.numbers) for name, (a, b) in pairs.items()
    }
    result["text to detected object"] = {name: found_by_text(pack, first) for name, first in made.items()}
    target.mkdir(parents=True, exist_ok=True)
    (target / "evaluation.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (target / "evaluation.md").write_text(_markdown(result), encoding="utf-8")
    LOG.info("%s", json.dumps(result))


def _scenes(styles: Sequence[str], part: int, count: int) -> list[Scene]:
    """The generator deals out all things in rounds, of about 175 scenes each."""
    return sample_scenes(count, SEED + part, styles)


def detection(pack: Pack, scenes: Sequence[Scene]) -> dict[str, float]:
    """AP50 (101 points, as COCO computes it), and figures at the usual threshold."""
    assert pack.detector is not None
    parts = [scenes[start : start + 8] for start in range(0, len(scenes), 8)]
    detections = [hits for part in parts for hits in pack.detector.detect([s.picture for s in part])]
    strong = [[d for d in hits if d.score >= USUAL] for hits in detections]
    overlaps = [o for s, hits in zip(scenes, strong, strict=True) for _, o, _ in _matches(s.objects, hits)]
    true = sum(len(s.objects) for s in scenes)
    return {
        "AP50": _average_precision(scenes, detections),
        f"recall at {USUAL}": len(overlaps) / true,
        f"precision at {USUAL}": len(overlaps) / max(sum(map(len, strong)), 1),
        "mean IoU of found": float(np.mean(overlaps)) if overlaps else 0.0,
    }


def _average_precision(scenes: Sequence[Scene], detections: Sequence[Sequence[Detection]]) -> float:
    rows: list[tuple[float, bool]] = []
    for scene, hits in zip(scenes, detections, strict=True):
        right = {id(d) for _, _, d in _matches(scene.objects, hits)}
        rows += [(d.score, id(d) in right) for d in hits]
    rows.sort(key=lambda row: -row[0])
    hit = np.cumsum([ok for _, ok in rows]) if rows else np.zeros(1)
    recall = hit / sum(len(s.objects) for s in scenes)
    precision = np.maximum.accumulate((hit / np.arange(1, len(hit) + 1))[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101))
    return float(np.mean([precision[i] if i < len(precision) else 0.0 for i in at]))


def _matches(objects: Sequence[SceneObject], claims: Sequence[Detection]) -> list[tuple[SceneObject, float, Detection]]:
    """Claims, best score first, each take the free object they overlap most, with an IoU of at least 0.5."""
    free = list(objects)
    pairs = []
    for claim in sorted(claims, key=lambda d: -d.score):
        best = max(free, key=lambda o: o.box.iou(claim.box), default=None)
        if best is not None and (overlap := best.box.iou(claim.box)) >= 0.5:
            free.remove(best)
            pairs.append((best, overlap, claim))
    return pairs


def gallery(pack: Pack, scenes: Sequence[Scene]) -> Gallery:
    """The first crop of every thing that the scenes show."""
    number_of = {t.id: i for i, t in enumerate(things())}
    cut: dict[int, Pixels] = {}
    for scene in scenes:
        for obj in scene.objects:
            cut.setdefault(number_of[obj.thing_id], crop(scene.picture, obj.box, pack.crop_padding))
    numbers = sorted(cut)
    return Gallery(np.array(numbers), *_encode(pack, [cut[n] for n in numbers]))


def _encode(pack: Pack, crops: Sequence[Pixels]) -> tuple[Vector, Vector]:
    assert pack.vit is not None
    assert pack.clip_image is not None
    parts = [crops[i : i + 64] for i in range(0, len(crops), 64)]
    vit = np.concatenate([pack.vit.encode_images(part) for part in parts])
    return vit, np.concatenate([pack.clip_image.encode_images(part) for part in parts])


def text_to_object(pack: Pack, crops: Gallery) -> dict[str, float]:
    """Recall of a thing's crop among all things, asked for by its best name."""
    assert pack.clip_text is not None
    numbers: dict[str, float] = {"things": float(len(crops.numbers))}
    for language in ("zh", "en"):
        names = [(t.zh if language == "zh" else t.en)[0] for t in things()]
        vectors = pack.clip_text.encode_texts([names[n] for n in crops.numbers])
        recall = _recall(vectors, crops.numbers, crops.clip, crops.numbers)
        numbers |= {f"{language} {key}": value for key, value in recall.items()}
    return numbers


def _recall(queries: Vector, of: npt.NDArray[np.int64], among: Vector, are: npt.NDArray[np.int64]) -> dict[str, float]:
    present = np.isin(of, are)
    order = np.argsort(-(queries[present] @ among.T), axis=1, kind="stable")
    right = are[order] == of[present][:, None]
    return {f"R@{k}": float(right[:, :k].any(1).mean()) for k in RANKS}


def found_by_text(pack: Pack, scenes: Sequence[Scene]) -> dict[str, float]:
    """Search as a user does it: detected boxes, CLIP vectors, best names as queries.

    "hit@k": the best k boxes hold one with the thing asked for (IoU of at least 0.5).
    """
    assert pack.detector is not None
    assert pack.clip_text is not None
    crops: list[Pixels] = []
    shows: list[str | None] = []
    overlaps: list[float] = []
    for scene in scenes:
        hits = [d for d in pack.detector.detect([scene.picture])[0] if d.score >= USUAL]
        matched = {id(d): (o, overlap) for o, overlap, d in _matches(scene.objects, hits)}
        for hit in hits:
            crops.append(crop(scene.picture, hit.box, pack.crop_padding))
            obj, overlap = matched.get(id(hit), (None, 0.0))
            shows.append(obj.thing_id if obj else None)
            overlaps.append(overlap)
    if not crops:
        return {}
    clip = _encode(pack, crops)[1]
    asked_for = sorted({o.thing_id for s in scenes for o in s.objects})
    named = {t.id: t for t in things()}
    numbers: dict[str, float] = {"boxes": float(len(crops)), "things asked for": float(len(asked_for))}
    for language in ("zh", "en"):
        texts = [(named[t].zh if language == "zh" else named[t].en)[0] for t in asked_for]
        best = np.argsort(-(pack.clip_text.encode_texts(texts) @ clip.T), axis=1, kind="stable")[:, :5]
        right = np.array([[shows[i] == thing for i in row] for thing, row in zip(asked_for, best, strict=True)])
        met = np.array([[overlaps[i] for i in row] for row in best])
        numbers |= {f"{language} hit@1": float(right[:, 0].mean()), f"{language} hit@5": float(right.any(1).mean())}
        numbers[f"{language} IoU of right ones"] = float(met[right].mean()) if right.any() else 0.0
    return numbers


def _markdown(result: dict[str, object]) -> str:
    lines = [f"# Pack {result['pack']}, revision {result['revision']}: measured on unseen scenes", ""]
    lines += [
        f'{result["scenes"]} scenes a set. "Unseen style" is {UNSEEN_STYLE}, which no network was trained on.',
        "",
    ]
    for title, table in result.items():
        if not isinstance(table, dict):
            continue
        columns = list(dict.fromkeys(key for row in table.values() for key in row))
        lines += [
            f"## {title[0].upper()}{title[1:]}",
            "",
            "| | " + " | ".join(columns) + " |",
            "|---" * (len(columns) + 1) + "|",
        ]
        for name, row in table.items():
            cells = (_cell(row.get(column)) for column in columns)
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if value > 1 else f"{value:.3f}"
