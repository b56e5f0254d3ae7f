"""What was ranked for searches that may go on, kept for a while so that a next page costs no search.

Nothing depends on it: a cursor carries all that is needed to go on in another process (see ``cursor``).
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from cachetools import LRUCache

from boxlens.search.plan import QueryPlan
from boxlens.search.rank import Ranking

MAX_SESSIONS = 256
MAX_OBJECTS = 200_000
"""Objects in all kept rankings together: about 100 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchSession:
    """The plan of a query, and its ranking so far."""

    plan: QueryPlan
    ranking: Ranking


class SessionCache:
    """The sessions that were used last, by the key of the query and the moment of the first page (milliseconds since
    1970). Both numbers bound it. Thread-safe."""

    def __init__(self, max_sessions: int = MAX_SESSIONS, max_objects: int = MAX_OBJECTS) -> None:
        # the cache has one bound, on the sum of sizes: a session counts as at least one of the most there may be
        smallest = max_objects / max_sessions
        self._max_objects = max_objects
        self._sessions: LRUCache[tuple[str, int], tuple[SearchSession, float]] = LRUCache(
            max_objects, getsizeof=lambda entry: entry[1]
        )
        self._smallest = smallest
        self._lock = Lock()

    def get(self, query_key: str, as_of: int) -> SearchSession | None:
        with self._lock:
            entry = self._sessions.get((query_key, as_of))
        return entry[0] if entry else None

    def put(self, query_key: str, as_of: int, session: SearchSession) -> None:
        """Keep a session; one of more objects than all may have together is not kept."""
        size = max(self._smallest, sum(len(hit.objects) for hit in session.ranking.hits))
        with self._lock:
            self._sessions.pop((query_key, as_of), None)
            if size <= self._max_objects:
                self._sessions[query_key, as_of] = (session, size)
