"""One image settled: of several boxes told by their looks, one must be sure of its part."""

from __future__ import annotations

import pytest

from boxlens.domain.boxes import Box
from boxlens.domain.queries import Part, RankedObject, TextClause
from boxlens.search.multi_object.candidates import Candidate
from boxlens.search.multi_object.settle import settle_image

PARTS = (Part(TextClause("unicorn")), Part(TextClause("lantern")))


def candidates(number: int, relevance: float | None) -> list[Candidate]:
    obj = RankedObject(f"a-{number}", "a", 0.5, box=Box(0, 0, 9 * number, 9), box_score=0.9)
    return [Candidate("clip", 1, relevance, 1.0, obj)]


@pytest.mark.parametrize(
    ("first", "second", "sure", "holds"),
    [
        (0.3, 0.012, 0.08, True),
        (0.05, 0.05, 0.08, False),
        (0.05, 0.05, 0.0, True),
        (None, 0.05, 0.08, False),  # an exact label says nothing of the other part
        (None, 0.09, 0.08, True),
    ],
)
def test_one_sure_box_lets_the_others_be_less_so(first: float | None, second: float, sure: float, holds: bool) -> None:
    image = settle_image(PARTS, "a", {"a-1": {0: candidates(1, first)}, "a-2": {1: candidates(2, second)}}, sure)
    assert image.certain
    assert (image.match is not None) == holds


def test_what_is_only_counted_makes_nothing_sure() -> None:
    parts = (*PARTS, Part(TextClause("cup"), 0, 2))
    row = {"a-1": {0: candidates(1, 0.05)}, "a-2": {1: candidates(2, 0.05)}, "a-3": {2: candidates(3, 0.9)}}
    assert settle_image(parts, "a", row, 0.08).match is None
