"""The candidates for the parts of ``all_of``: their ranked lists, read so deep that no match is missed.

First every part is asked for its best k objects in the whole collection. Then the images met there are looked at whole:
every part is asked again within these images alone, so that none is missed because one of its boxes ranked beyond k.
That is Fagin's threshold algorithm (Fagin, Lotem and Naor, "Optimal aggregation algorithms for middleware", 2001) with
the weakest box as the aggregate: an image not met so far cannot score above the weakest of the lists' ends.

Boxes and detector scores come along with the lists: no document is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from boxlens.domain.filters import both
from boxlens.domain.ports import MAX_RESULTS, IndexSearch
from boxlens.domain.queries import Query, RankedObject, Signal, VectorQuery, WordQuery
from boxlens.search.multi_object.part_filter import ImageFilter, narrowed, of_images
from boxlens.search.multi_object.plan import MultiObjectPlan
from boxlens.search.requests import RankedList, RankedListRequest, RankingRequest
from boxlens.search.scoring.calibrate import Calibrator, Relevances
from boxlens.search.scoring.thresholds import threshold

MAX_DEPTH = MAX_RESULTS
"""What an index gives in one list."""

MAX_IMAGES = 1_000
"""Images that are looked at whole in one round."""

_CHUNK = 4_000  # objects expected in one list of a second look
_BESIDE = 0.5
"""Of the low threshold, what is enough beside something sure in the same image: measured, docs/relevance.md."""

_Calibrated = tuple[RankedList, Relevances]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object in one list of a part; ``relevance`` 0..1, None for an exact label, as sure as its detector was.

    ``rank`` counts from 1; ``weight`` is that of the signal.
    """

    signal: Signal
    rank: int
    relevance: float | None
    weight: float
    object: RankedObject

    @property
    def strength(self) -> float:
        """0..1; above 0, so that a sure label of an unsure detector still is a match."""
        value = self.relevance if self.relevance is not None else self.object.box_score
        return max(value, 1e-6)


@dataclass(slots=True)
class PartCandidates:
    """The candidates of one part, by image and object. ``whole``: its lists ended before their depth; else ``edge`` has
    the objects at which they were cut off."""

    images: dict[str, dict[str, list[Candidate]]] = field(default_factory=dict)
    whole: bool = True
    edge: list[Candidate] = field(default_factory=list)

    def add(self, candidate: Candidate) -> None:
        obj = candidate.object
        self.images.setdefault(obj.image_id, {}).setdefault(obj.object_id, []).append(candidate)


@dataclass(frozen=True, slots=True)
class CandidateRound:
    """All that one depth brought. ``whole``: no image outside ``images`` can hold every part.

    ``crowded``: more images were met than are looked at.
    ``edges``: for every part the objects at which its lists were cut off: an image that was not met has none stronger.
    ``sure``: the relevance 0..1 that one box of an image must reach for its part.
    """

    images: tuple[str, ...]
    parts: tuple[PartCandidates, ...]
    whole: bool
    crowded: bool
    edges: tuple[tuple[Candidate, ...], ...]
    calibrated: bool
    sure: float


