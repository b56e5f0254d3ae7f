"""What the command line says of a condition it read."""

from __future__ import annotations

from datetime import date

import pytest

from boxlens.cli.search import meaning
from boxlens.domain.objects import LabelName
from boxlens.language.query_parsing.conditions import parse_text

LABELS = (LabelName("dog", ("dog",), ("狗",)), LabelName("cat", ("cat",), ("猫",)))


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("two dogs", ["2 or more: dogs"]),
        ("exactly two dogs", ["2 alone: dogs"]),
        ("at most two dogs", ["1 to 2: dogs"]),
        ("dog left of a cat", ["dog left of cat + cat"]),
        ("dog and cat 2023-07", ["dog + cat", "taken_at 2023-07-01 to 2023-07-31"]),
        ("since 2020 dog -cat", ["taken_at 2020-01-01 to …", "away from cat"]),
    ],
)
def test_a_condition_is_told_in_words(text: str, phrases: list[str]) -> None:
    assert [meaning(reading) for reading in parse_text(text, LABELS, date(2026, 11, 21)).conditions] == phrases
