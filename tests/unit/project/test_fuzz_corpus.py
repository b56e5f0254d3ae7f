"""Every input that fuzzing has kept (``tests.fuzz``) meets only foreseen errors."""

from __future__ import annotations

import pytest
from tests.fuzz.corpus import kept
from tests.fuzz.targets import TARGETS, load


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_meet_only_foreseen_errors(name: str) -> None:
    inputs = kept(name)
    assert inputs
    for data in inputs:
        load(name).read(data)
