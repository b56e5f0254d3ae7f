"""Which class of COCO a label of another set means."""

from __future__ import annotations

from boxlens.models.coco_labels import COCO

_OTHER = {
    "aeroplane": "airplane", "motorbike": "motorcycle", "sofa": "couch", "tvmonitor": "tv",
    "diningtable": "dining table", "pottedplant": "potted plant",
}  # fmt: skip
_NUMBER = {c.id: number for number, c in enumerate(COCO)}


def class_of(label: str) -> int | None:
    """The number of the class, or None when COCO has none of that name."""
    return _NUMBER.get(_OTHER.get(label, label))
