"""What of a fused ranking is shown, and in which order: images that hold an excluded thing go, what is not relevant
enough is cut, and what is left is ordered by relevance.

An object is as relevant as its best list with a positive weight says (``calibrate``); an image as ``ImageRelevance``
says. The method and how it was measured: docs/relevance.md.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from boxlens.domain.answers.hits import Cut
from boxlens.domain.collections import CollectionInfo, CollectionSet
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.ports import MAX_RESULTS, IndexSearch
from boxlens.domain.queries import Query, TextClause
from boxlens.language.word_query import NamedPart
from boxlens.search.requests import RankedList, RankedListRequest, RankingRequest
from boxlens.search.scoring.calibrate import Calibrator, Relevances
from boxlens.search.scoring.fuse import FusedObject

HIGH_THRESHOLD, LOW_THRESHOLD = 0.05, 0.01
"""``min_relevance`` of "auto": what the best hit for words must reach, or nothing is shown; and what the others must.

Two thresholds as in Canny's edges ("A computational approach to edge detection", 1986): what stands near something
certain may itself be less certain. Whoever gives a picture asks for what looks like it: only the second counts.
"""

EXCLUDED = LOW_THRESHOLD
"""Relevance to an excluded thing from which an object is taken for it, unless it is more relevant to what the query
asks for: what would be shown to those who ask for it is kept from those who ask for none of it."""

WEAK = 0.5
"""Below this relevance a hit that is shown may well be wrong, and is marked as weak."""

GAP, ABOVE_GAP = 0.4, 10
"""Share of its neighbour's relevance below which a weak hit is far from it, and the hits that are never cut for it: of
1,210 captions asked by labels alone, a cut from the sixth hit on lost 7 of the right pictures among the first ten."""

NAMED_POWER = 2
"""Beside CLIP's looks, which read all of a text, what it names counts by the named share of it to this power, as the
words do in ``fusion_weights``. Of 484 English captions of photographs 1, 1.5 and 2 put the right picture among the
first ten for 0.60, 0.60 and 0.59, and leave 14, 13 and 12 in a hundred wrong first hits unmarked."""

UNREAD, ALIKE = 3.0, 0.7
"""Where no looks tell what a text says beside its names: how many times its other words count then, and the share of
the names' relevance from which another image holds as much. With 3 a name and one other word (a dog on a meadow) are
weak where many images hold the name. Chosen on captions of Flickr8k by YOLOX-Nano's labels alone: docs/relevance.md."""

_ALL = 1 - 1e-6  # of a text, when nothing but names is in it: shares add up to less by rounding
_SPARE, _MIN_DEPTH, _MAX_DEPTH = 2, 200, MAX_RESULTS  # objects asked for to find excluded ones among some images


@dataclass(frozen=True, slots=True, eq=False)
class ThresholdedRanking:
    """A ranking after the cut, by falling relevance of its hits, and the relevance 0..1 of its objects and of its hits
    by their keys (both empty where nothing could be calibrated: its order is then that of the fused ranking).

    ``complete``: whatever the lists hold further down would be cut.
    """

    objects: list[FusedObject]
    relevance: Mapping[str, float]
    hit_relevance: Mapping[str, float]
    cut: Cut | None
    complete: bool
    notes: tuple[str, ...]


