"""Relations between two boxes, case by case as the table of the module says."""

from __future__ import annotations

import numpy as np
import pytest

from boxlens.domain.queries import RelationName
from boxlens.search.multi_object.relations import holds

Four = tuple[float, float, float, float]
B: Four = (100, 100, 200, 200)
CASES: list[tuple[RelationName, Four, bool]] = [
    ("left_of", (0, 100, 80, 200), True),  # apart
    ("left_of", (50, 100, 150, 200), True),  # half over it: just enough
    ("left_of", (51, 100, 151, 200), False),
    ("left_of", (0, -150, 80, -50), False),  # rather above
    ("left_of", (0, 0, 80, 80), True),  # at 45 degrees it is both
    ("above", (0, 0, 80, 80), True),
    ("left_of", (220, 100, 300, 200), False),
    ("right_of", (220, 100, 300, 200), True),
    ("above", (100, 0, 200, 90), True),
    ("above", (100, 80, 200, 180), False),
    ("below", (100, 210, 200, 300), True),
    ("below", (100, 0, 200, 90), False),
    ("on", (120, 60, 160, 150), True),  # a cup on a table
    ("on", (120, 60, 160, 99), False),  # a lamp over it
    ("on", (210, 60, 260, 150), False),  # beside it
    ("on", (120, 60, 160, 210), False),  # in front of it
    ("inside", (120, 120, 160, 160), True),
    ("inside", (90, 120, 120, 160), False),  # two thirds in it
    ("inside", (91, 120, 121, 160), True),  # 70 %
    ("inside", B, False),  # nothing is inside itself
    ("contains", (90, 90, 210, 210), True),
    ("contains", (120, 120, 160, 160), False),
    ("overlaps", (190, 100, 290, 200), True),  # a tenth
    ("overlaps", (191, 100, 291, 200), False),
    ("overlaps", (200, 100, 300, 200), False),
    ("overlaps", (120, 120, 130, 130), True),
    ("larger_than", (0, 0, 101, 100), True),
    ("larger_than", (0, 0, 100, 100), False),
    ("smaller_than", (0, 0, 99, 100), True),
    ("smaller_than", (0, 0, 100, 100), False),
]


@pytest.mark.parametrize(("name", "a", "expected"), CASES, ids=[f"{n} {a} {e}" for n, a, e in CASES])
def test_a_relation_holds_as_defined(name: RelationName, a: Four, expected: bool) -> None:
    assert holds(name, np.array([a], np.float64), np.array([B], np.float64)).tolist() == [[expected]]


def test_rows_are_these_and_columns_the_others() -> None:
    these = np.array([[0, 0, 10, 10], [40, 0, 50, 10]], np.float64)
    others = np.array([[20, 0, 30, 10], [60, 0, 70, 10], [0, 0, 10, 10]], np.float64)
    assert holds("left_of", these, others).tolist() == [[True, True, False], [False, True, False]]
    assert holds("right_of", these, others).tolist() == [[False, False, False], [True, False, True]]
