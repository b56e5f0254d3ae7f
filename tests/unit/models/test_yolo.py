"""Letterbox, heads and NMS of the detector, against made outputs and a slow reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxlens.domain.boxes import Box
from boxlens.domain.errors import ModelMissing
from boxlens.domain.objects import LabelName
from boxlens.models.detector import Head, YoloDetector, letterbox, to_tensor
from boxlens.models.nms import nms
from boxlens.models.runtimes.session import Array, TensorSpec

LABELS = [LabelName(name, (name,), ()) for name in ("car", "dog", "cat")]


class Fixed:
    """A session that gives the same raw output for every picture, and keeps what it was given."""

    def __init__(self, raw: Array) -> None:
        self.raw = raw
        self.seen: list[Array] = []

    @property
    def input(self) -> TensorSpec:
        return TensorSpec("images", (None, 3, 64, 96), "float32")

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        return (TensorSpec("output", (None, None, None), "float32"),)

    def run(self, batch: Array) -> list[Array]:
        self.seen.append(batch)
        return [np.repeat(self.raw[None], len(batch), axis=0)]


def detector(raw: Array, head: Head, size: tuple[int, int] = (64, 96)) -> YoloDetector:
    return YoloDetector(Fixed(raw.astype(np.float32)), LABELS, head=head, size=size)


def slow_nms(boxes: Array, scores: Array, classes: Array, iou: float) -> list[int]:
    remaining: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        this = Box(*map(float, boxes[i]))
        if all(classes[i] != classes[j] or this.iou(Box(*map(float, boxes[j]))) <= iou for j in remaining):
            remaining.append(i)
    return remaining


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.sampled_from([0.0, 0.3, 0.45, 0.7, 1.0]))
def test_nms_is_that_of_the_slow_reference(seed: int, count: int, iou: float) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.integers(-20, 60, (count, 2))
    boxes = np.concatenate([corner, corner + rng.integers(1, 40, (count, 2))], axis=1).astype(np.float32)
    scores = rng.choice([0.1, 0.5, 0.5, 0.9], count).astype(np.float32)
    classes = rng.integers(0, 3, count)
    assert nms(boxes, scores, classes, iou).tolist() == slow_nms(boxes, scores, classes, iou)


def test_nms_keeps_at_most_so_many() -> None:
    boxes = np.array([[i * 10, 0, i * 10 + 5, 5] for i in range(20)], np.float32)
    assert nms(boxes, np.linspace(1, 0, 20, dtype=np.float32), np.zeros(20, np.intp), 0.5, max_boxes=4).tolist() == [
        0,
        1,
        2,
        3,
    ]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 900), st.integers(1, 900), st.booleans())
def test_letterbox_holds_the_whole_picture(width: int, height: int, centre: bool) -> None:
    canvas, fit = letterbox(np.full((height, width, 3), 255, np.uint8), (64, 96), centre=centre)
    assert canvas.shape == (64, 96, 3)
    inner = np.argwhere((canvas == 255).all(axis=2))
    (top, left), (bottom, right) = inner.min(axis=0), inner.max(axis=0) + 1
    assert (fit.top, fit.left) == (top, left)
    assert abs((right - left) - width * fit.ratio) <= 1
    assert abs((bottom - top) - height * fit.ratio) <= 1
    outside = np.ones((64, 96), bool)
    outside[top:bottom, left:right] = False
    assert (canvas[outside] == 114).all()
    if not centre:
        assert (top, left) == (0, 0)


def test_what_each_head_is_fed() -> None:
    canvas = np.full((64, 96, 3), (255, 0, 51), np.uint8)
    assert to_tensor(canvas, "yolox")[:, 0, 0].tolist() == [51, 0, 255]
    assert to_tensor(canvas, "yolov8")[:, 0, 0].tolist() == pytest.approx([1, 0, 0.2])
    assert to_tensor(canvas, "yolov5").shape == (3, 64, 96)


def v8(*rows: Sequence[float]) -> Array:
    """Rows of (cx, cy, w, h, car, dog, cat) as the transposed output."""
    return np.array(rows, np.float32).T


def test_v8_boxes_come_back_in_the_picture() -> None:
    picture = np.zeros((128, 384, 3), np.uint8)  # laid into 64 x 96 at a quarter, 16 rows down
    detections = detector(v8([24, 24, 20, 8, 0.1, 0.9, 0.2], [24, 25, 20, 8, 0.1, 0.8, 0.2]), "yolov8").detect(
        [picture]
    )
    assert len(detections[0]) == 1
    assert detections[0][0].label == "dog"
    assert detections[0][0].score == pytest.approx(0.9)
    assert detections[0][0].box.as_list() == pytest.approx([56, 16, 136, 48])


def test_v5_scores_are_objectness_times_class() -> None:
    raw = np.array([[48, 32, 20, 20, 0.5, 0.8, 0.1, 0.1], [20, 32, 8, 8, 0.2, 0.9, 0, 0]])
    (detection,) = detector(raw, "yolov5").detect([np.zeros((64, 96, 3), np.uint8)])[0]
    assert detection.label == "car"
    assert detection.score == pytest.approx(0.4)
    assert detection.box.as_list() == pytest.approx([38, 22, 58, 42])


def test_yolox_grid_is_decoded() -> None:
    places = [(64 // s) * (96 // s) for s in (8, 16, 32)]
    raw = np.zeros((sum(places), 8))
    # column 2, row 1 of the middle grid: centre (2 + 0.5, 1 + 0.25) * 16, size (e^0, e^1) * 16
    raw[places[0] + 1 * (96 // 16) + 2] = [0.5, 0.25, 0, 1, 0.9, 0, 0, 1]
    detections = detector(raw, "yolox").detect([np.zeros((32, 48, 3), np.uint8)])[0]
    assert [d.label for d in detections] == ["cat"]
    half = np.e * 8
    expected = np.array([40 - 8, 20 - half, 40 + 8, 20 + half]) / 2
    assert detections[0].box.as_list() == pytest.approx([expected[0], 0, expected[2], expected[3]], rel=1e-5)


def test_boxes_are_clipped_and_those_outside_dropped() -> None:
    raw = v8([0, 32, 40, 200, 0.9, 0, 0], [48, 2, 10, 4, 0.9, 0, 0])  # the second lies in the grey above
    detections = detector(raw, "yolov8").detect([np.zeros((128, 384, 3), np.uint8)])[0]
    assert len(detections) == 1
    assert detections[0].box == Box(0, 0, 80, 128)


def test_thresholds_and_order() -> None:
    raw = v8([10, 30, 8, 8, 0.35, 0, 0], [50, 30, 8, 8, 0.95, 0, 0], [80, 30, 8, 8, 0.2, 0, 0])
    base = detector(raw, "yolov8")
    picture = np.zeros((64, 96, 3), np.uint8)
    assert [d.score for d in base.detect([picture])[0]] == pytest.approx([0.95, 0.35])
    assert len(base.with_thresholds(score_threshold=0.1, nms_iou=0.45).detect([picture])[0]) == 3
    assert base.with_thresholds(score_threshold=0.99, nms_iou=0.45).detect([picture]) == [[]]
    assert base.detect([]) == []


def test_pictures_of_several_sizes_share_a_batch() -> None:
    base = detector(v8([48, 32, 20, 20, 0.9, 0, 0]), "yolov8")
    detections = base.detect([np.zeros((64, 96, 3), np.uint8), np.zeros((128, 192, 3), np.uint8)])
    assert detections[1][0].box.as_list() == pytest.approx([2 * n for n in detections[0][0].box.as_list()])


@pytest.mark.parametrize(("raw", "head"), [(np.zeros((10, 85)), "yolox"), (np.zeros((9, 20)), "yolov8")])
def test_an_output_that_does_not_fit_the_labels_is_named(raw: Array, head: Head) -> None:
    with pytest.raises(ModelMissing, match="3 classes"):
        detector(raw, head).check()
