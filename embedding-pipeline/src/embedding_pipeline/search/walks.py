"""What was ranked for walks that may go on, kept for a while so that a next page costs no search.

Nothing depends on it: a cursor carries all that is needed to go on in another process (see ``cursors``).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from embedding_pipeline.search.asking import Asked
from embedding_pipeline.search.ranking import Ranking

MOST_WALKS = 256
MOST_OBJECTS = 200_000
"""Objects in all kept rankings together: about 100 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The lists of a query, and its ranking so far."""

    asked: Asked
    ranking: Ranking


class Walks:
    """The walks that were used last, by the query's fingerprint and the moment of the first page. Thread-safe."""

    def __init__(self, most_walks: int = MOST_WALKS, most_objects: int = MOST_OBJECTS) -> None:
        self._most_walks, self._most_objects = most_walks, most_objects
        self._held: OrderedDict[tuple[str, int], tuple[Walk, int]] = OrderedDict()
        self._objects = 0
        self._lock = Lock()

    def get(self, query_mark: str, moment: int) -> Walk | None:
        with self._lock:
            held = self._held.get((query_mark, moment))
            if held is None:
                return None
            self._held.move_to_end((query_mark, moment))
            return held[0]

    def keep(self, query_mark: str, moment: int, walk: Walk) -> None:
        size = sum(len(entry.objects) for entry in walk.ranking.entries)
        with self._lock:
            self._drop((query_mark, moment))
            self._held[query_mark, moment] = (walk, size)
            self._objects += size
            while self._held and (len(self._held) > self._most_walks or self._objects > self._most_objects):
                self._drop(next(iter(self._held)))

    def _drop(self, key: tuple[str, int]) -> None:
        _, size = self._held.pop(key, (None, 0))
        self._objects -= size
