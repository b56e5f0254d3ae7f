"""While the API serves, what stood at its start is not searched for garbage again."""

from __future__ import annotations

import gc

from boxlens.api.gc_tuning import rare_collections


def test_what_exists_is_frozen_and_collections_are_rare_for_the_length_of_the_block() -> None:
    before = gc.get_threshold()
    with rare_collections():
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold() == (10_000, 20, 20)
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before
