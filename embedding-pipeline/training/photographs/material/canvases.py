"""Canvases that the detector learns from: single photographs and mosaics, named softly by a teacher, as features.

The student's backbone is frozen, so its maps are computed once. Written in chunks of CHUNK canvases, each an .npz of
float16: the three maps, the teacher's objectness of all places, and boxes and classes of the places that may hold
something. Labelled boxes put right what the teacher says of them.
"""

from __future__ import annotations

import itertools
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from training.photographs.material.coco_names import class_of
from training.photographs.networks.backbone import Frozen, Maps, compiled
from training.photographs.splits import Photo

LOG = logging.getLogger("training")
SIDE = 416
CHUNK = 200
PLACES = 3549
KEPT = 400  # places of a canvas whose boxes and classes are kept
LEAST = 0.02  # the teacher's objectness from which a place is kept
_LAYOUTS = (1, 1, 2, 2, 2, 3)  # tiles each way
Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def picture(photo: Photo) -> Pixels:
    """RGB of a photo in its true shape: a squashed one is stretched back, its longer side kept."""
    pixels = cv2.imread(str(photo.path), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise SystemExit(f"{photo.path} cannot be read")
    width, height = photo.about.get("true_width"), photo.about.get("true_height")
    if width and height:
        scale = max(pixels.shape[:2]) / max(width, height)
        pixels = cv2.resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))
    return np.asarray(pixels, np.uint8)


def labelled(photo: Photo) -> list[tuple[float, float, float, float, int]]:
    """Labelled boxes of COCO's classes as shares of the photo's sides, with the class's number."""
    if photo.set == "flickr8k":  # groups may be one box there
        return []
    width, height = photo.about["width"], photo.about["height"]
    classed = ((class_of(b[4]), b) for b in photo.about.get("boxes", []))
    return [(b[0] / width, b[1] / height, b[2] / width, b[3] / height, c) for c, b in classed if c is not None]


def canvas(photos: list[Photo], chance: np.random.Generator) -> tuple[Pixels, Floats]:
    """A mosaic of random photos, RGB (SIDE, SIDE, 3), and labelled boxes (n, 5): xyxy in pixels and class."""
    tiles = int(chance.choice(_LAYOUTS))
    if tiles == 1 and chance.random() < 0.6:
        return _single(photos[int(chance.integers(len(photos)))], chance)
    cuts = np.linspace(0, SIDE, tiles + 1)
    cuts[1:-1] += chance.uniform(-0.25, 0.25, tiles - 1) * SIDE / tiles
    edges = cuts.round().astype(int)
    out = np.zeros((SIDE, SIDE, 3), np.uint8)
    boxes: list[Floats] = []
    for top, bottom in itertools.pairwise(edges):
        for left, right in itertools.pairwise(edges):
            photo = photos[int(chance.integers(len(photos)))]
            tile, tile_boxes = _cover(photo, right - left, bottom - top, chance)
            out[top:bottom, left:right] = tile
            tile_boxes[:, :4] += (left, top, left, top)
            boxes.append(tile_boxes)
    return _lit(out, chance), np.concatenate(boxes)


def _single(photo: Photo, chance: np.random.Generator) -> tuple[Pixels, Floats]:
    """A whole photo as the product lays it, sometimes smaller."""
    pixels = picture(photo)
    scale = SIDE / max(pixels.shape[:2]) * float(chance.uniform(0.75, 1))
    width, height = int(pixels.shape[1] * scale), int(pixels.shape[0] * scale)
    out = np.full((SIDE, SIDE, 3), 114, np.uint8)
    flip = chance.random() < 0.5
    out[:height, :width] = cv2.resize(pixels[:, ::-1] if flip else pixels, (width, height))
    boxes = _boxes(photo, flip) * np.array([width, height, width, height, 1], np.float32)
    return _lit(out, chance), boxes


def _cover(photo: Photo, width: int, height: int, chance: np.random.Generator) -> tuple[Pixels, Floats]:
    """A random part of a photo that fills width x height, and the boxes of which at least 40 % is still seen."""
    pixels = picture(photo)
    scale = max(width / pixels.shape[1], height / pixels.shape[0]) * float(chance.uniform(1, 1.4))
    w, h = max(width, round(pixels.shape[1] * scale)), max(height, round(pixels.shape[0] * scale))
    left, top = int(chance.integers(w - width + 1)), int(chance.integers(h - height + 1))
    flip = chance.random() < 0.5
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    part = np.asarray(cv2.resize(pixels[:, ::-1] if flip else pixels, (w, h), interpolation=way), np.uint8)
    boxes = _boxes(photo, flip) * np.array([w, h, w, h, 1], np.float32)
    whole = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    boxes[:, :4] -= (left, top, left, top)
    boxes[:, [0, 2]] = boxes[:, [0, 2]].clip(0, width)
    boxes[:, [1, 3]] = boxes[:, [1, 3]].clip(0, height)
    seen = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return part[top : top + height, left : left + width], boxes[(seen >= 0.4 * whole) & (seen > 16)]


