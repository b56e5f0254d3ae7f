"""The word test: does an everyday noun put a right box first, and does a wrong one say that it is unsure?

Words, right answers and the gallery were written down before any training (words.json, splits.py). Every photo gives
its whole frame and the boxes of an ingest, which have their label from the pack's threshold on. A word that names a
class of the detector ranks boxes of that class first, as an exact label does in the product; all else by CLIP, and what
is weak by the product's own calibration, which lowers the relevance of boxes that the detector is not sure of.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Vector
from boxlens.imaging.decoding import crop
from boxlens.models.packs.pack import Pack
from boxlens.search.scoring.calibrate import SAMPLE_SIZE, SURE_BOX, Sample
from boxlens.search.scoring.thresholds import WEAK
from training.photographs.measure import BATCH, Numbers, encoded, read
from training.photographs.splits import Photo, word_gallery

OVERLAP = 0.3  # IoU with a labelled box from which a hit is on it
LEAST_SIDE = 16  # pixels of a box that is kept
MOST = 6  # boxes of a photo, surest first


@dataclass(frozen=True, slots=True)
class Shown:
    """One box of the gallery; ``label`` is the detector's, none for a whole frame or an unsure box.

    ``score`` is the detector's, 1 for a whole frame.
    """

    photo: int
    box: Box
    label: str | None
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    photos: list[Photo]
    shown: list[Shown]
    vectors: Vector


def gallery(pack: Pack, root: Path) -> Gallery:
    """Frames and boxes of all photos of the word test."""
    assert pack.detector is not None
    assert pack.clip_image is not None
    photos_of_test = word_gallery(root)
    shown: list[Shown] = []
    vectors: list[Vector] = []
    for number, photo in enumerate(photos_of_test):
        pixels = read(photo.path)
        whole = Box(0, 0, pixels.shape[1], pixels.shape[0])
        boxes = [Shown(number, whole, None, 1.0)]
        for seen in pack.detector.detect([pixels])[0][:MOST]:
            if min(seen.box.x2 - seen.box.x1, seen.box.y2 - seen.box.y1) >= LEAST_SIDE:
                label = seen.label if seen.score >= pack.threshold else None
                boxes.append(Shown(number, seen.box, label, seen.score))
        cut = [crop(pixels, b.box, pack.crop_padding) for b in boxes]
        vectors += [pack.clip_image.encode_images(cut[i : i + BATCH]) for i in range(0, len(cut), BATCH)]
        shown += boxes
    return Gallery(photos_of_test, shown, np.concatenate(vectors))


def judge(pack: Pack, seen: Gallery, words: Path) -> tuple[Numbers, list[dict[str, Any]]]:
    """Shares of words whose first hit is right, and is wrong without being marked as weak; and every word's answer."""
    chance = np.random.default_rng(7)
    places = chance.choice(len(seen.vectors), min(SAMPLE_SIZE, len(seen.vectors)), replace=False)
    sample = Sample(seen.vectors[places])
    classes = {name.lower(): label.id for label in pack.labels for name in (*label.en, *label.zh)}
    answers = []
    scores = np.array([s.score for s in seen.shown])
    for word in json.loads(words.read_text(encoding="utf-8"))["words"]:
        fits = np.array([right(word, seen.photos[s.photo], s.box) for s in seen.shown])
        for language in ("en", "zh"):
            vector = encoded(pack, [word[language]])[0]
            cosines = seen.vectors @ vector
            scale = sample.scale(vector, len(seen.vectors))
            assert scale is not None
            relevance = scale.relevance(cosines) * np.minimum(1, scores / SURE_BOX)
            label = classes.get(word[language].lower())
            named = np.array([label is not None and s.label == label for s in seen.shown])
            first = int(np.argmax(cosines + 10 * named))
            sure = float(scores[first] if named[first] else relevance[first]) >= WEAK
            about = {"word": word[language], "language": language, "coco": word["coco"], "label": bool(named[first])}
            hit = seen.photos[seen.shown[first].photo]
            about |= {"shown": bool(fits.any()), "right": bool(fits[first]), "sure": sure}
            answers.append(about | {"first": f"{hit.set}/{Path(hit.path).name}"})
    numbers: Numbers = {"photos": len(seen.photos), "boxes": len(seen.shown)}
    for language in ("en", "zh"):
        asked = [a for a in answers if a["language"] == language and a["shown"]]
        numbers[f"{language} asked"] = len(asked)
        numbers[f"{language} right first"] = float(np.mean([a["right"] for a in asked]))
        numbers[f"{language} wrong and sure"] = float(np.mean([not a["right"] and a["sure"] for a in asked]))
    return numbers, answers


def right(word: dict[str, Any], photo: Photo, box: Box) -> bool:
    """Is this box of this photo an answer? The rule stands in words.json."""
    labels = set(word["labels"])
    boxes = [Box(*b[:4]) for b in photo.about.get("boxes", []) if b[4].lower() in labels]
    if boxes:
        return any(box.iou(other) >= OVERLAP for other in boxes)
    if labels & {label.lower() for label in photo.labels}:
        return True
    words = {piece for text in photo.about.get("captions_en", []) for piece in re.findall("[a-z]+", text.lower())}
    return bool(words & set(word["captions"]))
