"""COCO (Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014) as published.

``annotations/captions_val2017.json`` gives captions, ``annotations/instances_val2017.json`` boxes: each category with
a box is asked for by its name, which tells whether the right box is found. At least one of the two must be there;
pictures lie anywhere below the folder.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadSource
from boxlens.evaluation.sets.lines import json_file, pictures_below
from boxlens.evaluation.sets.values import EvalImage, EvalSet, EvalText

_SPLITS = ("val2017", "val2014", "train2017", "train2014")


def is_coco(folder: Path) -> bool:
    return any(folder.rglob("captions_*.json")) or any(folder.rglob("instances_*.json"))


def read_coco(folder: Path, split: str | None = None) -> EvalSet:
    """A split such as val2017 (without one: the first there is). Raises BadSource."""
    split, captions, instances = _files(folder, split)
    images: dict[int, EvalImage] = {}
    texts: list[EvalText] = []
    absent: tuple[str, ...] = ()
    files = pictures_below(folder)
    if captions is not None:
        content = json_file(captions)
        images |= _images(captions, content, files)
        for note in _entries(captions, content, "annotations"):
            image_id = _image_id(captions, note, images)
            words = str(note.get("caption", "")).strip()
            if not words:
                raise _wrong(captions, note, "has no caption")
            texts.append(EvalText(len(texts), words, frozenset({image_id})))
    if instances is not None:
        content = json_file(instances)
        images |= _images(instances, content, files)
        named_texts, absent = _names(instances, content, images, len(texts))
        texts += named_texts
    return EvalSet(f"{folder.resolve().name} {split}", "coco", tuple(images.values()), tuple(texts), absent)


def _files(folder: Path, split: str | None) -> tuple[str, Path | None, Path | None]:
    for name in (split,) if split else _SPLITS:
        captions = next(iter(sorted(folder.rglob(f"captions_{name}.json"))), None)
        instances = next(iter(sorted(folder.rglob(f"instances_{name}.json"))), None)
        if captions or instances:
            return name, captions, instances
    raise BadSource(
        f"{folder} has no captions_{split or 'val2017'}.json and no instances_{split or 'val2017'}.json.",
        hint="Give the folder that holds annotations/ and the pictures.",
    )


def _images(path: Path, content: Any, files: dict[str, Path]) -> dict[int, EvalImage]:
    images = {}
    for entry in _entries(path, content, "images"):
        name = Path(str(entry.get("file_name", ""))).stem
        if not isinstance(entry.get("id"), int):
            raise _wrong(path, entry, "has no id")
        if name not in files:
            raise _wrong(path, entry, f"names {entry.get('file_name')!r}, which is not below the folder")
        images[entry["id"]] = EvalImage(entry["id"], files[name])
    return images


def _names(
    path: Path, content: Any, images: dict[int, EvalImage], first: int
) -> tuple[list[EvalText], tuple[str, ...]]:
    """A text for each category with boxes, and the names of those without any."""
    names = {c["id"]: str(c["name"]) for c in _entries(path, content, "categories")}
    boxes: dict[int, dict[int, list[Box]]] = defaultdict(lambda: defaultdict(list))
    for note in _entries(path, content, "annotations"):
        image_id, category = _image_id(path, note, images), note.get("category_id")
        if not isinstance(category, int) or category not in names:
            raise _wrong(path, note, f"has the unknown category {category!r}")
        try:
            x, y, w, h = map(float, note["bbox"])
        except (KeyError, TypeError, ValueError) as error:
            raise _wrong(path, note, "has no bbox of four numbers") from error
        boxes[category][image_id].append(Box(x, y, x + w, y + h))
    texts = []
    for number, (category, by_image) in enumerate(sorted(boxes.items())):
        held = {image_id: tuple(seen) for image_id, seen in by_image.items()}
        texts.append(EvalText(first + number, names[category], frozenset(held), held, "names"))
    return texts, tuple(name for category, name in sorted(names.items()) if category not in boxes)


def _entries(path: Path, content: Any, part: str) -> list[dict[str, Any]]:
    entries = content.get(part) if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadSource(f"{path} has no list {part!r}.", hint="This is not a COCO annotation file.")
    return entries


def _image_id(path: Path, note: dict[str, Any], images: dict[int, EvalImage]) -> int:
    image_id = note.get("image_id")
    if not isinstance(image_id, int) or image_id not in images:
        raise _wrong(path, note, f"has the unknown image_id {image_id!r}")
    return image_id


def _wrong(path: Path, entry: dict[str, Any], what: str) -> BadSource:
    """The error of one entry; the files are one long line, so its id stands where a line number would."""
    return BadSource(f"{path}: entry {entry.get('id')!r} {what}.", hint="Fetch the file and its pictures again.")