class CandidateReader:
    """Reads the candidates of one query from an index, deeper with every round."""

    def __init__(
        self,
        index: IndexSearch,
        calibrator: Calibrator,
        request: RankingRequest,
        plan: MultiObjectPlan,
        image_filter: ImageFilter,
    ) -> None:
        """An object matches a part from the query's ``min_relevance`` on; where that cuts nothing, as with "auto": else
        everything would match everything.

        With "auto", of several boxes that are matched by their looks one must be as relevant as the best hit of a
        search; beside it the others may be less so than they must be alone.
        """
        self._index, self._calibrator, self._request = index, calibrator, request
        self._image_filter = image_filter
        self._unfiltered, self._filter = plan.part_lists, both([plan.box_filter, image_filter.few])
        self._lists = [narrowed(list_request, self._filter) for list_request in plan.part_lists]
        self._parts = len(request.query.all_of)
        self._min_relevance = request.query.min_relevance or "auto"
        self._joined = self._joined_parts(request.query)
        self._thresholds: list[float] = []
        self._looked_at: set[str] = set()
        self._inside = [PartCandidates(whole=False) for _ in request.query.all_of]
        self._calibrated = True

    def read(self, needed: Sequence[int], k: int) -> CandidateRound:
        """One round at depth k; ``needed``: the parts that an image cannot do without.

        What an image was seen to hold stands: a deeper round looks only at images that were not met before. Raises
        ElasticsearchAway.
        """
        first = self._ask(self._lists, k)
        self._thresholds = self._thresholds or self._part_thresholds(first)
        parts = [PartCandidates() for _ in range(self._parts)]
        for ranked, relevances in first:
            part = parts[ranked.request.clause]
            self._add(part, ranked, relevances)
            if len(ranked.objects) < k:
                continue
            last = ranked.objects[-1]
            if relevance := self._matching(ranked.request, relevances, last):
                part.whole = False
                part.edge.append(_candidate(ranked.request, k, last, relevance))
        images, whole, crowded = _to_look_at(parts, needed, self._image_filter)
        deeper = [p for p in range(self._parts) if not parts[p].whole]
        edges = tuple(tuple(part.edge) for part in parts)
        again = [list_request for list_request in self._lists if list_request.clause in deeper]
        for chunk in _chunks([image for image in images if image not in self._looked_at], self._boxes()):
            self._look_inside(again, chunk)
        self._looked_at.update(images)
        for p in deeper:
            parts[p] = self._inside[p]
        sure = threshold("auto", 0.0) or 0.0 if self._joined else 0.0
        return CandidateRound(images, tuple(parts), whole, crowded, edges, self._calibrated, sure)

    def _joined_parts(self, query: Query) -> frozenset[int]:
        """The parts of which one makes the other surer. Those with a largest number count boxes, and count what is
        shown."""
        if self._min_relevance != "auto" or self._request.info.settings.min_relevance is not None:
            return frozenset()
        by_looks = {list_request.clause for list_request in self._lists if not _is_exact(list_request)}
        if sum(part.min_count for p, part in enumerate(query.all_of) if p in by_looks) < 2:
            return frozenset()
        return frozenset(p for p in by_looks if query.all_of[p].max_count is None)

    def _part_thresholds(self, first: Sequence[_Calibrated]) -> list[float]:
        """What objects must reach, by part: seen from the best there is without the filter, so that a filter leaves out
        and nothing comes or goes for another reason."""
        by_looks = any(
            not _is_exact(list_request) and list_request.clause not in self._joined for list_request in self._lists
        )
        if self._min_relevance == "auto" and by_looks and not self._filter.empty:
            first = self._ask(self._unfiltered, 1)
        return [self._threshold(part, first) for part in range(self._parts)]

    def _threshold(self, part: int, first: Sequence[_Calibrated]) -> float:
        if part in self._joined:
            return _BESIDE * (threshold("auto", 1.0) or 0.0)
        best = max(
            (
                relevances.get(ranked.objects[0].object_id, 0.0)
                for ranked, relevances in first
                if ranked.request.clause == part and relevances and ranked.objects
            ),
            default=0.0,
        )
        return threshold(self._min_relevance, best, self._request.info.settings.min_relevance) or 0.0

    def _look_inside(self, lists: Sequence[RankedListRequest], images: Sequence[str]) -> None:
        """Every list within these images alone, whole: in halves when they hold more than one list can bring."""
        if not lists or not images:
            return
        expected = min(MAX_DEPTH, round(2 * len(images) * self._boxes()) + 200)
        answers = self._ask([narrowed(list_request, of_images(images)) for list_request in lists], expected)
        if len(images) > 1 and any(len(ranked.objects) >= expected for ranked, _ in answers):
            half = len(images) // 2
            self._look_inside(lists, images[:half])
            self._look_inside(lists, images[half:])
            return
        for ranked, relevances in answers:
            self._add(self._inside[ranked.request.clause], ranked, relevances)

    def _ask(self, lists: Sequence[RankedListRequest], k: int) -> list[_Calibrated]:
        request = self._request
        value = request.query.sort.field
        deep = [replace(w, query=replace(w.query, k=k, value=value, boxes=True)) for w in lists]
        answers = self._index.search(request.collections, [w.query for w in deep]) if deep else []
        ranked = [RankedList(list_request, answer) for list_request, answer in zip(deep, answers, strict=True)]
        relevances = self._calibrator.calibrate(request.collections, request.info, ranked)
        self._calibrated = self._calibrated and all(
            by_object is not None or not isinstance(w.query, VectorQuery)
            for w, by_object in zip(deep, relevances, strict=True)
        )
        return list(zip(ranked, relevances, strict=True))

    def _add(self, part: PartCandidates, ranked: RankedList, relevances: Relevances) -> None:
        for rank, entry in enumerate(ranked.objects, start=1):
            if relevance := self._matching(ranked.request, relevances, entry):
                part.add(_candidate(ranked.request, rank, entry, relevance))

    def _matching(self, list_request: RankedListRequest, relevances: Relevances, entry: RankedObject) -> float:
        """0..1, and 0 where it is no match; a list that cannot be calibrated counts by its cosine."""
        if entry.similarity < self._request.query.min_similarity.get(list_request.signal, -1.0):
            return 0.0
        if relevances is None:
            return (1 + entry.similarity) / 2
        relevance = relevances.get(entry.object_id, 0.0)
        return relevance if relevance >= self._thresholds[list_request.clause] else 0.0

    def _boxes(self) -> float:
        info = self._request.info
        return max(1.0, (info.objects + info.images) / max(1, info.images))


def _candidate(list_request: RankedListRequest, rank: int, entry: RankedObject, relevance: float) -> Candidate:
    return Candidate(
        list_request.signal, rank, None if _is_exact(list_request) else relevance, list_request.weight, entry
    )


def _is_exact(list_request: RankedListRequest) -> bool:
    """Whether the list asks for a label, so that every object in it has that label."""
    return isinstance(list_request.query, WordQuery) and bool(list_request.query.labels)


def _to_look_at(
    parts: Sequence[PartCandidates], needed: Sequence[int], image_filter: ImageFilter
) -> tuple[tuple[str, ...], bool, bool]:
    """The images that may hold every part, most promising first; whether these are all; whether there were too many.

    A part whose lists came whole names every image that holds it; without such a part any image met may be one.
    """
    whole = [p for p in needed if parts[p].whole]
    met: dict[str, int] = {}
    for p in needed:
        for image in parts[p].images:
            met[image] = met.get(image, 0) + 1
    images = image_filter.admitted([image for image in met if all(image in parts[p].images for p in whole)])
    images.sort(key=lambda image: -met[image])  # stable: of the same number the better ranked first
    crowded = len(images) > MAX_IMAGES
    return tuple(images[:MAX_IMAGES]), bool(whole) and not crowded, crowded


def _chunks(images: Sequence[str], boxes: float) -> Iterator[Sequence[str]]:
    size = max(1, min(1_000, int(_CHUNK / boxes)))
    for start in range(0, len(images), size):
        yield images[start : start + size]
