"""Boxes: ``xyxy`` in pixels of the upright picture (EXIF rotation applied), origin top left, x2 and y2 exclusive."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from boxlens.domain.errors import BadBox


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box, xyxy in pixels of the upright picture."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self) -> float:
        return max(0.0, self.x2 - self.x1) * max(0.0, self.y2 - self.y1)

    def norm(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The same box as fractions 0..1 of a picture of that size."""
        return (self.x1 / width, self.y1 / height, self.x2 / width, self.y2 / height)

    def clipped(self, width: int, height: int) -> Box:
        """The part inside a picture of that size; its area may be zero.

        >>> Box(-5, 2, 30, 8).clipped(20, 20)
        Box(x1=0, y1=2, x2=20, y2=8)
        """
        return Box(
            min(max(self.x1, 0), width),
            min(max(self.y1, 0), height),
            min(max(self.x2, 0), width),
            min(max(self.y2, 0), height),
        )

    def rounded(self) -> Box:
        """Whole pixels that cover the box, as stored."""
        return Box(math.floor(self.x1), math.floor(self.y1), math.ceil(self.x2), math.ceil(self.y2))

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1.

        >>> Box(0, 0, 2, 2).iou(Box(1, 0, 3, 2))
        0.3333333333333333
        """
        cut = self.intersection(other)
        union = self.area + other.area - cut
        return cut / union if union > 0 else 0.0

    def intersection(self, other: Box) -> float:
        """Shared area in square pixels."""
        w = min(self.x2, other.x2) - max(self.x1, other.x1)
        h = min(self.y2, other.y2) - max(self.y1, other.y1)
        return max(0.0, w) * max(0.0, h)

    def as_list(self) -> list[float]:
        return [self.x1, self.y1, self.x2, self.y2]

    @classmethod
    def within(cls, numbers: Iterable[float], width: int, height: int) -> Box:
        """A box a user gave, clipped to the picture.

        Raises BadBox when it is not four finite numbers, has no area, or lies outside the picture.
        """
        values = [float(n) for n in numbers]
        if len(values) != 4 or not all(map(math.isfinite, values)):
            raise BadBox("A box is four finite numbers x1,y1,x2,y2.", hint="Give pixels of the upright picture.")
        box = cls(*values)
        if box.area <= 0:
            raise BadBox(f"The box {box.as_list()} has no area: x1 < x2 and y1 < y2 are needed.")
        inside = box.clipped(width, height)
        if inside.area < 1:
            raise BadBox(f"The box {box.as_list()} lies outside the picture of {width} x {height} pixels.")
        return inside
