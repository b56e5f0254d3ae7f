"""Queries into answers: what is asked becomes a ranking, a ranking becomes pages, a page becomes hits."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal, TypeVar

from embedding_pipeline.answers import Answer, Group, Hit
from embedding_pipeline.domain import CollectionInfo, Detection, LabelName, PackInfo, Pixels
from embedding_pipeline.pipeline.graph import QueryPipeline
from embedding_pipeline.ports import ObjectIndex, TextEncoder
from embedding_pipeline.queries import ObjectClause, Query, Reading
from embedding_pipeline.reading.conditions import read_query
from embedding_pipeline.search.asking import Asked, Asker, query_objects
from embedding_pipeline.search.cursors import Shown, fingerprint, read_behind, read_shown, write_cursor
from embedding_pipeline.search.fusion import Wanted
from embedding_pipeline.search.hits import fill_page, hits_of
from embedding_pipeline.search.laps import Laps
from embedding_pipeline.search.listing import list_page
from embedding_pipeline.search.matched_words import explained
from embedding_pipeline.search.ranking import Asking, Entry, Ranker, Ranking
from embedding_pipeline.search.relevance import Relevance
from embedding_pipeline.search.several_search import SeveralSearch
from embedding_pipeline.search.walks import Walk, Walks

_COUNTED = 1000  # with 32 clauses of two vectors still below the 65,536 ids Elasticsearch takes
_INFO_SECONDS = 5.0
T = TypeVar("T")


class Searcher:
    """Answers queries over the collections of one pack. Thread-safe."""

    def __init__(
        self,
        index: ObjectIndex,
        pack: PackInfo,
        pictures: QueryPipeline,
        texts: TextEncoder | None,
        labels: Sequence[LabelName],
    ) -> None:
        self._index, self._pack, self._pictures = index, pack, pictures
        self._asker = Asker(index, pictures, texts, labels)
        self._labels = labels
        relevance = Relevance(index)
        self._ranker = Ranker(index, relevance)
        self._several = SeveralSearch(index, self._asker, labels, relevance)
        self._walks = Walks()
        self._infos: dict[str, tuple[float, CollectionInfo]] = {}

    def detect(self, pixels: Pixels) -> list[Detection]:
        """What is in a picture, best first."""
        return list(self._pictures.look([pixels], [None])[0].objects)

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
        return self._of_its_pack(collection, self._answer(collection, query, without=object_id))

    def search(self, collection: str, query: Query) -> Answer:
        """The images that hold what the query asks for. A query without clauses lists what its filter admits.

        Raises NotFound (collection, object), PackMismatch, BadQuery (a cursor of another query, parts that contradict
        each other), ElasticsearchAway.
        """
        if query.read_text:
            plain, read, left = self._read(query)
            answer = self.search(collection, plain)
            if not answer.hits and query.cursor is None:
                read = tuple(self._tried(collection, one) for one in read)
            return replace(answer, read=read, words_left=left)
        if query.all_of:
            answer = self._several.search(self._checked(collection), query, _now())
        else:
            answer = self._answer(collection, query) if query.clauses else self._list(collection, query)
        return self._of_its_pack(collection, answer)

    def facets(self, collection: str, query: Query) -> Mapping[str, Mapping[str, int]]:
        """Images by label, tag, colour, format, year and camera of what a search finds.

        Counted are the objects that the query ranks and keeps, of the best ``_COUNTED`` of each of its lists; without
        clauses whatever the filter admits; with ``all_of`` all that the best ``_COUNTED`` images hold. Raises as
        ``search``.
        """
        if query.read_text:
            query = self._read(query)[0]
        info = self._checked(collection)
        if query.all_of:
            counts = self._index.facets(collection, self._several.counted(info, query, _COUNTED, _now()))
        elif not query.clauses:
            counts = self._index.facets(collection, query.filter)
        else:
            lists = self._asker.ask(collection, query).lists
            found = self._ranker.at(Asking(info, query, Shown(_now())), [lists], _COUNTED)[0]
            counts = self._index.facets(collection, query.filter, [f.object_id for f in found.judged.ranked])
        return self._of_its_pack(collection, counts)

    def _of_its_pack(self, collection: str, answer: T) -> T:
        """Raises PackMismatch when another pack came in place of ours while the answer was made: it may be of that
        one's vectors."""
        if self._index.setup(collection).pack != self._pack:
            self._index.check_pack(collection, self._pack)
        return answer

    def _read(self, query: Query) -> tuple[Query, tuple[Reading, ...], str | None]:
        return read_query(replace(query, read_text=False), self._labels, datetime.now(UTC).date())

    def _tried(self, collection: str, one: Reading) -> Reading:
        """What was read, and whether its filter alone already leaves nothing."""
        return one if one.filter.empty else replace(one, admits=bool(self._index.matching(collection, one.filter, 1)))

    def _answer(self, collection: str, query: Query, without: str | None = None) -> Answer:
        laps = Laps()
        info = self._checked(collection)
        mark = fingerprint(collection, query, without)
        shown = read_shown(query.cursor, mark, _now())
        walk = self._walks.get(mark, shown.moment) if query.cursor else None
        asked = walk.asked if walk else self._asker.ask(collection, query)
        laps.lap("embed")
        ranking, *others = self._ranked(Asking(info, query, shown, without), asked, walk)
        laps.lap("search")
        hits, used = self._page(collection, query, asked.lists, ranking, shown)
        groups = [self._page(collection, query, *group, shown)[0] for group in zip(asked.groups, others, strict=False)]
        laps.lap("documents")
        shown = Shown(shown.moment, shown.marks | {entry.mark for entry in used})
        more = ranking.goes_on(shown)
        if more:
            self._walks.keep(mark, shown.moment, Walk(asked, ranking))
        objects = query_objects(asked.looked)
        return Answer(
            hits=hits,
            total=len(ranking.entries),
            total_exact=ranking.complete,
            next_cursor=write_cursor(mark, shown) if more else None,
            took_ms=laps.laps(),
            query_objects=objects,
            notes=asked.notes + ranking.judged.notes,
            cut=ranking.judged.cut,
            groups=tuple(Group(seen, found) for seen, found in zip(objects, groups, strict=False)),
        )

    def _ranked(self, asking: Asking, asked: Asked, walk: Walk | None) -> list[Ranking]:
        """The ranking of the walk so far, or a deeper one where it has no page left. On the first page one for each
        group follows."""
        if walk and walk.ranking.fills(asking):
            return [walk.ranking]
        groups = asked.groups if asking.query.cursor is None else ()
        return self._ranker.rank(asking, [asked.lists, *groups], walk.ranking.k if walk else 0)

    def _page(
        self, collection: str, query: Query, lists: Sequence[Wanted], ranking: Ranking, shown: Shown
    ) -> tuple[tuple[Hit, ...], list[Entry]]:
        """A page of hits, and the entries that were used up for it."""
        hits, used = fill_page(self._index, collection, ranking.left(shown), query.size, ranking.judged.relevance)
        return explained(hits, lists), used

    def _list(self, collection: str, query: Query) -> Answer:
        """What the filter admits, in the order asked for."""
        laps = Laps()
        self._checked(collection)
        mark = fingerprint(collection, query, None)
        behind = read_behind(query.cursor, mark)
        listed = list_page(self._index, collection, query, behind, _now())
        laps.lap("search")
        hits = tuple(hits_of(self._index, collection, listed.entries, {}))
        laps.lap("documents")
        return Answer(
            hits=hits,
            total=(behind.count if behind else 0) + len(listed.entries) + (listed.behind is not None),
            total_exact=listed.behind is None,
            next_cursor=write_cursor(mark, listed.behind) if listed.behind else None,
            took_ms=laps.laps(),
        )

    def _checked(self, collection: str) -> CollectionInfo:
        """The collection's counts, a few seconds old at most; its pack is checked whenever they are read."""
        read, info = self._infos.get(collection, (float("-inf"), None))
        if info is None or time.monotonic() - read > _INFO_SECONDS:
            self._index.check_pack(collection, self._pack)
            info = self._index.info(collection)
            self._infos[collection] = (time.monotonic(), info)
        return info


def _now() -> int:
    """This moment in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
