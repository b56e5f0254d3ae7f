"""Long pictures are looked at in squares and others in tiles where that is asked for; a thing is told once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Detection, TextLine
from boxlens.domain.pictures import Pixels
from boxlens.pipeline.windows import LONG, MAX_WINDOWS, look, windows


def blank(width: int, height: int) -> Pixels:
    return np.zeros((height, width, 3), np.uint8)


@given(st.integers(1, 3000), st.integers(1, 3000), st.booleans())
def test_every_pixel_is_in_a_window_and_no_window_reaches_out(width: int, height: int, tiles: bool) -> None:
    boxes = windows(width, height, tiles=tiles)
    assert 1 <= len(boxes) <= MAX_WINDOWS
    for low, high, length in (("x1", "x2", width), ("y1", "y2", height)):
        spans = sorted((getattr(box, low), getattr(box, high)) for box in boxes)
        assert (min(a for a, _ in spans), max(b for _, b in spans)) == (0, length)
        reach = 0.0
        for start, end in spans:
            assert start <= reach
            reach = max(reach, end)


@pytest.mark.parametrize(("width", "height"), [(200, 9000), (9000, 200)])
def test_a_very_long_picture_is_cut_into_squares(width: int, height: int) -> None:
    boxes = windows(width, height)
    assert len(boxes) > 40
    assert all(box.x2 - box.x1 == box.y2 - box.y1 == 200 for box in boxes)


def test_a_picture_of_usual_shape_is_one_window_and_four_more_as_tiles() -> None:
    assert windows(round(LONG * 100), 100) == [Box(0, 0, 300, 100)]
    assert len(windows(640, 480, tiles=True)) == 5


def bright(parts: Sequence[Pixels]) -> list[list[Detection]]:
    """Finds the bright pixels of a part as one thing, the surer the more there are."""
    detections: list[list[Detection]] = []
    for part in parts:
        rows, columns = np.nonzero(part[:, :, 0])
        box = Box(*map(float, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))) if rows.size else None
        detections.append([Detection(box, "lamp", box.area / 10_000)] if box else [])
    return detections


def test_what_two_windows_show_is_one_thing_in_the_pixels_of_the_picture() -> None:
    picture = blank(200, 9000)
    picture[4000:4060, 50:110] = 255
    (detections,) = look([picture], bright)
    assert [detection.box for detection in detections] == [Box(50, 4000, 110, 4060)]


def test_a_thing_that_every_window_cuts_through_is_one_box_around_all_of_it() -> None:
    picture = blank(200, 2000)
    picture[640:900, 50:150] = 255  # higher than a window
    ((thing,),) = look([picture], bright)
    assert thing.box == Box(50, 640, 150, 900)


def test_the_order_of_one_window_is_kept() -> None:
    lines = [TextLine("first", Box(1, 1, 9, 5), 0.7), TextLine("second", Box(1, 6, 9, 9), 0.9)]
    assert look([blank(20, 10)], lambda parts: [lines for _ in parts]) == [lines]


def test_things_apart_and_of_other_labels_all_stay() -> None:
    picture = blank(100, 1000)
    picture[20:40, 20:40] = picture[900:940, 20:60] = 255
    (detections,) = look([picture], bright)
    assert sorted(detection.box.y1 for detection in detections) == [20, 900]

    def both(parts: Sequence[Pixels]) -> list[list[Detection]]:
        return [[d, Detection(d.box, "sun", d.score)] for (d,) in bright(parts)]

    assert len(look([np.full((80, 80, 3), 255, np.uint8)], both, tiles=True)[0]) == 2


def test_lines_of_text_come_once_too() -> None:
    def read(parts: Sequence[Pixels]) -> list[list[TextLine]]:
        return [[TextLine("word", d.box, d.score) for d in some] for some in bright(parts)]

    picture = blank(100, 1000)
    picture[300:320, 10:90] = 255
    assert [line.box for line in look([picture], read)[0]] == [Box(10, 300, 90, 320)]
