"""How relevant each object of a ranking is, on one scale for all queries, signals and packs; and what to leave out.

``Relevance.weigh`` says of every object of every ranked list whether it shows what that list looks for: this is the
place to ask "does this object match this part of a query". ``Relevance.judge`` takes the fused ranking of a whole
query, leaves out the images that hold what a negative weight excludes, and cuts what is below its ``min_relevance``.
The method is told in docs/relevance.md.

- A vector's similarity counts by its place on the scale of its query (``calibration``).
- Words are strong evidence by themselves: an exact label, or enough matching words in what stands on an object, be it
  label, caption, tag, file name or text read in the picture.
- An object is as relevant as its best list with a positive weight says; an image as its best object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Literal

from embedding_pipeline.answers import Cut
from embedding_pipeline.domain import CollectionInfo
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Condition, Filter, Query, RankedObject, Signal, TextClause, VectorQuery
from embedding_pipeline.search.calibration import SAMPLE_SIZE, Sample
from embedding_pipeline.search.fusion import Fused, Wanted

LABEL, WORDS = 1.0, 0.9
"""Relevance of an exact label, and of matching words."""

LABEL_SCORE = 100.0  # what an index gives an exact label, above anything that words add up to

AUTO_FIRST, AUTO_REST = 0.05, 0.01
"""``min_relevance`` of "auto": what the best hit for words must reach, or nothing is shown; and what the others must.

Two thresholds as in Canny's edges ("A computational approach to edge detection", 1986): what stands near something
certain may itself be less certain. Whoever gives a picture asks for what looks like it: only the second counts.
"""

EXCLUDED = AUTO_REST
"""Relevance to an excluded thing from which an object is taken for it, unless it is more relevant to what is wanted:
what would be shown to those who ask for it is kept from those who ask for none of it."""

WEAK = 0.5
"""Below this relevance a hit that is shown may well be wrong, and is marked as weak."""

_SPARE, _LEAST_ASKED, _MOST_ASKED = 2, 200, 10_000  # objects asked for to find excluded ones among some images
GROWTH = 1.25  # a sample is read again when a collection has grown or shrunk by this factor

Weights = Mapping[str, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A ranking after the cut, and the relevance of its objects by id (none where nothing could be calibrated).

    ``complete``: whatever the lists hold further down would be cut.
    """

    ranked: list[Fused]
    relevance: Mapping[str, float]
    cut: Cut | None
    complete: bool
    notes: tuple[str, ...]


