"""A short run of every target of ``tests.fuzz``, the same inputs each time."""

from __future__ import annotations

import pytest
from tests.fuzz.running import fuzz
from tests.fuzz.targets import TARGETS

pytest.importorskip("atheris", reason="atheris is there for Linux on x86_64 alone")

INPUTS = 300


def test_made_up_inputs_meet_only_foreseen_errors() -> None:
    outcomes = fuzz(TARGETS, f"-runs={INPUTS}", "-seed=1")
    assert {outcome.target: outcome.said for outcome in outcomes if outcome.faults} == {}
    assert [outcome.inputs for outcome in outcomes] == [INPUTS] * len(TARGETS)
