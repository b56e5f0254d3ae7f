"""Suggestions for collections, from terms that are kept in memory and read again when a collection has changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache

from boxlens.domain.answers.suggestions import Suggestion
from boxlens.domain.collections import CollectionSet
from boxlens.domain.objects import LabelName
from boxlens.domain.ports import SearchIndex
from boxlens.suggestions.matching import TermMatcher
from boxlens.suggestions.terms import collection_terms

MAX_COLLECTIONS = 16
"""Sets of collections whose terms are kept, the last used ones."""

CHECK_SECONDS = 30.0
"""How long terms are taken as they are before the collection is asked whether it has changed."""


class _Kept(NamedTuple):
    matcher: TermMatcher
    last_change: datetime | None
    checked: float


class Suggester:
    """Suggests terms of the collections of one pack. Thread-safe."""

    def __init__(self, index: SearchIndex, labels: Sequence[LabelName], check_seconds: float = CHECK_SECONDS) -> None:
        self._index, self._labels, self._check_seconds = index, labels, check_seconds
        self._kept: LRUCache[CollectionSet, _Kept] = LRUCache(MAX_COLLECTIONS)
        self._lock = Lock()

    def suggest(self, collection: str | CollectionSet, typed: str, limit: int) -> list[Suggestion]:
        """Up to ``limit`` terms for what was typed so far, best first. Raises NotFound, ElasticsearchAway."""
        return self._matcher(CollectionSet.of(collection)).find(typed, limit)

    def _matcher(self, collections: CollectionSet) -> TermMatcher:
        with self._lock:
            kept = self._kept.get(collections)
        now = time.monotonic()
        if kept is not None and now - kept.checked < self._check_seconds:
            return kept.matcher
        changed = self._index.info(collections).last_change
        if kept is None or kept.last_change != changed:
            kept = _Kept(TermMatcher(collection_terms(self._index, collections, self._labels)), changed, now)
        with self._lock:
            self._kept[collections] = kept._replace(checked=now)
        return kept.matcher
