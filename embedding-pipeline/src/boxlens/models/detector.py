"""The detector role: YOLOX, and the plain output of YOLOv5 and YOLOv8, over one Session.

YOLOX (Ge et al., 2021): BGR 0..255, letterbox at the top left, raw grid output. YOLOv5 and v8: RGB 0..1, letterbox in
the centre, boxes as centre and size in pixels of the network's input; v5 has an objectness, v8 has none and its
output is transposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from boxlens.domain.boxes import Box
from boxlens.domain.errors import ModelMissing
from boxlens.domain.objects import Detection, LabelName
from boxlens.domain.pictures import Pixels
from boxlens.models.nms import Floats, nms
from boxlens.models.runtimes.session import Session

Head = Literal["yolox", "yolov5", "yolov8"]
_PAD = 114  # the grey all YOLO networks are trained with
_STRIDES = (8, 16, 32)
_CANDIDATES = 3000  # boxes of one picture that enter NMS


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture lies in the network's input: scaled by ``ratio``, then moved by ``left`` and ``top`` pixels."""

    ratio: float
    left: int
    top: int


class YoloDetector:
    """``size`` is (height, width) of the network's input; scores and ``nms_iou`` are 0..1.

    Raises ModelMissing at first use when the file's output does not have this head over these labels.
    """

    def __init__(
        self,
        session: Session,
        labels: Sequence[LabelName],
        *,
        head: Head,
        size: tuple[int, int],
        score_threshold: float = 0.3,
        nms_iou: float = 0.45,
    ) -> None:
        self._session = session
        self._labels = tuple(labels)
        self._head: Head = head
        self._size = size
        self._threshold = score_threshold
        self._iou = nms_iou

    @property
    def labels(self) -> Sequence[LabelName]:
        return self._labels

    def with_thresholds(self, *, score_threshold: float, nms_iou: float) -> YoloDetector:
        """The same network with other thresholds; nothing is loaded again."""
        return YoloDetector(
            self._session,
            self._labels,
            head=self._head,
            size=self._size,
            score_threshold=score_threshold,
            nms_iou=nms_iou,
        )

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Detection]]:
        """Detections of each picture, best first, in its own pixels and clipped to it."""
        if not pictures:
            return []
        letterboxed = [letterbox(picture, self._size, centre=self._head != "yolox") for picture in pictures]
        batch = np.stack([to_tensor(canvas, self._head) for canvas, _ in letterboxed])
        output = self._session.run(batch)[0]
        self._check(output)
        return [
            self._boxes(raw, placement, picture.shape[1], picture.shape[0])
            for raw, (_, placement), picture in zip(output, letterboxed, pictures, strict=True)
        ]

    def check(self) -> None:
        """Load the network and compare it with what the pack says of it. Raises ModelMissing."""
        self.detect([np.zeros((8, 8, 3), np.uint8)])

    def _check(self, output: npt.NDArray[np.float32]) -> None:
        expected = len(self._labels) + (4 if self._head == "yolov8" else 5)
        numbers = output.shape[1 if self._head == "yolov8" else -1] if output.ndim == 3 else None
        if numbers != expected:
            raise ModelMissing(
                f"The detector gives {tuple(output.shape)}; head {self._head} with {len(self._labels)} classes needs "
                f"{expected} numbers a box.",
                hint="Check the pack's detector file, head and labels: boxlens models verify NAME",
            )

    def _boxes(self, raw: Floats, placement: Letterbox, width: int, height: int) -> list[Detection]:
        centres, scores, classes = decode(raw, self._head, self._size, self._threshold)
        corners = np.concatenate([centres[:, :2] - centres[:, 2:] / 2, centres[:, :2] + centres[:, 2:] / 2], axis=1)
        keep = nms(corners, scores, classes, self._iou)
        shift = np.array([placement.left, placement.top] * 2, np.float32)
        limits = np.array([width, height] * 2, np.float32)
        inside = np.clip((corners[keep] - shift) / placement.ratio, 0, limits)
        return [
            Detection(Box(*map(float, box)), self._labels[label].id, min(float(score), 1.0))
            for box, label, score in zip(inside, classes[keep], scores[keep], strict=True)
            if box[2] > box[0] and box[3] > box[1]
        ]


def letterbox(picture: Pixels, size: tuple[int, int], *, centre: bool) -> tuple[Pixels, Letterbox]:
    """The whole picture in an input of ``size`` (height, width), the rest grey; at the top left or in the centre."""
    height, width = picture.shape[:2]
    ratio = min(size[0] / height, size[1] / width)
    whole = round if centre else int  # as each family's own code does; it is worth 0.9 points of mAP50 to YOLOX-Nano
    inner_w, inner_h = max(1, whole(width * ratio)), max(1, whole(height * ratio))
    left, top = ((size[1] - inner_w) // 2, (size[0] - inner_h) // 2) if centre else (0, 0)
    canvas = np.full((*size, 3), _PAD, np.uint8)
    canvas[top : top + inner_h, left : left + inner_w] = cv2.resize(picture, (inner_w, inner_h))
    return canvas, Letterbox(ratio, left, top)


def to_tensor(canvas: Pixels, head: Head) -> Floats:
    """Network input float32 (3, h, w): BGR 0..255 for YOLOX, RGB 0..1 for the others."""
    channels = canvas[:, :, ::-1] if head == "yolox" else canvas
    planes = np.ascontiguousarray(channels.transpose(2, 0, 1), dtype=np.float32)
    return planes if head == "yolox" else planes / np.float32(255)


def decode(
    raw: Floats, head: Head, size: tuple[int, int], threshold: float
) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    """One picture's raw output to boxes (n, 4) as centre and size in input pixels, scores (n,) and classes (n,).

    Each place of the grid gives its best class alone. Only scores of at least ``threshold`` come back.
    """
    rows = raw.T if head == "yolov8" else raw
    named = rows[:, 4:] if head == "yolov8" else rows[:, 5:]
    classes = named.argmax(axis=1)
    scores = named[np.arange(len(named)), classes]
    if head != "yolov8":
        scores = scores * rows[:, 4]
    keep = np.flatnonzero(scores >= threshold)
    if keep.size > _CANDIDATES:
        keep = keep[np.argsort(-scores[keep], kind="stable")[:_CANDIDATES]]
    boxes = rows[keep, :4]
    if head == "yolox":
        grid, stride = _grid(size)
        boxes = np.concatenate(
            [(boxes[:, :2] + grid[keep]) * stride[keep], np.exp(np.minimum(boxes[:, 2:], 20)) * stride[keep]], axis=1
        )
    return boxes, scores[keep], classes[keep]


@lru_cache(maxsize=8)
def _grid(size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Cell corners (n, 2) and strides (n, 1) of all places of a YOLOX output, in its order."""
    grids, strides = [], []
    for stride in _STRIDES:
        xs, ys = np.meshgrid(np.arange(size[1] // stride), np.arange(size[0] // stride))
        cells = np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32)
        grids.append(cells)
        strides.append(np.full((len(cells), 1), stride, np.float32))
    return np.concatenate(grids), np.concatenate(strides)
