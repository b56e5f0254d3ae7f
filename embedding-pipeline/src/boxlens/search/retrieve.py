"""Ranked lists from an index, all that a query needs in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from boxlens.domain.filters import Condition, Filter, both
from boxlens.domain.ports import MAX_RESULTS, IndexSearch
from boxlens.domain.queries import RankedObject, VectorQuery, WordQuery
from boxlens.search.cursor import as_of
from boxlens.search.requests import RankedList, RankedListRequest, RankingRequest
from boxlens.search.scoring.calibrate import Calibrator
from boxlens.search.scoring.thresholds import LOW_THRESHOLD

MAX_IMAGES, MAX_INSIDE = 500, 2_000
"""Images that a second look goes into, those met first, and objects that a list brings of them."""
_IMAGES_PER_HIT, _FEWEST_IMAGES = 5, 100
_OBJECTS_PER_IMAGE = 2
"""Where several clauses look into the images of one another: so many images a hit, and for each of them so many of the
nearest objects. An image of which a clause finds none among these holds nothing that is like it."""


class Retriever:
    """Reads ranked lists. Thread-safe."""

    def __init__(self, index: IndexSearch, calibrator: Calibrator) -> None:
        self._index, self._calibrator = index, calibrator

    def retrieve(
        self, request: RankingRequest, lists: Sequence[RankedListRequest], k: int, thorough: bool = False
    ) -> list[RankedList]:
        """The nearest ``k`` objects for each of the lists, without those less similar than the query's
        ``min_similarity`` for that signal; ``thorough``: by comparing all vectors. Raises NotFound, ElasticsearchAway.
        """
        if not lists:
            return []
        queries = [_at_depth(list_request, request, k, thorough) for list_request in lists]
        leading = [(i, _of_object_alone(queries[i], own)) for i, own in enumerate(w.own_object for w in lists) if own]
        answers = self._index.search(request.collections, [*queries, *(query for _, query in leading)])
        objects: list[Sequence[RankedObject]] = list(answers[: len(queries)])
        for (i, _), own in zip(leading, answers[len(queries) :], strict=True):
            objects[i] = _led_by(own, objects[i])
        ranked = [
            RankedList(list_request, answer, len(answer) < k and (thorough or _whole(list_request, request, answer)))
            for list_request, answer in zip(lists, objects, strict=True)
        ]
        positive = [some for some in ranked if some.request.weight > 0]
        if len({some.request.clause for some in positive}) > 1:
            open_lists = [some for some in ranked if self._goes_on(request, some)]
            ranked = self._look_inside(request, ranked, positive, open_lists, few=True)
        elif named := [some for some in positive if some.request.part and some.request.part.label]:
            looks = [self._telling(request, some) for some in positive if some.request.signal == "clip"]
            ranked = self._look_inside(request, ranked, looks, named)
        return [similar_enough(entry, request.query.min_similarity.get(entry.request.signal)) for entry in ranked]

    def _telling(self, request: RankingRequest, looks: RankedList) -> RankedList:
        """What of a list "auto" would show for its looks alone. The rest says nothing of an image: where that holds
        what is named, the lists of the names bring it, or others that hold as much."""
        (relevance,) = self._calibrator.calibrate(request.collections, request.info, [looks])
        if relevance is None:
            return looks
        return replace(looks, objects=[entry for entry in looks.objects if relevance[entry.object_id] >= LOW_THRESHOLD])

    def _goes_on(self, request: RankingRequest, some: RankedList) -> bool:
        """Whether further down the list there may be anything relevant: not where it ends in what looks like nothing
        in particular."""
        query = some.request.query
        if some.ended or not some.objects or not isinstance(query, VectorQuery):
            return not some.ended
        scale = self._calibrator.scale(request.collections, request.info, query)
        return scale is None or float(scale.relevance(some.objects[-1].similarity)) >= LOW_THRESHOLD

    def _look_inside(
        self,
        request: RankingRequest,
        ranked: Sequence[RankedList],
        meeting: Sequence[RankedList],
        asked: Sequence[RankedList],
        *,
        few: bool = False,
    ) -> list[RankedList]:
        """All lists, those ``asked`` with what they say of the images that those ``meeting`` met.

        A query of several clauses means all of them, and what one of them likes best may stand deep in the list of
        another; and what looks like all of a text is to be told by its names too. ``few``: of the most promising images
        alone, and of vectors no more than make these up.
        """
        rows = zip_longest(*(some.objects for some in meeting))
        met = dict.fromkeys(entry.image_id for row in rows for entry in row if entry is not None)
        hits = request.query.size + len(request.seen.tokens)
        images = tuple(met)[: min(MAX_IMAGES, max(_FEWEST_IMAGES, _IMAGES_PER_HIT * hits)) if few else MAX_IMAGES]
        looking = {id(some): query for some in asked if (query := _inside(request, some, images, few=few)) is not None}
        if not looking:
            return list(ranked)
        answers = self._index.search(request.collections, list(looking.values()))
        further = dict(zip(looking, answers, strict=True))
        return [replace(some, objects=_followed_by(some.objects, further.get(id(some), ()))) for some in ranked]


def _inside(
    request: RankingRequest, some: RankedList, images: Sequence[str], *, few: bool
) -> VectorQuery | WordQuery | None:
    """The query of a list within these images; None where that would bring nothing new. ``few``: within those alone of
    which the list has nothing yet: what it would bring of the others is less than what it has of them."""
    if few:
        own_images = {entry.image_id for entry in some.objects}
        images = [image for image in images if image not in own_images]
    if some.ended or not images:
        return None
    depth = _OBJECTS_PER_IMAGE * len(images) if few and isinstance(some.request.query, VectorQuery) else MAX_INSIDE
    query = _at_depth(some.request, request, depth)
    return replace(query, filter=both([query.filter, Filter((Condition("image_id", any_of=tuple(images)),))]))


def similar_enough(ranked: RankedList, min_similarity: float | None) -> RankedList:
    """The list without objects below a raw similarity: a cosine -1..1 for vectors, a score from 0 for words; None keeps
    all."""
    if min_similarity is None:
        return ranked
    return replace(ranked, objects=[entry for entry in ranked.objects if entry.similarity >= min_similarity])


def _whole(list_request: RankedListRequest, request: RankingRequest, answer: Sequence[RankedObject]) -> bool:
    """Whether a short answer is all there is. A graph may have led to a part of a small collection, which is compared
    whole when more is asked for; of a large one a short answer is believed."""
    documents = request.info.images + request.info.objects
    return isinstance(list_request.query, WordQuery) or len(answer) >= documents or documents > MAX_RESULTS


def _at_depth(
    list_request: RankedListRequest, request: RankingRequest, k: int, thorough: bool = False
) -> VectorQuery | WordQuery:
    """The query of a list at that depth. After the first page it sees only what stood when that was made."""
    query, filter = request.query, list_request.query.filter
    stood = as_of(filter, request.seen.as_of) if query.cursor is not None else filter
    at_depth = replace(list_request.query, k=k, filter=stood, value=query.sort.field)
    return replace(at_depth, thorough=thorough) if isinstance(at_depth, VectorQuery) else at_depth


def _of_object_alone(query: VectorQuery | WordQuery, object_id: str) -> VectorQuery | WordQuery:
    only = Condition("object_id", any_of=(object_id,))
    return replace(query, k=1, filter=replace(query.filter, conditions=(*query.filter.conditions, only)))


def _followed_by(first: Sequence[RankedObject], others: Sequence[RankedObject]) -> list[RankedObject]:
    ids = {entry.object_id for entry in first}
    return [*first, *(entry for entry in others if entry.object_id not in ids)]


def _led_by(own: Sequence[RankedObject], answer: Sequence[RankedObject]) -> list[RankedObject]:
    """The answer with the very box that was asked with in its first place, as similar as a thing is to itself."""
    leading = [entry._replace(similarity=1.0) for entry in own]
    ids = {entry.object_id for entry in leading}
    return [*leading, *(entry for entry in answer if entry.object_id not in ids)]
