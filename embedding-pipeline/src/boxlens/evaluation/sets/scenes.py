"""The sample scenes of the demo, with the truth they were drawn from: every thing by its name in both languages."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from boxlens.domain.boxes import Box
from boxlens.evaluation.sets.lines import json_file
from boxlens.evaluation.sets.values import EvalImage, EvalSet, EvalText, broken

TRUTH = "truth.json"


def is_scenes(folder: Path) -> bool:
    return (folder / TRUTH).is_file()


def read_scenes(folder: Path) -> EvalSet:
    """Scenes written by ``samples.making``; pictures are numbered in the order of the file. Raises BadSource."""
    path = folder / TRUTH
    images = []
    boxes: dict[str, dict[int, list[Box]]] = defaultdict(lambda: defaultdict(list))
    names: dict[str, dict[str, str]] = {}
    for number, scene in enumerate(json_file(path)):
        try:
            picture = folder / scene["file"]
            for entry in scene["objects"]:
                boxes[entry["thing"]][number].append(Box(*map(float, entry["box"])))
                names[entry["thing"]] = {"zh": entry["zh"][0], "en": entry["en"][0]}
        except (KeyError, TypeError, IndexError) as error:
            raise broken(path, 1, f"scene {number} cannot be read ({error!r})") from error
        if not picture.is_file():
            raise broken(path, 1, f"scene {number} names {scene['file']}, which is not there")
        images.append(EvalImage(number, picture))
    texts: list[EvalText] = []
    for language in ("zh", "en"):
        for thing in sorted(boxes):
            held = {image_id: tuple(seen) for image_id, seen in boxes[thing].items()}
            texts.append(EvalText(len(texts), names[thing][language], frozenset(held), held, f"names {language}"))
    return EvalSet(folder.resolve().name, "scenes", tuple(images), tuple(texts))