class Relevance:
    """Judges rankings against samples of the collections they come from. Thread-safe."""

    def __init__(self, index: ObjectIndex) -> None:
        self._index = index
        self._samples: dict[tuple[str, str], tuple[CollectionInfo, Sample]] = {}
        self._lock = Lock()

    def weigh(
        self,
        collection: str,
        info: CollectionInfo,
        lists: Sequence[Wanted],
        answers: Sequence[Sequence[RankedObject]],
    ) -> list[Weights]:
        """For each list the relevance 0..1 of its objects by id; None for a list that cannot be calibrated."""
        return [self._weights(collection, info, wanted, answer) for wanted, answer in zip(lists, answers, strict=True)]

    def judge(
        self,
        collection: str,
        info: CollectionInfo,
        query: Query,
        lists: Sequence[Wanted],
        answers: Sequence[Sequence[RankedObject]],
        ranked: Sequence[Fused],
    ) -> Judged:
        """The ranking without excluded images and without objects below the query's ``min_relevance``, its order
        unchanged. A list with a negative weight excludes, however small the weight.

        Where any list with a positive weight cannot be calibrated, nothing is cut and the note ``relevance_off`` says
        so: a relevance known of half the lists would cut what the others found.
        """
        weighed = [
            weights
            for wanted, weights in zip(lists, self.weigh(collection, info, lists, answers), strict=True)
            if wanted.weight > 0
        ]
        relevance = {f.object_id: 0.0 for f in ranked}
        for weights in weighed:
            for object_id, told in (weights or {}).items():
                if told > relevance.get(object_id, 1.0):  # what is not ranked stays out
                    relevance[object_id] = told
        ranked = self._without_excluded(info, lists, ranked, relevance)
        if any(weights is None for weights in weighed):
            return Judged(ranked, {}, None, False, ("relevance_off",))
        in_words = all(isinstance(clause, TextClause) for clause in query.clauses if clause.weight > 0)
        best = max((relevance[f.object_id] for f in ranked), default=0.0) if in_words else 1.0
        least = threshold(query.min_relevance, best, info.settings.min_relevance)
        if least is None:
            return Judged(ranked, relevance, None, False, ())
        kept = [f for f in ranked if relevance[f.object_id] >= least]
        dropped = len({f.image_id for f in ranked}) - len({f.image_id for f in kept})
        positive = [answer for wanted, answer in zip(lists, answers, strict=True) if wanted.weight > 0]
        complete = all(not answer or relevance.get(answer[-1].object_id, 0.0) < least for answer in positive)
        return Judged(kept, relevance, Cut(least, dropped), complete, ())

    def _weights(
        self, collection: str, info: CollectionInfo, wanted: Wanted, answer: Sequence[RankedObject]
    ) -> Weights:
        if not isinstance(wanted.query, VectorQuery):
            return {found.object_id: LABEL if found.similarity >= LABEL_SCORE else WORDS for found in answer}
        sample = self._sample(collection, info, wanted.query.signal)
        scale = sample.scale(wanted.query.vector, info.images + info.objects)
        if scale is None:
            return None
        told = scale.relevance([found.similarity for found in answer]).tolist()
        return dict(zip([found.object_id for found in answer], told, strict=True))

    def _without_excluded(
        self, info: CollectionInfo, lists: Sequence[Wanted], ranked: Sequence[Fused], relevance: Mapping[str, float]
    ) -> list[Fused]:
        """The ranking without the images in which any object is what a list with a negative weight looks for."""
        excluded = self.excluded(info, lists, [f.image_id for f in ranked], relevance)
        return [f for f in ranked if f.image_id not in excluded]

    def excluded(
        self, info: CollectionInfo, lists: Sequence[Wanted], image_ids: Sequence[str], relevance: Mapping[str, float]
    ) -> set[str]:
        """Those of the images in which any object is what a list with a negative weight looks for, and is not more
        relevant to what is wanted (``relevance`` by object id).

        The objects of the images are asked for anew, because a filter, or the depth of a list, may hide them.
        """
        against = [wanted for wanted in lists if wanted.weight < 0]
        if not against or not image_ids:
            return set()
        images = tuple(dict.fromkeys(image_ids))
        inside = Filter((Condition("image_id", any_of=images),))
        boxes = 1 + info.objects / max(1, info.images)
        k = min(_MOST_ASKED, max(_LEAST_ASKED, round(_SPARE * len(images) * boxes)))
        found = self._index.search(info.name, [replace(w.query, filter=inside, k=k) for w in against])
        excluded: set[str] = set()
        for weights, answer in zip(self.weigh(info.name, info, against, found), found, strict=True):
            told = weights or {}
            excluded |= {
                o.image_id
                for o in answer
                if told.get(o.object_id, 0.0) >= max(EXCLUDED, relevance.get(o.object_id, 0.0))
            }
        return excluded

    def _sample(self, collection: str, info: CollectionInfo, signal: Literal["vit", "clip"]) -> Sample:
        """Read once for each collection and signal, and again when the collection is another or has changed much."""
        with self._lock:
            known = self._samples.get((collection, signal))
        if known is not None and _much_the_same(known[0], info):
            return known[1]
        sample = Sample(self._index.sample(collection, signal, SAMPLE_SIZE))
        with self._lock:
            self._samples[collection, signal] = (info, sample)
        return sample


def similar_enough(
    lists: Sequence[Wanted], answers: Sequence[Sequence[RankedObject]], least: Mapping[Signal, float]
) -> list[Sequence[RankedObject]]:
    """The answers without what is less similar than the raw cut-off of its signal."""
    return [
        [found for found in answer if found.similarity >= least[wanted.signal]] if wanted.signal in least else answer
        for wanted, answer in zip(lists, answers, strict=True)
    ]


def threshold(wanted: float | Literal["auto"] | None, best: float, usual: float | None = None) -> float | None:
    """The relevance a query cuts at when its best object has the relevance ``best``; None: nothing is cut.

    ``usual`` is the collection's own idea of "auto".
    """
    if wanted != "auto":
        return wanted
    if usual is not None:
        return usual
    return AUTO_REST if best >= AUTO_FIRST else AUTO_FIRST


def _much_the_same(before: CollectionInfo, now: CollectionInfo) -> bool:
    old, new = before.images + before.objects, now.images + now.objects
    return before.index == now.index and old <= GROWTH * new and new <= GROWTH * old
