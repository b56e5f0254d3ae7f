"""One image settled: of several boxes told by their looks, one must be sure of its part."""

from __future__ import annotations

import pytest

from embedding_pipeline.domain import Box
from embedding_pipeline.queries import Part, RankedObject, TextClause
from embedding_pipeline.search.several_lists import Seen
from embedding_pipeline.search.several_search import _settled

PARTS = (Part(TextClause("unicorn")), Part(TextClause("lantern")))


def seen(number: int, relevance: float | None) -> list[Seen]:
    found = RankedObject(f"a-{number}", "a", 0.5, box=Box(0, 0, 9 * number, 9), box_score=0.9)
    return [Seen("clip", 1, relevance, 1.0, found)]


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
    one = _settled(PARTS, "a", {"a-1": {0: seen(1, first)}, "a-2": {1: seen(2, second)}}, sure)
    assert one.certain
    assert (one.together is not None) == holds


def test_what_is_only_counted_makes_nothing_sure() -> None:
    parts = (*PARTS, Part(TextClause("cup"), 0, 2))
    row = {"a-1": {0: seen(1, 0.05)}, "a-2": {1: seen(2, 0.05)}, "a-3": {2: seen(3, 0.9)}}
    assert _settled(parts, "a", row, 0.08).together is None
