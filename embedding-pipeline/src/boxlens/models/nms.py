"""Greedy non-maximum suppression per class, as in YOLO post-processing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]


def nms(boxes: Floats, scores: Floats, classes: Ints, iou: float, max_boxes: int = 300) -> Ints:
    """Indices of the boxes that stay, best score first, at most ``max_boxes``.

    A box goes when a better one of the same class overlaps it by more than ``iou`` (intersection over union).
    ``boxes``: (n, 4) xyxy. Equal scores keep their order.
    """
    order = np.argsort(-scores, kind="stable")
    # moving each class to a place of its own lets one pass serve all classes
    away = classes[order, None] * (np.abs(boxes).max(initial=0.0) * 2 + 1).astype(np.float64)
    x1, y1, x2, y2 = (boxes[order].astype(np.float64) + away).T
    areas = np.maximum(x2 - x1, 0) * np.maximum(y2 - y1, 0)
    left = np.arange(len(order))
    survivors: list[int] = []
    while left.size and len(survivors) < max_boxes:
        best, left = left[0], left[1:]
        survivors.append(int(best))
        width = np.minimum(x2[best], x2[left]) - np.maximum(x1[best], x1[left])
        height = np.minimum(y2[best], y2[left]) - np.maximum(y1[best], y1[left])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        left = left[shared <= iou * np.maximum(areas[best] + areas[left] - shared, 1e-12)]
    return order[survivors]
