"""Rankings kept for further pages: as many as there may be, the last used ones."""

from __future__ import annotations

from boxlens.search.group import RankedHit
from boxlens.search.plan import QueryPlan
from boxlens.search.rank import Ranking
from boxlens.search.scoring.fuse import FusedObject
from boxlens.search.scoring.thresholds import ThresholdedRanking
from boxlens.search.session_cache import SearchSession, SessionCache

PLAN = QueryPlan((), (), ())


def session(objects: int) -> SearchSession:
    hits = tuple(RankedHit(f"{n}", (FusedObject(f"{n}-1", f"{n}", 1.0, ()),)) for n in range(objects))
    cut = ThresholdedRanking([], {}, {}, None, False, ())
    return SearchSession(PLAN, Ranking(hits, hits, cut, 10, False, False))


def test_a_session_is_of_its_query_and_its_first_page() -> None:
    cache, first = SessionCache(), session(1)
    cache.put("a", 1, first)
    assert cache.get("a", 1) is first
    assert cache.get("a", 2) is None
    assert cache.get("b", 1) is None
    later = session(2)
    cache.put("a", 1, later)
    assert cache.get("a", 1) is later


def test_the_number_of_sessions_is_bounded_and_the_last_used_stay() -> None:
    cache = SessionCache(max_sessions=3, max_objects=300)
    for n in range(3):
        cache.put("a", n, session(1))
    assert cache.get("a", 0) is not None
    cache.put("a", 3, session(1))
    assert [cache.get("a", n) is not None for n in range(4)] == [True, False, True, True]


def test_the_number_of_objects_is_bounded() -> None:
    cache = SessionCache(max_sessions=100, max_objects=10)
    cache.put("a", 0, session(6))
    cache.put("a", 1, session(5))
    assert [cache.get("a", n) is not None for n in range(2)] == [False, True]
    cache.put("a", 2, session(11))
    assert cache.get("a", 2) is None
    assert cache.get("a", 1) is not None
