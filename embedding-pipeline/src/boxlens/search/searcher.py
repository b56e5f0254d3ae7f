"""Queries into answers, step by step: plan, rank, hydrate, explain, and the cursor to the next page."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import Literal, TypeVar

from cachetools import TTLCache

from boxlens.domain.answers.hits import Answer, Group, Hit
from boxlens.domain.answers.partial import Losses, open_losses, partial_answers
from boxlens.domain.answers.spread import Spread
from boxlens.domain.collections import CollectionInfo, CollectionSet, PackInfo
from boxlens.domain.filters import Filter
from boxlens.domain.objects import Detection, LabelName
from boxlens.domain.pictures import Pixels
from boxlens.domain.ports import SearchIndex, TextEncoder
from boxlens.domain.queries import ObjectClause, Query, Reading
from boxlens.language.query_parsing.conditions import parse_query, says_unread_relation, without_denied
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.browse import browse
from boxlens.search.cursor import SeenCursor, after_page, read_search_after, read_seen, write_cursor
from boxlens.search.explain import explain
from boxlens.search.group import RankedHit
from boxlens.search.hydrate import hydrate, hydrate_page
from boxlens.search.multi_object.search import MultiObjectSearch
from boxlens.search.plan import QueryPlanner
from boxlens.search.query_key import query_key
from boxlens.search.rank import Ranker, Ranking
from boxlens.search.requests import RankedListRequest, RankingRequest
from boxlens.search.scoring.calibrate import Calibrator
from boxlens.search.scoring.fuse import FusedObject
from boxlens.search.scoring.thresholds import Thresholds
from boxlens.search.session_cache import SearchSession, SessionCache

COUNTED_HITS = 1000
"""Facets count the best so many of each list: with 32 clauses of two vectors still below the 65,536 ids that
Elasticsearch takes."""

INFO_SECONDS, MAX_INFOS = 5.0, 1024
"""How long the counts of collections are remembered, and of how many sets of collections."""

T = TypeVar("T")


class StageTimer:
    """Milliseconds per stage of one request. A mark ends the stage that began with the mark before, or when the timer
    was made."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._stages: dict[str, float] = {}

    def mark(self, stage: str) -> None:
        now = time.perf_counter()
        self._stages[stage] = self._stages.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    def times(self) -> dict[str, float]:
        """Milliseconds by stage, and ``total`` up to now."""
        return self._stages | {"total": (time.perf_counter() - self._start) * 1000}


