"""The parts of a picture that a network looks at one by one, and what it saw in them as one list.

A network sees a picture scaled to a square. Of a very tall or wide one nothing would be left, so it is cut into squares
along its long side; tiles of any other picture show it small things (Akyon, Altinuc and Temizel, "Slicing aided hyper
inference and fine-tuning for small object detection", ICIP 2022).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Detection, TextLine
from boxlens.domain.pictures import Pixels

LONG = 3.0
"""Long side over short side from which a picture is cut into squares."""

OVERLAP = 0.25
"""Share of a window that the next one shows too, so that what one cuts through is whole in the other."""

MAX_WINDOWS = 64
"""A longer picture gets longer windows."""

INSIDE = 0.7
"""Share of the smaller of two boxes that lies in the other, from which both are one thing seen in two windows."""

SEAM = 0.25
"""The same share from which two boxes, both cut through by their windows, are the two halves of one thing."""

_EDGE = 0.02  # of a window's shorter side: how near to its edge a box is cut through by it

Seen = TypeVar("Seen", Detection, TextLine)


def windows(width: int, height: int, *, tiles: bool = False) -> list[Box]:
    """The windows of a picture of that size in pixels: all of it, or its squares where it is very long; with ``tiles``
    all of it and its four overlapping quarters.

    >>> [box.as_list() for box in windows(200, 100)]
    [[0, 0, 200, 100]]
    >>> [box.as_list() for box in windows(400, 100)]
    [[0, 0, 100, 100], [75, 0, 175, 100], [150, 0, 250, 100], [225, 0, 325, 100], [300, 0, 400, 100]]
    """
    short, long = min(width, height), max(width, height)
    if long > LONG * short:
        side = max(short, math.ceil(long / (1 + (MAX_WINDOWS - 1) * (1 - OVERLAP))))
        return [
            Box(start, 0, start + side, height) if width > height else Box(0, start, width, start + side)
            for start in _starts(long, side)
        ]
    whole = Box(0, 0, width, height)
    if not tiles:
        return [whole]
    across, down = (math.ceil(length / (2 - OVERLAP)) for length in (width, height))
    return [
        whole,
        *(Box(x, y, x + across, y + down) for y in _starts(height, down) for x in _starts(width, across)),
    ]


def _starts(length: int, side: int) -> list[int]:
    """Where windows of one side begin, evenly, the last one ending with the picture."""
    steps = math.ceil((length - side) / (side * (1 - OVERLAP)))
    return [round(i * (length - side) / steps) for i in range(steps + 1)] if steps else [0]


def look(
    pictures: Sequence[Pixels],
    see: Callable[[Sequence[Pixels]], Sequence[Sequence[Seen]]],
    *,
    tiles: bool = False,
    batch: int = 8,
) -> list[list[Seen]]:
    """What ``see`` brings of all windows of each picture in its order, each thing once, in the picture's own pixels.

    At most ``batch`` windows are seen in one call.
    """
    parts = [(n, box) for n, p in enumerate(pictures) for box in windows(p.shape[1], p.shape[0], tiles=tiles)]
    seen_in: list[list[tuple[Box, Seen]]] = [[] for _ in pictures]
    for start in range(0, len(parts), batch):
        some = parts[start : start + batch]
        for (n, window), seen in zip(some, see([_cut(pictures[n], box) for n, box in some]), strict=True):
            seen_in[n] += [(window, _moved(entry, window)) for entry in seen]
    return [_once(pairs, p.shape[1], p.shape[0]) for pairs, p in zip(seen_in, pictures, strict=True)]


def _cut(picture: Pixels, box: Box) -> Pixels:
    x1, y1, x2, y2 = map(int, box.as_list())
    return picture[y1:y2, x1:x2]


def _moved(seen: Seen, window: Box) -> Seen:
    box, (x, y) = seen.box, (window.x1, window.y1)
    return replace(seen, box=Box(box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y))


def _once(pairs: Sequence[tuple[Box, Seen]], width: int, height: int) -> list[Seen]:
    """Of what two windows show, what neither cuts through, then the surer; of two halves of a thing a box around both.

    Boxes of one window are as the network left them.
    """
    kept: dict[int, tuple[Box, Seen, bool]] = {}
    cuts = [_is_cut(seen.box, window, width, height) for window, seen in pairs]
    for n in sorted(range(len(pairs)), key=lambda n: (cuts[n], -pairs[n][1].score)):
        (window, seen), cut = pairs[n], cuts[n]
        for before, (other, twin, twin_cut) in kept.items():
            shared = _shared(seen, twin) if window != other else 0.0
            if shared >= INSIDE:
                break
            if shared >= SEAM and cut and twin_cut and isinstance(seen, Detection):
                kept[before] = (other, replace(twin, box=_around(seen.box, twin.box)), True)
                break
        else:
            kept[n] = (window, seen, cut)
    return [kept[n][1] for n in sorted(kept)]


def _is_cut(box: Box, window: Box, width: int, height: int) -> bool:
    """Whether a box ends where its window does, and the picture goes on."""
    near = _EDGE * min(window.x2 - window.x1, window.y2 - window.y1)
    return (
        (window.x1 > 0 and box.x1 - window.x1 <= near)
        or (window.y1 > 0 and box.y1 - window.y1 <= near)
        or (window.x2 < width and window.x2 - box.x2 <= near)
        or (window.y2 < height and window.y2 - box.y2 <= near)
    )


def _shared(seen: Detection | TextLine, other: Detection | TextLine) -> float:
    """The share 0..1 of the smaller box that lies in the other; 0 of things with other labels."""
    if isinstance(seen, Detection) and isinstance(other, Detection) and seen.label != other.label:
        return 0.0
    return seen.box.intersection(other.box) / max(min(seen.box.area, other.box.area), 1.0)


def _around(a: Box, b: Box) -> Box:
    return Box(min(a.x1, b.x1), min(a.y1, b.y1), max(a.x2, b.x2), max(a.y2, b.y2))
