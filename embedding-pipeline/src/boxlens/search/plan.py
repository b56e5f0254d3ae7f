"""The plan of a query: its clauses as requests for ranked lists.

Words are read, texts and pictures embedded, and vectors of stored objects looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from boxlens.domain.answers.hits import QueryObject
from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSet
from boxlens.domain.errors import NotFound
from boxlens.domain.objects import LabelName, Vector
from boxlens.domain.ports import IndexReader, TextEncoder
from boxlens.domain.queries import ObjectClause, PictureClause, Query, TextClause, VectorQuery
from boxlens.language.emoji_names import with_emoji_names
from boxlens.language.plausible_words import may_be_words
from boxlens.language.word_query import quoted_text, to_word_queries
from boxlens.pipeline.query_pictures import AnalyzedPicture, QueryPipeline
from boxlens.search.requests import RankedListRequest
from boxlens.search.scoring.fusion_weights import EXAMPLE, TEXT, words_weight

SAME_BOX = 0.5
"""IoU from which a box that is searched is one that the detector sees."""

MAX_GROUPS = 20
"""Objects of a query picture that are answered one by one, the best first."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryPlan:
    """The lists a query needs, their ``k`` not yet set, and what the answer has to say of the query.

    ``pictures``: the objects seen in the picture of each picture clause, in order, best first. ``groups``: where they
    were asked for, the lists for each object of the first query picture in place of the one that is meant.
    """

    lists: tuple[RankedListRequest, ...]
    pictures: tuple[tuple[QueryObject, ...], ...]
    notes: tuple[str, ...]
    groups: tuple[tuple[RankedListRequest, ...], ...] = ()


class QueryPlanner:
    """Turns queries into plans. Thread-safe."""

    def __init__(
        self,
        index: IndexReader,
        pictures: QueryPipeline,
        texts: TextEncoder | None,
        labels: Sequence[LabelName],
    ) -> None:
        self._index, self._pictures, self._texts, self._labels = index, pictures, texts, labels

    def plan(self, collections: CollectionSet, query: Query) -> QueryPlan:
        """Every ranked list the query needs, all texts and all pictures embedded in one go each.

        Raises NotFound for a stored object that is not there, ElasticsearchAway.
        """
        texts = {i: c for i, c in enumerate(query.clauses) if isinstance(c, TextClause)}
        pictures = {i: c for i, c in enumerate(query.clauses) if isinstance(c, PictureClause)}
        stored = {i: c for i, c in enumerate(query.clauses) if isinstance(c, ObjectClause)}
        embed_objects = MAX_GROUPS if query.groups == "query_objects" else 0
        analyses = self._pictures.analyze(
            [c.pixels for c in pictures.values()], [c.box for c in pictures.values()], embed_objects=embed_objects
        )
        lists = [
            *self._text_lists(query, texts),
            *self._picture_lists(collections, query, pictures, analyses),
            *self._object_lists(collections, query, stored),
        ]
        lists = [list_request for list_request in lists if list_request.weight]
        grouped = bool(embed_objects and pictures)
        return QueryPlan(
            tuple(lists),
            tuple(_query_objects(analysis) for analysis in analyses),
            ("clip_off",) if texts and self._texts is None else (),
            _groups(query, *next(iter(pictures.items())), analyses[0], lists, labelled=len(self._labels) > 1)
            if grouped
            else (),
        )

    def _text_lists(self, query: Query, texts: Mapping[int, TextClause]) -> list[RankedListRequest]:
        """The lists of texts: by CLIP where the pack has it and the text may be words, and by words."""
        lists: list[RankedListRequest] = []
        named = {i: with_emoji_names(clause.text, self._labels) for i, clause in texts.items()}
        seen = {i: text for i, text in named.items() if may_be_words(text) and quoted_text(text) is None}
        if seen and self._texts is not None and query.signals.get("clip", 0):
            vectors = self._texts.encode_texts(list(seen.values()))
            for i, vector in zip(seen, vectors, strict=True):
                lists.append(_vector_list(query, i, texts[i].weight * TEXT["clip"], "clip", vector))
        for i, text in named.items():
            weight = texts[i].weight * words_weight(text, self._labels) * query.signals.get("words", 0)
            for words, part in to_word_queries(text, self._labels, query.filter):
                share = part.share if part else 1.0
                lists.append(RankedListRequest(i, "words", weight * share, words, part=part))
        return lists

    def _picture_lists(
        self,
        collections: CollectionSet,
        query: Query,
        pictures: Mapping[int, PictureClause],
        analyses: Sequence[AnalyzedPicture],
    ) -> list[RankedListRequest]:
        lists: list[RankedListRequest] = []
        for (i, clause), analysis in zip(pictures.items(), analyses, strict=True):
            own_object = self._stored_object(collections, clause, analysis.box)
            label = self._label(seen_label(analysis))
            vectors = _example_lists(query, i, clause.weight, analysis.vit, analysis.clip, label)
            lists.extend(replace(list_request, own_object=own_object) for list_request in vectors)
        return lists

    def _object_lists(
        self, collections: CollectionSet, query: Query, stored: Mapping[int, ObjectClause]
    ) -> list[RankedListRequest]:
        """The lists of stored objects, from their stored vectors. Raises NotFound."""
        ids = [clause.object_id for clause in stored.values()]
        objects = {obj.object_id: obj for obj in self._index.objects(collections, ids, vectors=True)}
        lists: list[RankedListRequest] = []
        for i, clause in stored.items():
            example = objects.get(clause.object_id)
            if example is None:
                raise NotFound(f"There is no object {clause.object_id} in {collections}.", place=f"clauses.{i}")
            label = self._label(example.label)
            lists.extend(_example_lists(query, i, clause.weight, example.vit_vector, example.clip_vector, label))
        return lists

    def _label(self, label: str) -> str:
        """The label, where it tells anything: a detector of a single class gives it to all."""
        return label if len(self._labels) > 1 else ""

    def _stored_object(self, collections: CollectionSet, clause: PictureClause, box: Box) -> str | None:
        """The stored object that lies nearest to the box of an example picture, where that picture is stored.

        A drawn box is never quite the stored one, and its vectors may be nearer to those of another picture.
        """
        if clause.image_id is None or clause.weight <= 0:
            return None
        try:
            objects = self._index.image(collections, clause.image_id)
        except NotFound:
            return None
        return max(objects, key=lambda obj: obj.box.iou(box)).object_id


