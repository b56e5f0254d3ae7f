"""How sure a detector was of a box lowers what is said of it."""

from __future__ import annotations

import pytest

from boxlens.domain.queries import RankedObject
from boxlens.search.scoring.calibrate import SURE_BOX, certainty
from boxlens.search.scoring.thresholds import WEAK


def box(score: float, *, exact_label: bool = False) -> RankedObject:
    return RankedObject("a-1", "a", 1.0, box_score=score, exact_label=exact_label)


@pytest.mark.parametrize("exact_label", [True, False])
def test_an_unsure_box_is_never_as_sure_as_a_sure_one(exact_label: bool) -> None:
    scores = (0.0, 0.11, 0.15, 0.29, 0.95, 1.0)
    values = [certainty(box(score, exact_label=exact_label)) for score in scores]
    assert values == sorted(values)
    assert values[1] < WEAK < values[4]
    assert all(0 <= value <= 1 for value in values)


def test_a_label_is_as_sure_as_its_detector() -> None:
    assert certainty(box(0.62, exact_label=True)) == 0.62


@pytest.mark.parametrize("score", [SURE_BOX, 0.5, 1.0])
def test_looks_of_a_thing_count_in_full(score: float) -> None:
    assert certainty(box(score)) == 1


def test_a_frame_is_certain() -> None:
    assert certainty(RankedObject("a-0", "a", 1.0)) == 1
