"""When and where pictures were taken, as counts of images: by month, and by cell of the map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from boxlens.domain.filters import Area

FINEST = 20
"""Halvings of the map of which a cell is about 40 metres wide."""
MOST_CELLS = 2000
"""Cells that are told of, those with most images first."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of the map in Mercator's projection, which is cut into ``2**halvings`` columns and rows; ``column``
    counts from the west, ``row`` from the north."""

    halvings: int
    column: int
    row: int

    @classmethod
    def at(cls, lat: float, lon: float, halvings: int) -> Cell:
        """The cell of a place in WGS 84 degrees.

        >>> Cell.at(39.9, 116.4, 6)
        Cell(halvings=6, column=52, row=24)
        """
        count = 2**halvings
        sine = math.sin(math.radians(lat))
        across = math.floor((lon + 180) / 360 * count)
        down = math.floor((0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * count) if abs(sine) < 1 else None
        if down is None:
            down = 0 if sine > 0 else count - 1
        return cls(halvings, min(max(across, 0), count - 1), min(max(down, 0), count - 1))

    @property
    def area(self) -> Area:
        """Its sides in degrees; the first and the last row reach to the poles.

        >>> Cell(1, 1, 0).area
        Area(west=0.0, south=0.0, east=180.0, north=90.0)
        """
        count = 2**self.halvings

        def north_of(row: int) -> float:
            if row <= 0 or row >= count:
                return 90.0 if row <= 0 else -90.0
            return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / count))))

        west, east = (column / count * 360 - 180 for column in (self.column, self.column + 1))
        return Area(west, north_of(self.row + 1), east, north_of(self.row))


@dataclass(frozen=True, slots=True)
class Spread:
    """Images that hold some objects: all of them, those with a date and those with a place; by month as ``2023-07`` by
    the clock of the place, the oldest first; and by cell, the fullest first, ``MOST_CELLS`` at most."""

    images: int
    dated: int
    placed: int
    months: Mapping[str, int]
    cells: Mapping[Cell, int]
