"""YOLOX-Nano through our operator on real photos, measured by pycocotools against the boxes people drew."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

from tests.model_files.trial_pack import make_test_pack
from tests.shared import DATA, needs_photos

from boxlens.imaging.decoding import decode
from boxlens.models.coco_labels import COCO as CLASSES
from boxlens.models.packs.pack import RunOptions, load_pack


@needs_photos
def test_map50_on_the_photos(tmp_path: Path) -> None:
    pack = load_pack(make_test_pack(DATA, tmp_path), RunOptions(score_threshold=0.01, nms_iou=0.45))
    assert pack.detector is not None
    numbers = {label.id: number for number, label in enumerate(CLASSES, start=1)}
    photos = [p for p in json.loads((DATA / "photos" / "manifest.json").read_text("utf-8")) if p["boxes"]]
    detections = []
    for photo in photos:
        picture = decode((DATA / "photos" / photo["file"]).read_bytes(), max_pixels=64_000_000)
        assert (picture.width, picture.height) == (photo["width"], photo["height"])
        for seen in pack.detector.detect([picture.pixels])[0]:
            box = [seen.box.x1, seen.box.y1, seen.box.x2 - seen.box.x1, seen.box.y2 - seen.box.y1]
            detections.append(
                {"image_id": photo["id"], "category_id": numbers[seen.label], "bbox": box, "score": seen.score}
            )
    assert len(photos) >= 80
    assert map50(photos, numbers, detections) >= 0.44


def map50(photos: list[dict[str, Any]], numbers: dict[str, int], detections: list[dict[str, Any]]) -> float:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    boxes = [(photo["id"], box) for photo in photos for box in photo["boxes"]]
    truth = {
        "info": {},
        "images": [{"id": p["id"], "width": p["width"], "height": p["height"]} for p in photos],
        "categories": [{"id": number, "name": name} for name, number in numbers.items()],
        "annotations": [
            {
                "id": at,
                "image_id": image,
                "category_id": numbers[box["label"]],
                "bbox": box["bbox_xywh"],
                "area": box["bbox_xywh"][2] * box["bbox_xywh"][3],
                "iscrowd": box["iscrowd"],
            }
            for at, (image, box) in enumerate(boxes, start=1)
        ],
    }
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        measure = COCOeval(coco, coco.loadRes(detections), "bbox")
        measure.evaluate()
        measure.accumulate()
        measure.summarize()
    return float(measure.stats[1])
