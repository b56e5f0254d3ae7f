"""What the words of a number say: how many, and from how many to how many."""

from __future__ import annotations

import re

from boxlens.language.query_parsing import vocabulary as tables
from boxlens.language.query_parsing.tokens import bounds_of_range


def numbers_of(text: str) -> tuple[int, int]:
    """The number that a text says; of "from so many to so many" both, else 0 for the second."""
    ends = bounds_of_range(text)
    return (_number(text), 0) if ends is None else (_number(ends[0]), _number(ends[1]))


def _number(text: str) -> int:
    digits = re.search(r"\d+", text)
    if digits is not None:
        return int(digits.group())
    numbers = tables.NUMBERS | tables.VAGUE_NUMBERS
    if text in numbers:
        return numbers[text]
    text = text.rstrip("".join(tables.MEASURES))
    if text in numbers:
        return numbers[text]
    hundreds, hundred, below = text.rstrip("几多来余").rpartition("百")
    if text.endswith(("千", "万")) or (hundred and (hundreds not in numbers or hundreds in "几数")):
        return tables.COUNTLESS
    tens, ten, ones = below.lstrip("零").partition("十")
    below_hundred = 10 * numbers.get(tens, 1) + numbers.get(ones, 0) if ten else numbers.get(tens, 0)
    return (100 * numbers[hundreds] if hundred else 0) + below_hundred


def is_vague(number: str) -> bool:
    """Whether a number says no more than that there are some: several, 几只."""
    return number in tables.VAGUE_NUMBERS or number[0] in "几数" or number.startswith("好几")


def count_range(bound: str, n: int) -> tuple[int, int | None]:
    """Fewest and most for a number: "two dogs" is two or more."""
    match bound:
        case "most":
            return 1, n
        case "exactly":
            return n, n
        case "more":
            return n + 1, None
        case "fewer":
            return 1, n - 1
        case "about":
            return max(1, n * 4 // 5), None
    return n, None