def seen_label(analysis: AnalyzedPicture) -> str:
    """What the detector calls the box that is searched; "" where it sees nothing there."""
    best = max(analysis.objects, key=lambda detection: detection.box.iou(analysis.box), default=None)
    return best.label if best is not None and best.box.iou(analysis.box) >= SAME_BOX else ""


def _groups(
    query: Query,
    i: int,
    clause: PictureClause,
    analysis: AnalyzedPicture,
    lists: Sequence[RankedListRequest],
    *,
    labelled: bool,
) -> tuple[tuple[RankedListRequest, ...], ...]:
    """The lists of one object of a picture after the other; those of all other clauses are shared."""
    shared = [list_request for list_request in lists if list_request.clause != i]
    own = [
        _example_lists(query, i, clause.weight, vit, clip, detection.label if labelled else "")
        for (vit, clip), detection in zip(analysis.object_vectors, analysis.objects, strict=False)
    ]
    return tuple((*(list_request for list_request in vectors if list_request.weight), *shared) for vectors in own)


def _example_lists(
    query: Query, i: int, weight: float, vit: Vector | None, clip: Vector | None, label: str
) -> list[RankedListRequest]:
    lists = []
    if vit is not None:
        lists.append(_vector_list(query, i, weight * EXAMPLE["vit"], "vit", vit, label))
    if clip is not None:
        lists.append(_vector_list(query, i, weight * EXAMPLE["clip"], "clip", clip, label))
    return lists


def _vector_list(
    query: Query, i: int, weight: float, signal: Literal["vit", "clip"], vector: Vector, label: str = ""
) -> RankedListRequest:
    """``label`` is that of an example; what is to be kept away is told by its looks alone."""
    label = label if weight > 0 else ""
    nearest = VectorQuery(signal, vector, 0, query.filter, labels=bool(label))
    return RankedListRequest(i, signal, weight * query.signals.get(signal, 0), nearest, label=label)


def _query_objects(analysis: AnalyzedPicture) -> tuple[QueryObject, ...]:
    return tuple(QueryObject(detection, i == analysis.primary) for i, detection in enumerate(analysis.objects))
