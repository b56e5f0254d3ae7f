"""The ranking of a query: lists are retrieved, fused, calibrated, cut and grouped.

An index gives the nearest k objects of each list. A small k nearly always makes a page, and costs a fraction of a large
one. Where these make too few hits, as when one image holds most of the nearest boxes, k grows by as much as what came
back says, until there are enough, or nothing more, or the index goes no deeper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from boxlens.domain.ports import MAX_RESULTS, SearchIndex
from boxlens.search.cursor import SeenCursor, token
from boxlens.search.group import RankedHit, group
from boxlens.search.plan import QueryPlan
from boxlens.search.requests import RankedList, RankedListRequest, RankingRequest
from boxlens.search.retrieve import Retriever
from boxlens.search.scoring.calibrate import Calibrator
from boxlens.search.scoring.fuse import fuse
from boxlens.search.scoring.thresholds import ThresholdedRanking, Thresholds

MAX_DEPTH = MAX_RESULTS
"""Elasticsearch's limit on num_candidates."""

# Grouping sees only the nearest k objects. Three a hit fill the page of most queries, and with so many of each list
# the first ten images are those of whole lists (docs/scaling.md).
_DEPTH_PER_HIT = 3
_MIN_DEPTH = 50
_SMALLEST_GROWTH, _LARGEST_GROWTH = 2, 16
_SPARE_GROWTH = 1.5
# Another order than relevance needs a set of objects to put in order: the nearest so many objects of each list.
_SORTED_DEPTH = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Hits in their order, and those of them that were not shown on an earlier page.

    ``complete``: no list went on beyond its ``k`` with more that would be shown, so these are all; ``deepest``: a
    larger k would bring nothing more.
    """

    hits: tuple[RankedHit, ...]
    unseen: tuple[RankedHit, ...]
    thresholded: ThresholdedRanking
    k: int
    complete: bool
    deepest: bool


class Ranker:
    """Ranks over one index. Thread-safe."""

    def __init__(self, index: SearchIndex, calibrator: Calibrator, thresholds: Thresholds) -> None:
        self._index, self._calibrator, self._thresholds = index, calibrator, thresholds
        self._retriever = Retriever(index, calibrator)

    def rank(self, request: RankingRequest, plan: QueryPlan, previous: Ranking | None = None) -> list[Ranking]:
        """A ranking of the plan, and on the first page one for each of its groups, each with a page of unseen hits as
        far as there are so many. All lists are asked for in one round trip for each k.

        ``previous``: the ranking of an earlier page; it is taken where it still fills a page, else k goes beyond it.
        Raises NotFound, ElasticsearchAway.
        """
        if previous is not None:
            previous = replace(previous, unseen=_unseen(previous.hits, request.seen))
            if _fills(previous, request):
                return [previous]
        first_page = request.query.cursor is None
        sets = [plan.lists, *(plan.groups if first_page else ())]
        k = max(_first_depth(request), min(_SMALLEST_GROWTH * (previous.k if previous else 0), MAX_DEPTH))
        while True:
            rankings = self.rank_at(request, sets, k)
            short = [len(ranking.unseen) for ranking in rankings if not _fills(ranking, request)]
            if not short:
                return rankings
            k = _next_depth(k, request.query.size, min(short))

    def rank_at(self, request: RankingRequest, sets: Sequence[Sequence[RankedListRequest]], k: int) -> list[Ranking]:
        """A ranking for each set of lists from the nearest k objects of each list, however many hits they make."""
        unique = list({id(list_request): list_request for lists in sets for list_request in lists}.values())
        thorough = k > _first_depth(request) and _few(request)
        ranked = {id(entry.request): entry for entry in self._retriever.retrieve(request, unique, k, thorough)}
        return [self._ranking(request, [ranked[id(list_request)] for list_request in lists], k) for lists in sets]

    def _ranking(self, request: RankingRequest, lists: Sequence[RankedList], k: int) -> Ranking:
        fused = fuse(lists, request.leave_out)
        relevances = self._calibrator.calibrate(request.collections, request.info, lists)
        thresholded = self._thresholds.apply(request, lists, relevances, fused)
        hits = group(self._index, request, thresholded.objects)
        complete = thresholded.complete or all(ranked.ended for ranked in lists)
        deepest = complete or request.query.sort.field != "relevance" or k >= MAX_DEPTH
        return Ranking(hits, _unseen(hits, request.seen), thresholded, k, complete, deepest)


def _unseen(hits: tuple[RankedHit, ...], seen: SeenCursor) -> tuple[RankedHit, ...]:
    if not seen.tokens:  # the first page: no token needs to be made
        return hits
    return tuple(hit for hit in hits if token(hit.key) not in seen.tokens)


def _fills(ranking: Ranking, request: RankingRequest) -> bool:
    """Whether a page can be made of it, as full as there are hits."""
    return ranking.deepest or len(ranking.unseen) >= request.query.size


def _first_depth(request: RankingRequest) -> int:
    query = request.query
    needed = _DEPTH_PER_HIT * (len(request.seen.tokens) + query.size)
    return min(MAX_DEPTH, max(_MIN_DEPTH if query.sort.field == "relevance" else _SORTED_DEPTH, needed))


def _few(request: RankingRequest) -> bool:
    """Whether all vectors may be compared. A graph does not always lead to all of them: many that are alike are joined
    with one another alone."""
    return request.info.images + request.info.objects <= MAX_DEPTH


def _next_depth(k: int, size: int, hits: int) -> int:
    """The next k where the last made ``hits`` of the ``size`` hits of a page: so much more as is missing, and some."""
    growth = _SPARE_GROWTH * size / max(1, hits)
    return min(MAX_DEPTH, round(k * min(max(growth, _SMALLEST_GROWTH), _LARGEST_GROWTH)))
