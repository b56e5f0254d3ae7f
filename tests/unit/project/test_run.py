"""Which failures of the full run may be settled by running the tests alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.run import FEW, TIMES_ALONE, passes_alone


class Runs:
    """Exit statuses one after the other, and what was asked."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked: list[Sequence[str]] = []

    def __call__(self, tests: Sequence[str]) -> int:
        self.asked.append(tests)
        return self.statuses.pop(0)


def test_a_test_that_passes_alone_every_time_is_settled() -> None:
    runs = Runs(*[0] * TIMES_ALONE)
    assert passes_alone(["a.py::test_a"], runs)
    assert runs.asked == [["a.py::test_a"]] * TIMES_ALONE


@pytest.mark.parametrize("statuses", [(1,), (0, 1), (0, 0, 1), (0, 5), (2,)])
def test_one_that_fails_once_more_is_not(statuses: tuple[int, ...]) -> None:
    assert not passes_alone(["a.py::test_a"], Runs(*statuses))


@pytest.mark.parametrize("failed", [[], [f"a.py::test_{i}" for i in range(FEW + 1)]])
def test_none_or_many_are_not_run_again(failed: list[str]) -> None:
    assert not passes_alone(failed, Runs())
