"""A sheet of found pictures with their boxes drawn, for people without a browser at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from boxlens.domain.answers.hits import Hit
from boxlens.domain.pictures import Pixels

_CELL, _GAP = 320, 12
_PAPER = (250, 250, 248)
# Okabe and Ito's palette, told apart by colour-blind people too ("Color Universal Design", 2008); RGB.
_COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))


def contact_sheet(hits: Sequence[Hit], picture: Callable[[Hit], Pixels], columns: int = 4) -> Pixels:
    """Hits in reading order, each fitted into a square cell with the boxes that matched, best box thickest.

    Returns uint8 RGB. ``picture`` gives the upright pixels of a hit.
    """
    cells = [_cell(hit, picture(hit)) for hit in hits]
    columns = max(1, min(columns, len(cells)))
    rows = -(-len(cells) // columns) or 1
    pitch = _CELL + _GAP
    sheet = np.full((rows * pitch + _GAP, columns * pitch + _GAP, 3), _PAPER, np.uint8)
    for place, cell in enumerate(cells):
        y, x = _GAP + place // columns * pitch, _GAP + place % columns * pitch
        sheet[y : y + _CELL, x : x + _CELL] = cell
    return sheet


def _cell(hit: Hit, pixels: Pixels) -> Pixels:
    scale = _CELL / max(pixels.shape[:2])
    width, height = (max(1, round(side * scale)) for side in (pixels.shape[1], pixels.shape[0]))
    small: Pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    for place, match in reversed(list(enumerate(hit.objects))):
        box = match.object.box
        corner = (round(box.x1 * scale), round(box.y1 * scale))
        colour = _COLOURS[place % len(_COLOURS)]
        opposite = (round(box.x2 * scale), round(box.y2 * scale))
        cv2.rectangle(small, corner, opposite, colour, 3 if place == 0 else 1, cv2.LINE_AA)
        _write(small, f"{match.object.label or match.object.kind} {match.object.box_score:.2f}", corner, colour)
    cell = np.full((_CELL, _CELL, 3), _PAPER, np.uint8)
    y, x = (_CELL - height) // 2, (_CELL - width) // 2
    cell[y : y + height, x : x + width] = small
    return cell


def _write(pixels: Pixels, text: str, corner: tuple[int, int], colour: tuple[int, int, int]) -> None:
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
    x = min(max(corner[0], 0), max(0, pixels.shape[1] - width - 6))
    y = max(corner[1], height + base + 2)
    cv2.rectangle(pixels, (x, y - height - base - 2), (x + width + 6, y), colour, cv2.FILLED)
    cv2.putText(pixels, text, (x + 3, y - base), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
