"""Labels that persons gave to objects and that are no class of the pack."""

from __future__ import annotations

from collections.abc import Callable

from boxlens.domain.collections import CollectionSet
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.ports import IndexSearch


def own_labels(index: IndexSearch, collection: str | CollectionSet) -> Callable[[str], bool]:
    """Whether a collection holds an object with a label, written just so."""

    def is_held(label: str) -> bool:
        return bool(index.matching(collection, Filter((Condition("label", any_of=(label,)),)), 1))

    return is_held
