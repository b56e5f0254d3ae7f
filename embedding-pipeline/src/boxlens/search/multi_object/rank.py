"""The ranking of images that hold all parts: by their weakest box, and by the clauses beside ``all_of``.

A box scores its strength 0..1 over 11, what the first place of a ranked list is worth, so that both may be added. Its
strength is its relevance to its part, or where the part names a label, how sure the detector was of it. Of the clauses
the best object of an image adds its fused score; images that hold what a negative weight excludes are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from boxlens.domain.ports import SearchIndex
from boxlens.domain.queries import Query
from boxlens.search.cursor import token
from boxlens.search.group import RankedHit, by_image, collapse_duplicates, sort_hits
from boxlens.search.multi_object.candidates import MAX_DEPTH, CandidateReader
from boxlens.search.multi_object.matches import ImageMatch, to_ranked_hit
from boxlens.search.multi_object.part_filter import ImageFilter, narrowed, of_images
from boxlens.search.multi_object.plan import MultiObjectPlan
from boxlens.search.multi_object.settle import SettledImage, SettledRound, settle
from boxlens.search.requests import RankedList, RankedListRequest, RankingRequest
from boxlens.search.retrieve import similar_enough
from boxlens.search.scoring.calibrate import Calibrator
from boxlens.search.scoring.fuse import FusedObject, fuse
from boxlens.search.scoring.thresholds import ImageRelevance, Thresholds

MIN_DEPTH = 200
_SORTED_DEPTH = 1000  # another order than the best needs a set of images to put in order
_GROWTH = 4


@dataclass(frozen=True, slots=True, eq=False)
class MultiObjectRanking:
    """Images that hold all parts, best first, their hits in the order asked for, and those of them that were not shown
    on an earlier page."""

    settled: SettledRound
    images: tuple[ImageMatch, ...]
    hits: tuple[RankedHit, ...]
    unseen: tuple[RankedHit, ...]


class MultiObjectRanker:
    """Ranks images over one index. Thread-safe."""

    def __init__(self, index: SearchIndex, calibrator: Calibrator, thresholds: Thresholds) -> None:
        self._index, self._calibrator, self._thresholds = index, calibrator, thresholds

    def rank(self, request: RankingRequest, plan: MultiObjectPlan) -> MultiObjectRanking:
        """The ranking of a plan; the lists are read deeper while that could change the page.

        Raises NotFound, ElasticsearchAway.
        """
        query = request.query
        image_filter = ImageFilter(self._index, request.collections, plan.image_filter)
        reader = CandidateReader(self._index, self._calibrator, request, plan, image_filter)
        needed = [i for i, part in enumerate(query.all_of) if part.min_count]
        settled_images: dict[str, SettledImage] = {}
        k = _first_depth(request)
        while True:
            settled = settle(query.all_of, reader.read(needed, k), settled_images)
            images = self._with_clauses(request, settled.images, plan.clause_lists)
            hits = self._hits(request, images)
            unseen = tuple(hit for hit in hits if token(hit.key) not in request.seen.tokens)
            if k >= MAX_DEPTH or settled.whole or settled.crowded or _page_is_final(settled, images, unseen, query):
                return MultiObjectRanking(settled, tuple(images), tuple(hits), unseen)
            k = min(_GROWTH * k, MAX_DEPTH)

    def _hits(self, request: RankingRequest, images: Sequence[ImageMatch]) -> list[RankedHit]:
        """Images as hits, those that look the same in one, in the order asked for."""
        hits = [to_ranked_hit(image) for image in images]
        if request.query.collapse_duplicates:
            hits = collapse_duplicates(self._index, request.collections, hits, request.seen)
        return sort_hits(hits, request.query.sort)

    def _with_clauses(
        self, request: RankingRequest, images: Sequence[ImageMatch], lists: Sequence[RankedListRequest]
    ) -> list[ImageMatch]:
        """The same images with what the clauses say of them, best first, without those that hold what is excluded."""
        relevance = {match.object_id: match.strength for image in images for match in image.parts}
        ids = [image.image_id for image in images]
        excluded = self._thresholds.excluded(request.collections, request.info, lists, ids, relevance)
        remaining = [image for image in images if image.image_id not in excluded]
        positive = [list_request for list_request in lists if list_request.weight > 0]
        if not positive or not remaining:
            return remaining
        inside = self._retrieve_inside(request, positive, [image.image_id for image in remaining])
        fused = fuse(inside)
        best = _best_of_images(fused)
        to_clauses = self._relevance_to_clauses(request, inside, fused)
        total = sum(clause.weight for clause in request.query.clauses if clause.weight > 0)
        ranked = [
            replace(
                image,
                score=image.score + (best[image.image_id].score if image.image_id in best else 0.0),
                relevance=_mean(image.relevance, to_clauses, image.image_id, total),
                best=best.get(image.image_id),
            )
            for image in remaining
        ]
        return sorted(ranked, key=lambda image: (-(image.relevance or 0.0), -image.score, image.image_id))

    def _relevance_to_clauses(
        self, request: RankingRequest, lists: Sequence[RankedList], fused: Sequence[FusedObject]
    ) -> Mapping[str, float] | None:
        """The relevance 0..1 to the clauses by image; None where it cannot be calibrated."""
        parts = len(request.query.all_of)
        weights = {parts + i: c.weight for i, c in enumerate(request.query.clauses) if c.weight > 0}
        relevances = self._calibrator.calibrate(request.collections, request.info, lists)
        if any(by_object is None for by_object in relevances):
            return None
        images = ImageRelevance(lists, relevances, weights)
        return {objects[0].image_id: images.of([entry.object_id for entry in objects]) for objects in by_image(fused)}

    def _retrieve_inside(
        self, request: RankingRequest, lists: Sequence[RankedListRequest], image_ids: Sequence[str]
    ) -> list[RankedList]:
        """The lists of clauses within some images alone."""
        info, query = request.info, request.query
        boxes = (info.objects + info.images) / max(1, info.images)
        k = min(MAX_DEPTH, round(2 * len(image_ids) * boxes) + 200)
        inside = [narrowed(list_request, of_images(image_ids)) for list_request in lists]
        deep = [replace(w, query=replace(w.query, k=k, value=query.sort.field)) for w in inside]
        answers = self._index.search(request.collections, [w.query for w in deep])
        return [
            similar_enough(RankedList(list_request, answer), query.min_similarity.get(list_request.signal))
            for list_request, answer in zip(deep, answers, strict=True)
        ]


def _mean(of_parts: float | None, to_clauses: Mapping[str, float] | None, image_id: str, weight: float) -> float | None:
    """The relevance of an image to parts and clauses together: the parts count as one clause does."""
    if of_parts is None or to_clauses is None:
        return None
    return (of_parts + weight * to_clauses.get(image_id, 0.0)) / (1 + weight)


def _best_of_images(fused: Sequence[FusedObject]) -> dict[str, FusedObject]:
    best: dict[str, FusedObject] = {}
    for entry in fused:
        best.setdefault(entry.image_id, entry)
    return best


def _first_depth(request: RankingRequest) -> int:
    info, query = request.info, request.query
    images = len(request.seen.tokens) + query.size + 1
    boxes = (info.objects + info.images) / max(1, info.images)
    smallest = MIN_DEPTH if query.sort.field == "relevance" else max(MIN_DEPTH, _SORTED_DEPTH)
    return min(MAX_DEPTH, max(smallest, round(2 * images * boxes)))


def _page_is_final(
    settled: SettledRound, images: Sequence[ImageMatch], unseen: Sequence[RankedHit], query: Query
) -> bool:
    """Whether a deeper round could not change the page, or is not worth it: another order than by the weakest box
    orders what is there."""
    if len(unseen) <= query.size:
        return False
    if query.clauses or query.sort.field != "relevance":
        return True
    scores = {image.image_id: image.score for image in images}
    return scores[unseen[query.size - 1].key] >= settled.bound
