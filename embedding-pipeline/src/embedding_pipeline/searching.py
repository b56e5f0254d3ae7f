"""Queries into answers: clauses become ranked lists, lists are fused, objects are grouped by image."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from embedding_pipeline.cursors import fingerprint, read_cursor, write_cursor
from embedding_pipeline.domain import (
    Answer,
    CollectionInfo,
    Condition,
    Detection,
    Hit,
    HitObject,
    LabelName,
    ObjectClause,
    PackInfo,
    PictureClause,
    Pixels,
    Query,
    QueryObject,
    RankedObject,
    TextClause,
    Vector,
    VectorQuery,
    WordQuery,
)
from embedding_pipeline.errors import NotFound
from embedding_pipeline.fusion import Fused, Wanted, by_image, fuse
from embedding_pipeline.label_words import recognise
from embedding_pipeline.pipeline import Looked, QueryPipeline
from embedding_pipeline.ports import ObjectIndex, TextEncoder
from embedding_pipeline.words import query_tokens

# Grouping sees only the nearest k objects: k = 2 x images wanted x mean boxes an image nearly always fills the page.
_CANDIDATES_PER_BOX = 2
_MOST_CANDIDATES = 10_000  # Elasticsearch's limit on num_candidates
_INFO_SECONDS = 5.0


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
        self._index, self._pack, self._pictures, self._texts, self._labels = index, pack, pictures, texts, labels
        self._infos: dict[str, tuple[float, CollectionInfo]] = {}

    def detect(self, pixels: Pixels) -> list[Detection]:
        """What is in a picture, best first."""
        return list(self._pictures.look([pixels], [None])[0].objects)

    def similar(self, collection: str, object_id: str, size: int = 20) -> Answer:
        """Objects like a stored one, from its stored vectors; the object itself is left out. Raises NotFound."""
        return self._answer(collection, Query((ObjectClause(object_id),), size=size), without=object_id)

    def search(self, collection: str, query: Query) -> Answer:
        """The images that hold what the query asks for. A query without clauses lists what its filter admits.

        Raises NotFound (collection, object), PackMismatch, BadQuery (a cursor of another query), ElasticsearchAway.
        """
        return self._answer(collection, query) if query.clauses else self._list(collection, query)

    def _answer(self, collection: str, query: Query, without: str | None = None) -> Answer:
        clock = _Clock()
        info = self._checked(collection)
        mark = fingerprint(collection, query, without)
        start = int(read_cursor(query.cursor, mark) or 0)
        lists, looked, notes = self._lists(collection, query)
        clock.lap("embed")
        k = _candidates(info, start + query.size)
        ranked, full = self._ranked(collection, lists, k, without)
        if full and len(ranked) < start + query.size and k < _MOST_CANDIDATES:
            ranked, full = self._ranked(collection, lists, min(2 * k, _MOST_CANDIDATES), without)
        clock.lap("search")
        page = ranked[start : start + query.size]
        hits = self._hits(collection, page)
        clock.lap("documents")
        more = len(ranked) > start + len(page)
        return Answer(
            hits=hits,
            total=len(ranked),
            total_exact=not full,
            next_cursor=write_cursor(mark, start + len(page)) if more else None,
            took_ms=clock.laps(),
            query_objects=_query_objects(looked),
            notes=notes,
        )

    def _lists(self, collection: str, query: Query) -> tuple[list[Wanted], list[Looked], tuple[str, ...]]:
        """Every ranked list the query needs, all texts and all pictures embedded in one go each."""
        texts = [(i, c) for i, c in enumerate(query.clauses) if isinstance(c, TextClause)]
        pictures = [(i, c) for i, c in enumerate(query.clauses) if isinstance(c, PictureClause)]
        stored = [(i, c) for i, c in enumerate(query.clauses) if isinstance(c, ObjectClause)]
        lists: list[Wanted] = []
        if texts and self._texts is not None and query.signals.get("clip", 0):
            for (i, clause), vector in zip(texts, self._texts.encode_texts([c.text for _, c in texts]), strict=True):
                lists.append(self._near(query, i, clause.weight, "clip", vector))
        for i, clause in texts:
            labels, _ = recognise(clause.text, self._labels)
            tokens = tuple(query_tokens(clause.text))
            if labels or tokens:
                words = WordQuery(labels, tokens, 0, query.filter)
                lists.append(Wanted(i, "words", clause.weight * query.signals.get("words", 0), words))
        looked = self._pictures.look([c.pixels for _, c in pictures], [c.box for _, c in pictures])
        for (i, example), look in zip(pictures, looked, strict=True):
            lists.extend(self._vectors(query, i, example.weight, look.vit, look.clip))
        found = {
            o.object_id: o for o in self._index.objects(collection, [c.object_id for _, c in stored], vectors=True)
        }
        for i, known in stored:
            if known.object_id not in found:
                raise NotFound(f"There is no object {known.object_id} in {collection}.", place=f"clauses.{i}")
            like = found[known.object_id]
            lists.extend(self._vectors(query, i, known.weight, like.vit_vector, like.clip_vector))
        notes = ("clip_off",) if texts and self._texts is None else ()
        return [wanted for wanted in lists if wanted.weight], looked, notes

    def _vectors(self, query: Query, i: int, weight: float, vit: Vector | None, clip: Vector | None) -> list[Wanted]:
        lists = []
        if vit is not None:
            lists.append(self._near(query, i, weight, "vit", vit))
        if clip is not None:
            lists.append(self._near(query, i, weight, "clip", clip))
        return lists

    @staticmethod
    def _near(query: Query, i: int, weight: float, signal: Literal["vit", "clip"], vector: Vector) -> Wanted:
        return Wanted(i, signal, weight * query.signals.get(signal, 0), VectorQuery(signal, vector, 0, query.filter))

    def _ranked(
        self, collection: str, lists: Sequence[Wanted], k: int, without: str | None
    ) -> tuple[list[list[Fused]], bool]:
        """Images best first, each with its objects best first; and whether any list may go on beyond k."""
        answers = self._index.search(collection, [replace(wanted.query, k=k) for wanted in lists]) if lists else []
        fused = [f for f in fuse(lists, answers) if f.object_id != without]
        return by_image(fused), any(len(answer) >= k for answer in answers)

    def _hits(self, collection: str, page: Sequence[Sequence[Fused]]) -> tuple[Hit, ...]:
        wanted = [f.object_id for image in page for f in image]
        stored = {o.object_id: o for o in self._index.objects(collection, wanted)}
        hits = []
        for image in page:
            # An object deleted since the search ranked it is simply not there any more.
            objects = tuple(HitObject(stored[f.object_id], f.score, f.why) for f in image if f.object_id in stored)
            if objects:
                hits.append(Hit(objects[0].object.image, objects[0].score, objects))
        return tuple(hits)

    def _list(self, collection: str, query: Query) -> Answer:
        """What the filter admits, by id; without any filter every image once."""
        clock = _Clock()
        self._checked(collection)
        mark = fingerprint(collection, query, None)
        after = read_cursor(query.cursor, mark)
        shown = query.filter
        if shown.empty:
            shown = replace(shown, conditions=(Condition("kind", any_of=("frame",)),))
        images: dict[str, list[RankedObject]] = {}
        last: str | None = str(after) if after is not None else None
        full = True
        while full and len(images) <= query.size:
            batch = self._index.matching(collection, shown, 4 * query.size, last)
            full = len(batch) == 4 * query.size
            for match in batch:
                images.setdefault(match.image_id, []).append(match)
            last = batch[-1].object_id if batch else last
        page = list(images.values())[: query.size]
        more = len(images) > query.size
        clock.lap("search")
        hits = self._hits(collection, [[Fused(m.object_id, m.image_id, 0.0, ()) for m in image] for image in page])
        clock.lap("documents")
        return Answer(
            hits=hits,
            total=len(images),
            total_exact=not more and after is None,
            next_cursor=write_cursor(mark, page[-1][-1].object_id) if more else None,
            took_ms=clock.laps(),
        )

    def _checked(self, collection: str) -> CollectionInfo:
        """The collection's counts, a few seconds old at most; its pack is checked whenever they are read."""
        read, info = self._infos.get(collection, (float("-inf"), None))
        if info is None or time.monotonic() - read > _INFO_SECONDS:
            self._index.check_pack(collection, self._pack)
            info = self._index.info(collection)
            self._infos[collection] = (time.monotonic(), info)
        return info


class _Clock:
    """Milliseconds per stage of one request."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = (now - self._last) * 1000
        self._last = now

    def laps(self) -> dict[str, float]:
        return self._laps | {"total": (time.perf_counter() - self._start) * 1000}


def _candidates(info: CollectionInfo, images: int) -> int:
    boxes = max(1.0, info.objects / max(1, info.images))
    return min(_MOST_CANDIDATES, max(10, round(_CANDIDATES_PER_BOX * images * boxes)))


def _query_objects(looked: Sequence[Looked]) -> tuple[QueryObject, ...]:
    """The objects of the first query picture, the one a page shows."""
    if not looked:
        return ()
    return tuple(QueryObject(detection, i == looked[0].primary) for i, detection in enumerate(looked[0].objects))
