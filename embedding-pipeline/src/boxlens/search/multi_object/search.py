"""Searches for several things in one image, ``Query.all_of``, by the steps of any search: plan, rank, hydrate, explain.

Every part has its ranked lists (``plan``), every image met in them (``candidates``) is settled by itself (``settle``),
and images are ranked by their weakest box (``rank``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from boxlens.domain.answers.hits import Answer
from boxlens.domain.errors import BadQuery
from boxlens.domain.filters import Filter
from boxlens.domain.objects import LabelName
from boxlens.domain.ports import SearchIndex
from boxlens.domain.queries import Query
from boxlens.search.cursor import after_page
from boxlens.search.explain import explain
from boxlens.search.hydrate import hydrate_page
from boxlens.search.multi_object.assignment import check_parts
from boxlens.search.multi_object.matches import explain_parts
from boxlens.search.multi_object.part_filter import objects_in
from boxlens.search.multi_object.plan import plan_parts
from boxlens.search.multi_object.rank import MultiObjectRanker
from boxlens.search.multi_object.settle import SettledRound
from boxlens.search.plan import QueryPlanner
from boxlens.search.requests import RankingRequest
from boxlens.search.scoring.calibrate import Calibrator
from boxlens.search.scoring.thresholds import Thresholds


class MultiObjectSearch:
    """Answers queries with ``all_of``. Thread-safe."""

    def __init__(
        self,
        index: SearchIndex,
        planner: QueryPlanner,
        labels: Sequence[LabelName],
        calibrator: Calibrator,
        thresholds: Thresholds,
    ) -> None:
        self._index, self._planner, self._labels = index, planner, labels
        self._ranker = MultiObjectRanker(index, calibrator, thresholds)

    def search(self, request: RankingRequest, query_key: str, mark: Callable[[str], None]) -> Answer:
        """The images that hold every part at once. ``mark`` is called with the name of each stage at its end; the
        answer has no times.

        Raises BadQuery naming the place, NotFound, ElasticsearchAway.
        """
        query = request.query
        _check(query)
        plan = plan_parts(self._planner, request, self._labels)
        mark("embed")
        ranking = self._ranker.rank(request, plan)
        mark("search")
        calibrated = ranking.settled.calibrated
        relevance = {match.object_id: match.strength for image in ranking.images for match in image.parts}
        hits, used = hydrate_page(
            self._index, request.collections, ranking.unseen, query.size, relevance if calibrated else {}, {}
        )
        explained = explain(hits, (*plan.part_lists, *plan.clause_lists))
        mark("documents")
        more = len(used) < len(ranking.unseen)
        return Answer(
            hits=explain_parts(explained, ranking.images, len(query.all_of), calibrated=calibrated),
            total=len(ranking.hits),
            total_exact=ranking.settled.whole and not ranking.settled.uncertain,
            next_cursor=after_page(query_key, request.seen, [hit.key for hit in used]) if more else None,
            took_ms={},
            query_objects=plan.query_objects,
            notes=plan.notes + _notes(ranking.settled, more=more),
        )

    def counted(self, request: RankingRequest, max_images: int) -> Filter:
        """The objects whose values are counted: of the best ``max_images`` images all that a further condition would be
        asked of, so that each count is the number of images that are left with it. Raises as ``search``."""
        request = replace(request, query=replace(request.query, size=max_images))
        _check(request.query)
        plan = plan_parts(self._planner, request, self._labels)
        images = self._ranker.rank(request, plan).images[:max_images]
        return objects_in([image.image_id for image in images], plan.image_filter)


def _check(query: Query) -> None:
    """Raises BadQuery for parts that contradict each other, and for what does not go with ``all_of``."""
    check_parts(query.all_of)
    if query.group_by != "image":
        hint = "Leave group_by out."
        raise BadQuery("all_of finds images: each box is no hit by itself.", hint=hint, place="group_by")
    if query.groups != "none":
        raise BadQuery("Groups of query objects do not go with all_of.", hint="Leave groups out.", place="groups")


def _notes(settled: SettledRound, *, more: bool) -> tuple[str, ...]:
    notes: tuple[str, ...] = () if settled.calibrated else ("relevance_off",)
    if not settled.whole and not more:
        notes += ("all_of_depth",)
    return (*notes, "all_of_hard") if settled.uncertain else notes