class Searcher:
    """Answers queries over the collections of one pack. Thread-safe."""

    def __init__(
        self,
        index: SearchIndex,
        pack: PackInfo,
        pictures: QueryPipeline,
        texts: TextEncoder | None,
        labels: Sequence[LabelName],
    ) -> None:
        self._index, self._pack, self._pictures, self._labels = index, pack, pictures, labels
        calibrator = Calibrator(index)
        thresholds = Thresholds(index, calibrator)
        self._planner = QueryPlanner(index, pictures, texts, labels)
        self._ranker = Ranker(index, calibrator, thresholds)
        self._multi_object = MultiObjectSearch(index, self._planner, labels, calibrator, thresholds)
        self._sessions = SessionCache()
        self._infos: TTLCache[CollectionSet, CollectionInfo] = TTLCache(MAX_INFOS, INFO_SECONDS)
        self._lock = Lock()

    def warm(self, collection: str) -> None:
        """Searches for any one object of a collection, which reads all that a first search has to read: counts, samples
        and graphs. Raises as ``search``."""
        collections = CollectionSet.of(collection)
        for example in self._index.matching(collections, Filter(), 1):
            self.search(collections, Query((ObjectClause(example.object_id),), size=1))

    def detect(self, pixels: Pixels) -> list[Detection]:
        """What is in a picture, best first."""
        return list(self._pictures.analyze([pixels], [None])[0].objects)

    def similar(
        self,
        collection: str,
        object_id: str,
        size: int = 20,
        min_relevance: float | Literal["auto"] | None = None,
        cursor: str | None = None,
    ) -> Answer:
        """Objects like a stored one, from its stored vectors; the object itself is left out. Raises NotFound."""
        query = Query((ObjectClause(object_id),), size=size, cursor=cursor, min_relevance=min_relevance)
        collections = CollectionSet.of(collection)
        with partial_answers() as losses:
            answer = self._of_own_pack(collections, self._answer(collections, query, leave_out=object_id))
        return _with_losses(answer, losses)

    def search(self, collection: str | CollectionSet, query: Query) -> Answer:
        """The images that hold what the query asks for. A query without clauses lists what its filter admits. Where
        shards of the index do not answer, what the others have, and a note.

        Raises NotFound (collection, object), PackMismatch, BadQuery (a cursor of another query, parts that contradict
        each other), ElasticsearchAway.
        """
        with partial_answers() as losses:
            answer = self._search(CollectionSet.of(collection), query)
        return _with_losses(answer, losses)

    def _search(self, collections: CollectionSet, query: Query) -> Answer:
        if query.read_text:
            return self._search_read(collections, query)
        if query.all_of:
            answer = self._answer_multi_object(collections, query)
        elif query.clauses:
            answer = self._answer(collections, query)
        else:
            answer = self._browse(collections, query)
        return self._of_own_pack(collections, answer)

    def _search_read(self, collections: CollectionSet, query: Query) -> Answer:
        """The answer to a query with the conditions of its texts read."""
        plain, readings, words_left = self._read(query)
        plain, denied = without_denied(plain)
        answer = self._search(collections, plain)
        notes: tuple[str, ...] = ("negation_unread",) if denied else ()
        if len(self._labels) > 1 and says_unread_relation(plain, self._labels):
            notes += ("relation_unread",)
        if not answer.hits and query.cursor is None:
            together = tuple(reading.key for reading in readings if _only_together(reading))
            if together and not answer.notes:  # no image holds all of it: those that hold most, on one page
                nearest = self._search_read(collections, replace(query, ignore=(*query.ignore, *together)))
                if nearest.hits:
                    nearest = replace(nearest, next_cursor=None, read=readings, words_left=words_left)
                    return replace(nearest, notes=(*nearest.notes, "not_all_together"))
            readings = tuple(self._with_admits(collections, reading) for reading in readings)
        return replace(answer, read=readings, words_left=words_left, notes=answer.notes + notes)

    def facets(self, collection: str | CollectionSet, query: Query) -> Mapping[str, Mapping[str, int]]:
        """Images by label, tag, album, colour, format, year and camera of what a search shows.

        Counted are the objects that the query ranks and keeps, of the best ``COUNTED_HITS`` of each of its lists;
        without clauses whatever the filter admits; with ``all_of`` all that the best ``COUNTED_HITS`` images hold.
        Raises as ``search``.
        """
        collections = CollectionSet.of(collection)
        filter, ranked = self._counted(collections, query)
        object_ids = None if ranked is None else [entry.object_id for entry in ranked]
        return self._of_own_pack(collections, self._index.facets(collections, filter, object_ids))

    def spread(self, collection: str | CollectionSet, query: Query, halvings: int) -> Spread:
        """When and where the images of the same objects were taken. Raises as ``search``."""
        collections = CollectionSet.of(collection)
        filter, ranked = self._counted(collections, query)
        image_ids = None if ranked is None else sorted({entry.image_id for entry in ranked})
        return self._of_own_pack(collections, self._index.spread(collections, filter, image_ids, halvings))

    def _counted(self, collections: CollectionSet, query: Query) -> tuple[Filter, Sequence[FusedObject] | None]:
        """Which objects are counted: what a filter admits, of those that are ranked where there are any."""
        if query.read_text:
            query, _ = without_denied(self._read(query)[0])
        request = self._request(collections, replace(query, cursor=None), "")
        if query.all_of:
            return self._multi_object.counted(request, COUNTED_HITS), None
        if not query.clauses:
            return query.filter, None
        plan = self._planner.plan(collections, query)
        (ranking,) = self._ranker.rank_at(request, [plan.lists], COUNTED_HITS)
        return query.filter, ranking.thresholded.objects

    def _answer(self, collections: CollectionSet, query: Query, leave_out: str | None = None) -> Answer:
        """The way of a query with clauses. A further page takes plan and ranking of its session, where that is kept."""
        timer = StageTimer()
        key = query_key(collections, query, leave_out)
        request = self._request(collections, query, key, leave_out)
        seen = request.seen
        session = self._sessions.get(key, seen.as_of) if query.cursor is not None else None
        plan = session.plan if session else self._planner.plan(collections, query)
        timer.mark("embed")
        ranking, *group_rankings = self._ranker.rank(request, plan, session.ranking if session else None)
        timer.mark("search")
        hits, used = self._page(request, plan.lists, ranking)
        groups = [
            self._page(request, lists, group_ranking)[0]
            for lists, group_ranking in zip(plan.groups, group_rankings, strict=False)
        ]
        timer.mark("documents")
        more = not ranking.deepest or len(used) < len(ranking.unseen)
        if more and not _lossy():
            self._sessions.put(key, seen.as_of, SearchSession(plan, ranking))
        query_objects = plan.pictures[0] if plan.pictures else ()
        return Answer(
            hits=hits,
            total=len(ranking.hits),
            total_exact=ranking.complete,
            next_cursor=after_page(key, seen, [hit.key for hit in used]) if more else None,
            took_ms=timer.times(),
            query_objects=query_objects,
            notes=plan.notes + ranking.thresholded.notes,
            cut=ranking.thresholded.cut,
            groups=tuple(Group(obj, group_hits) for obj, group_hits in zip(query_objects, groups, strict=False)),
        )

    def _page(
        self, request: RankingRequest, lists: Sequence[RankedListRequest], ranking: Ranking
    ) -> tuple[tuple[Hit, ...], list[RankedHit]]:
        """A page of hits, and the ranked hits that were used up for it."""
        thresholded = ranking.thresholded
        hits, used = hydrate_page(
            self._index,
            request.collections,
            ranking.unseen,
            request.query.size,
            thresholded.relevance,
            thresholded.hit_relevance,
        )
        return explain(hits, lists), used

    def _answer_multi_object(self, collections: CollectionSet, query: Query) -> Answer:
        timer = StageTimer()
        key = query_key(collections, query)
        answer = self._multi_object.search(self._request(collections, query, key), key, timer.mark)
        return replace(answer, took_ms=timer.times())

    def _browse(self, collections: CollectionSet, query: Query) -> Answer:
        """What the filter admits, in the order asked for."""
        timer = StageTimer()
        self._info(collections)
        key = query_key(collections, query)
        after = read_search_after(query.cursor, key) if query.cursor is not None else None
        page = browse(self._index, collections, query, after, _now())
        timer.mark("search")
        hits = tuple(hydrate(self._index, collections, page.hits, {}, {}))
        timer.mark("documents")
        return Answer(
            hits=hits,
            total=(after.count if after else 0) + len(page.hits) + (page.after is not None),
            total_exact=page.after is None,
            next_cursor=write_cursor(key, page.after) if page.after else None,
            took_ms=timer.times(),
        )

    def _request(
        self, collections: CollectionSet, query: Query, key: str, leave_out: str | None = None
    ) -> RankingRequest:
        """What a ranking is made for. Raises BadQuery for a cursor that is not of the query with that key; without one
        nothing was shown before, and the first page is as of now."""
        info = self._info(collections)
        seen = SeenCursor(_now()) if query.cursor is None else read_seen(query.cursor, key)
        return RankingRequest(collections, info, query, seen, leave_out)

    def _read(self, query: Query) -> tuple[Query, tuple[Reading, ...], str | None]:
        return parse_query(replace(query, read_text=False), self._labels, datetime.now(UTC).date())

    def _with_admits(self, collections: CollectionSet, reading: Reading) -> Reading:
        """The reading, and whether its filter alone already leaves nothing."""
        if reading.filter.empty:
            return reading
        return replace(reading, admits=bool(self._index.matching(collections, reading.filter, 1)))

    def _of_own_pack(self, collections: CollectionSet, answer: T) -> T:
        """Raises PackMismatch when another pack came in place of ours while the answer was made: it may be of that
        pack's vectors."""
        if self._index.setup(collections).pack != self._pack:
            self._index.check_pack(collections, self._pack)
        return answer

    def _info(self, collections: CollectionSet) -> CollectionInfo:
        """The counts of collections, ``INFO_SECONDS`` old at most; the pack is checked whenever they are read."""
        with self._lock:
            info = self._infos.get(collections)
        if info is None:
            self._index.check_pack(collections, self._pack)
            info = self._index.info(collections)
            if not _lossy():
                with self._lock:
                    self._infos[collections] = info
        return info


def _lossy() -> bool:
    """Whether a part of the collections was missing in what this search saw: nothing of it is kept for others."""
    losses = open_losses()
    return losses is not None and losses.shards > 0


def _with_losses(answer: Answer, losses: Losses) -> Answer:
    if not losses.shards:
        return answer
    notes = (*answer.notes, "shards_lost")
    return replace(answer, notes=notes, total_exact=False, lost_shards=losses.shards)


def _only_together(reading: Reading) -> bool:
    """Whether it asks for nothing but that several things are in one image, without number and place."""
    return len(reading.parts) > 1 and all(
        part.min_count == 1 and part.max_count is None and part.relation is None for part in reading.parts
    )


def _now() -> int:
    """This moment in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
