"""What every object index promises of when and where images were taken."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from tests.contract.objects import PACK, frame, record, thing, where, written
from tests.contract.search.test_matching_and_facets import small_world

from boxlens.domain.answers.spread import Cell
from boxlens.domain.filters import Filter
from boxlens.domain.pictures import GeoPoint
from boxlens.domain.ports import ObjectIndex
from boxlens.index.memory.index import InMemoryIndex


def sides(cell: Cell) -> tuple[float, ...]:
    area = cell.area
    return tuple(round(side, 2) for side in (area.west, area.south, area.east, area.north))


def test_images_are_counted_by_month_and_by_cell(index: ObjectIndex, c: str) -> None:
    written(index, c, small_world())
    spread = index.spread(c, Filter(), halvings=4)
    assert (spread.images, spread.dated, spread.placed) == (4, 3, 2)
    assert list(spread.months.items()) == [("2022-12", 1), ("2023-06", 1), ("2024-02", 1)]
    assert {sides(cell): count for cell, count in spread.cells.items()} == {
        (112.5, 21.94, 135.0, 40.98): 1,
        (157.5, -21.94, 180.0, 0.0): 1,
    }
    assert index.spread(c, where("label", "car")).months == {"2023-06": 1}
    assert index.spread(c, where("camera", "Canon")).months == {"2022-12": 1}
    assert index.spread(c, where("label", "dog")).images == 2
    assert index.spread(c, where("label", "none such")).images == 0
    some = index.spread(c, Filter(), [record(name).image_id for name in "ab"])
    assert (some.images, some.dated, some.placed, len(some.cells)) == (2, 2, 1, 1)
    assert index.spread(c, Filter(), []).images == 0


@pytest.mark.parametrize("halvings", [0, 1, 6, 20])
def test_the_map_is_cut_as_by_the_exact_twin_and_months_go_by_the_clock_of_the_place(
    index: ObjectIndex, c: str, halvings: int
) -> None:
    """Places near the poles and the date line among them; the fullest cell comes first."""
    evening = datetime(2023, 7, 31, 23, 30, tzinfo=timezone(timedelta(hours=-7)))  # August in UTC
    places = {"a": (85.2, 0.0), "b": (-89.9, -180.0), "c": (39.9, 116.4), "d": (39.9, 116.4), "e": (0.01, 179.99)}
    objects = [
        obj
        for name, (lat, lon) in places.items()
        for image in [record(name, taken_at=evening, location=GeoPoint(lat, lon))]
        for obj in (frame(image), thing(image, 1, "dog", 0.9))
    ]
    twin = InMemoryIndex()
    twin.create(c, PACK)
    for either in (index, twin):
        written(either, c, objects)
    for filter in (Filter(), where("label", "dog"), where("format", "jpeg")):
        spread, expected = index.spread(c, filter, halvings=halvings), twin.spread(c, filter, halvings=halvings)
        assert spread == expected
        assert spread.months == {"2023-07": 5}
        counts = list(spread.cells.values())
        assert counts == sorted(counts, reverse=True)
        assert sum(counts) == spread.placed == 5
