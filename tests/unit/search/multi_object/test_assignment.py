"""Assignments of boxes to parts against a brute force that tries every one, and the parts that are refused."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.samples.scenes import Strengths, brute_force, stands

from boxlens.domain.errors import BadQuery
from boxlens.domain.queries import Part, Relation, RelationName, TextClause
from boxlens.search.multi_object.assignment import Assignment, assign, check_parts
from boxlens.search.multi_object.relations import Boxes

NAMES: tuple[RelationName, ...] = get_args(RelationName)


def part(least: int = 1, most: int | None = None, relation: tuple[RelationName, int] | None = None) -> Part:
    return Part(TextClause("x"), least, most, Relation(*relation) if relation else None)


@some.composite
def puzzles(draw: some.DrawFn) -> tuple[list[Part], Boxes, Strengths]:
    n, count = draw(some.integers(0, 7)), draw(some.integers(1, 4))
    side = some.integers(1, 60)
    corners = [(draw(some.integers(0, 60)), draw(some.integers(0, 60)), draw(side), draw(side)) for _ in range(n)]
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in corners], np.float64).reshape(-1, 4)
    strength = some.sampled_from([0.0, 0.0, 0.2, 0.4, 0.6, 0.9])
    strengths = np.array([[draw(strength) for _ in range(n)] for _ in range(count)]).reshape(count, n)
    parts = []
    for i in range(count):
        least = draw(some.integers(1, 2))
        most = draw(some.sampled_from([None, None, least, least + 1]))
        others = [j for j in range(count) if j != i]
        relation = (draw(some.sampled_from(NAMES)), draw(some.sampled_from(others))) if others else None
        parts.append(part(least, most, relation if draw(some.booleans()) else None))
    return parts, boxes, strengths


@settings(max_examples=600, deadline=None, derandomize=True)
@given(puzzles())
def test_the_best_weakest_member_is_that_of_trying_every_assignment(
    puzzle: tuple[list[Part], Boxes, Strengths],
) -> None:
    parts, boxes, strengths = puzzle
    assignment, best = assign(parts, boxes, strengths.tolist()), brute_force(parts, boxes, strengths)
    assert assignment.certain
    if best is None:
        assert assignment.chosen is None
        return
    assert assignment.chosen is not None
    assert assignment.weakest == best
    assert stands(parts, boxes, assignment.chosen)
    assert [len(chosen) for chosen in assignment.chosen] == [p.min_count for p in parts]
    assert all(strengths[p, i] >= best for p, chosen in enumerate(assignment.chosen) for i in chosen)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(puzzles())
def test_parts_that_are_refused_could_never_be_satisfied(puzzle: tuple[list[Part], Boxes, Strengths]) -> None:
    parts, boxes, strengths = puzzle
    try:
        check_parts(parts)
    except BadQuery:
        assert brute_force(parts, boxes, strengths) is None


def test_a_part_that_may_be_absent_only_bounds() -> None:
    boxes = np.array([[0, 0, 1, 1], [2, 0, 3, 1]], np.float64)
    dog_no_cat = [part(), part(0, 0)]
    assert assign(dog_no_cat, boxes, [[0.9, 0.0], [0.0, 0.0]]).chosen == ((0,), ())
    assert assign(dog_no_cat, boxes, [[0.9, 0.0], [0.0, 0.5]]).chosen is None


def test_a_box_serves_one_part_even_when_it_is_the_best_of_two() -> None:
    boxes = np.array([[0, 0, 1, 1], [2, 0, 3, 1]], np.float64)
    assignment = assign([part(), part()], boxes, [[0.9, 0.0], [0.9, 0.3]])
    assert assignment.chosen == ((0,), (1,))
    assert assignment.weakest == 0.3


def test_a_hundred_boxes_are_settled() -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 500, (100, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 120, (100, 2))], axis=1)
    strengths = rng.uniform(0.01, 1, (4, 100))
    parts = [part(3), part(2, relation=("left_of", 0)), part(1, relation=("inside", 1)), part(2, relation=("above", 0))]
    assignment = assign(parts, boxes, strengths.tolist())
    assert assignment.certain
    assert assignment.chosen is not None
    assert stands(parts, boxes, assignment.chosen)


def test_a_search_that_is_cut_short_says_so() -> None:
    grid = np.array([[i, j, i + 1, j + 1] for i in range(0, 12, 2) for j in range(0, 10, 2)], np.float64)
    corner = [part(6), part(6, relation=("above", 0)), part(6, relation=("right_of", 1))]
    assignment = assign(corner, grid, [[0.5] * 30] * 3, steps=3)
    assert assignment.chosen is None
    assert not assignment.certain


def test_boxes_without_partners_need_no_search() -> None:
    line = np.array([[i, 0, i + 1, 1] for i in range(0, 60, 2)], np.float64)
    stacked = [part(9), part(9, relation=("above", 0)), part(9, relation=("right_of", 1))]
    assert assign(stacked, line, [[0.5] * 30] * 3, steps=0) == Assignment(None, 0.0, certain=True)


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ([part(), part(relation=("left_of", 2))], "all_of[1].relation.other"),
        ([part(), part(relation=("left_of", 1))], "all_of[1].relation.other"),
        ([part(relation=("left_of", 1)), part(relation=("left_of", 0))], "all_of[1].relation"),
        ([part(relation=("inside", 1)), part(relation=("smaller_than", 0))], "all_of[1].relation"),
        ([part(0, 3), part(relation=("above", 0))], "all_of[1].relation.other"),
        ([part(0, 3, ("above", 1)), part()], "all_of[0].relation.other"),
        ([part(0, 0)], "all_of"),
        ([part(2, 1)], "all_of[0].count"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(parts: list[Part], place: str) -> None:
    with pytest.raises(BadQuery) as refused:
        check_parts(parts)
    assert refused.value.place == place


def test_relations_in_a_round_that_may_hold_are_taken() -> None:
    check_parts([part(relation=("left_of", 1)), part(relation=("larger_than", 0))])
    check_parts([part(relation=("left_of", 1)), part(relation=("right_of", 0))])
    check_parts([part(relation=("overlaps", 1)), part(relation=("overlaps", 0))])