class Thresholds:
    """Cuts rankings. Thread-safe."""

    def __init__(self, index: IndexSearch, calibrator: Calibrator) -> None:
        self._index, self._calibrator = index, calibrator

    def apply(
        self,
        request: RankingRequest,
        lists: Sequence[RankedList],
        relevances: Sequence[Relevances],
        fused: Sequence[FusedObject],
    ) -> ThresholdedRanking:
        """The ranking without excluded images, without hits below the query's ``min_relevance`` and without boxes below
        it, by falling relevance of the hits; ``relevances`` are those of the lists. A list with a negative weight
        excludes, however small the weight.

        Where any list with a positive weight cannot be calibrated, nothing is cut and the note ``relevance_off`` says
        so: a relevance known for half the lists would cut what the others brought. Raises ElasticsearchAway.
        """
        positive = [(ranked, r) for ranked, r in zip(lists, relevances, strict=True) if ranked.request.weight > 0]
        relevance = _best_relevance([r for _, r in positive], fused)
        excluded = self.excluded(
            request.collections, request.info, [r.request for r in lists], [f.image_id for f in fused], relevance
        )
        objects = [entry for entry in fused if entry.image_id not in excluded]
        if any(r is None for _, r in positive):
            return ThresholdedRanking(objects, {}, {}, None, False, ("relevance_off",))
        hits = _hit_relevance(request.query, positive, objects)
        objects.sort(key=lambda entry: -hits[hit_key(request.query, entry)])  # stable: equal ones stay as fused
        least, cut_at = _thresholds(request, sorted(hits.values(), reverse=True))
        if cut_at is None or least is None:
            return ThresholdedRanking(objects, relevance, hits, None, False, ())
        several = any(ranked.request.part for ranked, _ in positive) or len(request.query.clauses) > 1
        least = min(least, LOW_THRESHOLD) if several else least  # an image may hold much of what a box is little of
        relevant = [
            entry
            for entry in objects
            if hits[hit_key(request.query, entry)] >= cut_at and relevance[entry.object_id] >= least
        ]
        dropped = len({entry.image_id for entry in objects}) - len({entry.image_id for entry in relevant})
        ends = [ranked.objects[-1].object_id for ranked, _ in positive if ranked.objects and not ranked.ended]
        complete = all(relevance.get(object_id, 0.0) < cut_at for object_id in ends)
        return ThresholdedRanking(relevant, relevance, hits, Cut(cut_at, dropped), complete, ())

    def excluded(
        self,
        collections: CollectionSet,
        info: CollectionInfo,
        lists: Sequence[RankedListRequest],
        image_ids: Sequence[str],
        relevance: Mapping[str, float],
    ) -> set[str]:
        """Those of the images in which any object is what a list with a negative weight looks for, and is not more
        relevant to what the query asks for (``relevance`` 0..1 by object id).

        The objects of the images are asked for anew, because a filter, or the depth of a list, may hide them. Raises
        ElasticsearchAway.
        """
        negative = [list_request for list_request in lists if list_request.weight < 0]
        if not negative or not image_ids:
            return set()
        images = tuple(dict.fromkeys(image_ids))
        inside = Filter((Condition("image_id", any_of=images),))
        boxes = 1 + info.objects / max(1, info.images)
        k = min(_MAX_DEPTH, max(_MIN_DEPTH, round(_SPARE * len(images) * boxes)))
        answers = self._index.search(collections, [replace(w.query, filter=inside, k=k) for w in negative])
        lists_inside = [
            RankedList(list_request, answer) for list_request, answer in zip(negative, answers, strict=True)
        ]
        excluded: set[str] = set()
        calibrated = self._calibrator.calibrate(collections, info, lists_inside)
        for ranked, unwanted in zip(lists_inside, calibrated, strict=True):
            excluded |= {
                entry.image_id
                for entry in ranked.objects
                if (unwanted or {}).get(entry.object_id, 0.0) >= max(EXCLUDED, relevance.get(entry.object_id, 0.0))
            }
        return excluded


def threshold(min_relevance: float | Literal["auto"] | None, best: float, default: float | None = None) -> float | None:
    """The relevance 0..1 a query cuts at when its best object has the relevance ``best``; None: nothing is cut.

    ``default`` is what "auto" means in the collection, where it says so.
    """
    if min_relevance != "auto":
        return min_relevance
    if default is not None:
        return default
    return LOW_THRESHOLD if best >= HIGH_THRESHOLD else HIGH_THRESHOLD