def _boxes(photo: Photo, flip: bool) -> Floats:
    boxes = np.array(labelled(photo), np.float32).reshape(-1, 5)
    if flip:
        boxes[:, [0, 2]] = 1 - boxes[:, [2, 0]]
    return boxes


def _lit(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """Another brightness and contrast, now and then."""
    if chance.random() < 0.5:
        return pixels
    lit: Pixels = np.clip(pixels * chance.uniform(0.7, 1.3) + chance.uniform(-25, 25), 0, 255).astype(np.uint8)
    return lit


def corrected(teacher: Floats, boxes: Floats) -> Floats:
    """The teacher's output (places, 85), raised where labelled boxes (n, 5) say that something is there.

    A place whose box meets a labelled one with an IoU of at least 0.55 gets that IoU as objectness and 0.9 for the
    class; where no place does, the place in its middle, of the stride that fits its size, gets the box itself.
    """
    out = teacher.copy()
    corners, strides = grid()
    centre = (out[:, :2] + corners) * strides
    half = np.exp(np.minimum(out[:, 2:4], 8)) * strides / 2
    spans = np.concatenate([centre - half, centre + half], 1)
    for box in boxes:
        low, high = np.maximum(spans[:, :2], box[:2]), np.minimum(spans[:, 2:], box[2:4])
        cut = (high - low).clip(0).prod(1)
        area = (box[2:4] - box[:2]).prod()
        iou = cut / ((spans[:, 2:] - spans[:, :2]).prod(1) + area - cut)
        places = np.flatnonzero((iou >= 0.55) & (out[:, 4] > 0.05))
        if not places.size:
            size, middle = float(np.sqrt(area)), (box[:2] + box[2:4]) / 2
            stride = 8 if size < 48 else 16 if size < 128 else 32
            at = (middle // stride).clip(0, SIDE // stride - 1)
            places = np.flatnonzero((strides[:, 0] == stride) & (corners == at).all(1))
            out[places, :2] = middle / stride - at
            out[places, 2:4] = np.log(np.maximum(box[2:4] - box[:2], 2) / stride)
            iou[places] = 0.6
            out[places, 5:] *= 0.3
        out[places, 4] = np.maximum(out[places, 4], iou[places])
        out[places, 5 + int(box[4])] = np.maximum(out[places, 5 + int(box[4])], 0.9)
    return out


def grid() -> tuple[Floats, Floats]:
    """Cell corners (places, 2) and strides (places, 1) in the order of a YOLOX output."""
    corners, strides = [], []
    for stride in (8, 16, 32):
        y, x = np.mgrid[: SIDE // stride, : SIDE // stride]
        corners.append(np.stack([x.ravel(), y.ravel()], 1).astype(np.float32))
        strides.append(np.full((len(corners[-1]), 1), stride, np.float32))
    return np.concatenate(corners), np.concatenate(strides)


def write(root: Path, photos: list[Photo], folder: Path, *, chunks: int, seed: int) -> None:
    """Write chunks that are not there yet; each depends on its number and the seed alone."""
    folder.mkdir(parents=True, exist_ok=True)
    student, teacher = Frozen(Maps(), SIDE, folder), compiled(root / "models" / "yolox_nano.onnx")
    for number in range(chunks):
        path = folder / f"chunk{number:04d}.npz"
        if path.exists():
            continue
        chance = np.random.default_rng([seed, number])
        rows = [_row(*canvas(photos, chance), student, teacher) for _ in range(CHUNK)]
        arrays: dict[str, Any] = {key: np.stack([row[key] for row in rows]) for key in ("c3", "c4", "c5", "objectness")}
        arrays["count"] = np.array([len(row["index"]) for row in rows])
        arrays |= {key: np.concatenate([row[key] for row in rows]) for key in ("index", "box", "classes")}
        part = path.with_suffix(".part.npz")
        np.savez(part, **arrays)
        part.rename(path)
        LOG.info("%s: %d places kept", path.name, len(arrays["index"]))


def _row(pixels: Pixels, boxes: Floats, student: Frozen, teacher: Any) -> dict[str, Any]:
    blob = np.ascontiguousarray(pixels[None, :, :, ::-1].transpose(0, 3, 1, 2), np.float32)
    said = corrected(np.asarray(teacher(blob)[0])[0], boxes)
    kept = np.flatnonzero(said[:, 4] >= LEAST)
    kept = kept[np.argsort(-said[kept, 4], kind="stable")[:KEPT]]
    maps = student(pixels[None])
    row: dict[str, Any] = {f"c{n}": m[0].astype(np.float16) for n, m in zip((3, 4, 5), maps, strict=True)}
    row |= {"objectness": said[:, 4].astype(np.float16), "index": kept.astype(np.int16)}
    return row | {"box": said[kept, :4].astype(np.float16), "classes": said[kept, 5:].astype(np.float16)}
