"""Small videos made by OpenCV: shots of one background each, with a block of colour that wanders through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

FPS, SIZE = 10, (160, 120)
GROUNDS = ((40, 90, 200), (200, 60, 60), (60, 190, 80), (30, 30, 30), (210, 210, 90), (120, 40, 160))


def write_video(path: Path, shots: Sequence[tuple[int, float]], *, wandering: bool = False) -> Path:
    """``shots``: which of GROUNDS, and for how many seconds."""
    return write_frames(path, _frames(shots, wandering))


def write_frames(path: Path, frames: Iterable[npt.NDArray[Any]]) -> Path:
    """``frames``: uint8 (height, width, 3) of SIZE, BGR."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE)
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def _frames(shots: Sequence[tuple[int, float]], wandering: bool) -> Iterator[npt.NDArray[Any]]:
    number = 0
    for ground, seconds in shots:
        for _ in range(round(seconds * FPS)):
            frame = np.full((SIZE[1], SIZE[0], 3), GROUNDS[ground], np.uint8)
            left = 10 + (number * 47 // 100 if wandering else 20) % 90
            frame[30:90, left : left + 50] = (30, 30, 220)
            frame[:20, ::4] = 255 - frame[:20, ::4]
            yield frame
            number += 1
