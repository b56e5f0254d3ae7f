"""Small data sets in the public layouts, written by tests from pictures they have."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Pictures = Mapping[int, bytes]
Told = Sequence[tuple[int, str, Sequence[int]]]  # text id, text, picture ids


def write_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    return path


def muge(folder: Path, pictures: Pictures, texts: Told, split: str = "test") -> Path:
    """``{split}_imgs.tsv`` and ``{split}_texts.jsonl``, as Chinese-CLIP's README describes them."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{i}\t{base64.b64encode(data).decode()}" for i, data in pictures.items()]
    (folder / f"{split}_imgs.tsv").write_text("\n".join(rows) + "\n")
    lines = [json.dumps({"text_id": i, "text": t, "image_ids": list(ids)}, ensure_ascii=False) for i, t, ids in texts]
    (folder / f"{split}_texts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def flickr(folder: Path, pictures: Pictures, lines: Sequence[str], split: str = "zhmbosontest") -> Path:
    """Flickr30k-CN as published: lines of captions, pictures beside them."""
    text = folder / f"flickr30k{split}" / "TextData" / f"seg.flickr30k{split}.caption.txt"
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "flickr30k-images").mkdir(exist_ok=True)
    for i, data in pictures.items():
        (folder / "flickr30k-images" / f"{i}.jpg").write_bytes(data)
    return folder


def coco_name(i: int) -> str:
    return f"COCO_val2014_{i:012d}"


def coco_cn(folder: Path, pictures: Pictures, captions: Mapping[int, Sequence[str]]) -> Path:
    """COCO-CN as published: all pictures in the test split."""
    (folder / "val2014").mkdir(parents=True, exist_ok=True)
    for i, data in pictures.items():
        (folder / "val2014" / f"{coco_name(i)}.jpg").write_bytes(data)
    (folder / "coco-cn_test.txt").write_text("".join(f"{coco_name(i)}\n" for i in pictures))
    lines = [f"{coco_name(i)}#{n}\t{text}" for i, texts in captions.items() for n, text in enumerate(texts)]
    (folder / "imageid.human-written-caption.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def coco(
    folder: Path,
    pictures: Pictures,
    captions: Mapping[int, Sequence[str]],
    boxes: Sequence[tuple[int, str, Sequence[float]]],
    categories: Sequence[str],
) -> Path:
    """COCO val2017: captions and instances; ``boxes`` are (picture, category, xywh)."""
    (folder / "val2017").mkdir(parents=True, exist_ok=True)
    for i, data in pictures.items():
        (folder / "val2017" / f"{i:012d}.jpg").write_bytes(data)
    images = [{"id": i, "file_name": f"{i:012d}.jpg"} for i in pictures]
    notes = [
        {"id": n, "image_id": i, "caption": text}
        for n, (i, text) in enumerate((i, text) for i, texts in captions.items() for text in texts)
    ]
    write_json(folder / "annotations" / "captions_val2017.json", {"images": images, "annotations": notes})
    ids = {name: n for n, name in enumerate(categories, start=1)}
    instances = [
        {"id": n, "image_id": i, "category_id": ids[name], "bbox": list(box), "iscrowd": 0}
        for n, (i, name, box) in enumerate(boxes)
    ]
    content = {
        "images": images,
        "annotations": instances,
        "categories": [{"id": n, "name": name} for name, n in ids.items()],
    }
    write_json(folder / "annotations" / "instances_val2017.json", content)
    return folder
