"""Collections that are searched together, as a value."""

from __future__ import annotations

import pytest

from boxlens.domain.collections import CollectionSet


def test_a_set_is_equal_whatever_the_order_of_its_names() -> None:
    first, second = CollectionSet.of(["photos", "shop"]), CollectionSet.of(["shop", "photos", "shop"])
    assert first == second
    assert hash(first) == hash(second)
    assert {first: 1}[second] == 1
    assert first != CollectionSet.of("photos")
    assert first != "photos,shop"


def test_names_are_shown_in_the_order_given() -> None:
    assert str(CollectionSet.of(["shop", "photos", "shop"])) == "shop,photos"
    assert CollectionSet.of("photos").names == ("photos",)
    both = CollectionSet.of(["a", "b"])
    assert CollectionSet.of(both) is both


def test_a_set_has_a_name() -> None:
    with pytest.raises(ValueError, match="at least one"):
        CollectionSet.of([])