def _thresholds(request: RankingRequest, falling: Sequence[float]) -> tuple[float | None, float | None]:
    """What a box must reach, and what a hit must: with "auto" hits for words end at a gap too. None: nothing is cut.

    ``falling``: the relevances of the hits, the highest first.
    """
    best = falling[0] if falling and _in_words(request.query) else 1.0
    default = request.info.settings.min_relevance
    least = threshold(request.query.min_relevance, best, default)
    by_auto = request.query.min_relevance == "auto" and default is None
    if least is None or not by_auto or not _in_words(request.query):
        return least, least
    return least, max(least, gap([value for value in falling if value >= least]))


class _Sums(NamedTuple):
    """What the lists say of one image, by clause: the best of all of its text, and the sums 0..1 of what its names and
    its other words find."""

    whole: dict[int, float]
    named: dict[int, float]
    written: dict[int, float]


class ImageRelevance:
    """The relevance of images, or of single objects, from the lists that found them: how much of what was asked for
    they hold.

    Of one clause the best counts that any list says of the whole of it, or, where its text names several things, the
    sum of what its lists say of each, by its share: who asks for a person and a horse gets half for a horse alone.
    Where looks are asked for too, both speak for an image: what is left to doubt is what each leaves, multiplied. Of
    several clauses the mean counts by their weights: a picture together with words means this and that.

    Where no looks are asked for, nothing is known of a word that names no class and is written nowhere. One of the
    images that hold the names as well will be meant: of an only one the word is likely, of one of many it is not.
    """

    def __init__(
        self, lists: Sequence[RankedList], relevances: Sequence[Relevances], weights: Mapping[int, float]
    ) -> None:
        """``lists`` have positive weights, and ``relevances`` are theirs; ``weights``: above 0, of each clause."""
        self._weights = {i: weights[i] for i in dict.fromkeys(ranked.request.clause for ranked in lists)}
        self._numbers: dict[tuple[int, NamedPart | None], int] = {}  # of each clause, and of each part of it
        self._says: dict[str, list[tuple[int, float]]] = {}  # by object: a number of these, and the relevance to it
        self._beside: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        self._ends: dict[tuple[int, str], float] = {}
        self._by_looks = {ranked.request.clause for ranked in lists if ranked.request.signal == "clip"}
        self._named: dict[int, float] = {}
        for ranked, by_object in zip(lists, relevances, strict=True):
            clause, part = ranked.request.clause, ranked.request.part
            if part is not None and part.label is not None:
                self._named[clause] = self._named.get(clause, 0.0) + part.share
                self._ends[clause, part.label] = min((by_object or {}).values(), default=0.0)
            self._add(clause, part, ranked, by_object or {})

    def _add(self, clause: int, part: NamedPart | None, ranked: RankedList, by_object: Mapping[str, float]) -> None:
        """What one list says of its objects. What holds the whole text in one field counts for all of the clause."""
        whole = self._numbers.setdefault((clause, None), len(self._numbers))
        number = self._numbers.setdefault((clause, part), len(self._numbers))
        for entry in ranked.objects:
            object_id = entry.object_id
            relevance = by_object.get(object_id, 0.0)
            says = self._says.setdefault(object_id, [])
            says.append((number, relevance))
            if entry.phrase:
                says.append((whole, relevance))
            if entry.beside:
                self._beside.setdefault(object_id, []).append((clause, entry.beside))

    def of(self, object_ids: Collection[str]) -> float:
        """The relevance 0..1 of an image of which these objects were found, of the others nothing being known."""
        return self._of_sums(self._sums(object_ids), {})

    def of_each(self, hits: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """The relevance 0..1 of each of all hits by its key, of which these objects were found."""
        sums = {key: self._sums(object_ids) for key, object_ids in hits.items()}
        rising = {clause: sorted(own.named.get(clause, 0.0) for own in sums.values()) for clause in self._named}
        return {
            key: self._of_sums(
                own,
                {
                    clause: len(all_of_them) - bisect_left(all_of_them, ALIKE * own.named.get(clause, 0.0))
                    for clause, all_of_them in rising.items()
                },
            )
            for key, own in sums.items()
        }

    def _sums(self, object_ids: Collection[str]) -> _Sums:
        best: dict[int, float] = {}
        for object_id in object_ids:
            for number, relevance in self._says.get(object_id, ()):
                if relevance > best.get(number, -1.0):
                    best[number] = relevance
        sums, beside = _Sums({}, {}, {}), None
        for (clause, part), number in self._numbers.items():
            held = best.get(number)
            if part is None:
                sums.whole[clause] = held or 0.0
                continue
            if held is None and part.label is not None:
                beside = self._held_beside(object_ids) if beside is None else beside
                held = self._ends[clause, part.label] if (clause, part.label) in beside else None
            if held is not None:
                own = sums.written if part.label is None else sums.named
                own[clause] = own.get(clause, 0.0) + part.share * held
        return sums

    def _held_beside(self, object_ids: Collection[str]) -> set[tuple[int, str]]:
        """Which names of which clauses the image of these objects holds, maybe in boxes further down a list than was
        asked for."""
        return {
            (clause, label)
            for object_id in object_ids
            for clause, labels in self._beside.get(object_id, ())
            for label in labels
        }

    def _of_sums(self, sums: _Sums, alike: Mapping[int, int]) -> float:
        """``alike``: images that hold as much of the names of a clause, itself among them, where that is known."""
        total = sum(weight * self._of_clause(i, sums, alike.get(i)) for i, weight in self._weights.items())
        return min(1.0, total / sum(self._weights.values())) if self._weights else 0.0

    def _of_clause(self, clause: int, sums: _Sums, alike: int | None) -> float:
        whole, named, written = (by_clause.get(clause, 0.0) for by_clause in sums)
        share = self._named.get(clause, 0.0)
        if clause not in self._by_looks and alike and 0 < share < _ALL:
            certain, unread = named / share, UNREAD * (1 - share)
            words = max(written / (1 - share), certain / alike)
            return max(whole, (share * certain + unread * words) / (share + unread))
        if clause not in self._by_looks or not (named or written):
            return max(whole, named + written)
        together = written + share**NAMED_POWER * named
        return 1 - (1 - whole) * (1 - min(1.0, together))


def gap(falling: Sequence[float]) -> float:
    """The relevance of the last hit above the first gap among hits that are marked as weak; 0 where there is none.

    ``falling``: relevances 0..1, the highest first. A gap is where the next has less than ``GAP`` of it: what is far
    below its neighbour is left to those who ask for more. Nothing is cut before the ``ABOVE_GAP``th hit. It is told in
    hundredths, rounded down, so that every index says the same.
    """
    for above, below in pairwise(falling[ABOVE_GAP - 1 :]):
        if below < WEAK and below < GAP * above:
            return math.floor(100 * above) / 100
    return 0.0


def hit_key(query: Query, entry: FusedObject) -> str:
    """The key of the hit that an object belongs to: its image, or itself where each box is a hit."""
    return entry.object_id if query.group_by == "object" else entry.image_id


def _hit_relevance(
    query: Query, positive: Sequence[tuple[RankedList, Relevances]], objects: Sequence[FusedObject]
) -> dict[str, float]:
    """The relevance of every hit by its key."""
    weights = {i: clause.weight for i, clause in enumerate(query.clauses) if clause.weight > 0}
    images = ImageRelevance([ranked for ranked, _ in positive], [r for _, r in positive], weights)
    by_hit: dict[str, list[str]] = {}
    for entry in objects:
        by_hit.setdefault(hit_key(query, entry), []).append(entry.object_id)
    return images.of_each(by_hit)


def _best_relevance(relevances: Sequence[Relevances], fused: Sequence[FusedObject]) -> dict[str, float]:
    """Of each object of the ranking the best that any of the lists gives it, else 0."""
    best = {entry.object_id: 0.0 for entry in fused}
    for by_object in relevances:
        for object_id, relevance in (by_object or {}).items():
            if relevance > best.get(object_id, 1.0):  # what is not ranked stays out
                best[object_id] = relevance
    return best


def _in_words(query: Query) -> bool:
    return all(isinstance(clause, TextClause) for clause in query.clauses if clause.weight > 0)
