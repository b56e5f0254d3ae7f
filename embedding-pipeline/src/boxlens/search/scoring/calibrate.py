"""Similarities on one scale for every query: how far one lies above what the query has in common with anything.

What cosine is a good one differs from query to query, from signal to signal and from pack to pack. So each query vector
is compared with a fixed random sample of the collection's own vectors. Nearly all of these have nothing to do with it:
their cosines are the background, and a similarity counts by how many of their standard deviations it stands above their
mean. This is the Z-norm of speaker verification, which makes one threshold serve for all speakers (Auckenthaler, Carey
and Lloyd-Thomas, "Score normalization for text-independent speaker verification systems", Digital Signal Processing 10,
2000). And as among more objects more come near by chance, heights count from where chance alone would bring one: an
E-value of 1 in the search for alike sequences (Karlin and Altschul, "Methods for assessing the statistical significance
of molecular sequence features by using general scoring schemes", PNAS 87, 1990).

How this was chosen, and what was measured: docs/relevance.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from threading import Lock
from typing import Literal

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from boxlens.domain.collections import CollectionInfo, CollectionSet
from boxlens.domain.objects import Vector
from boxlens.domain.ports import IndexSearch
from boxlens.domain.queries import RankedObject, VectorQuery
from boxlens.search.requests import RankedList

Relevances = Mapping[str, float] | None
"""Relevance 0..1 of the objects of a list by id; None for a list that cannot be calibrated."""

LABEL_RELEVANCE, WORDS_RELEVANCE = 1.0, 0.9
"""Relevance of an exact label the detector is sure of, and of an object one field of which holds all the words."""

PART_RELEVANCE = 0.4
"""Relevance of what holds a part of the words, or the thing in another colour: near, and marked as weak."""

SURE_BOX = 0.3
"""Score of the detector from which a box is taken to show a thing, whatever it is: what looks and words say of it then
counts in full."""

SAMPLE_SIZE = 1024
"""Vectors of a sample."""

MIN_SAMPLE = 100
"""With fewer vectors the background is not known: nothing is calibrated."""

SAME = 0.999
"""Cosine from which two vectors are of the same picture: relevance 1, whatever the collection looks like."""

EVEN, STEEP = 1.4, 2.0
"""Standard deviations above the best of chance at which relevance is 0.5, and the steepness of the logistic."""

NEIGHBOURS = 0.06
"""Lowest relevance of what is as near as neighbours usually are."""

_CLIP, _ROUNDS = 4.0, 2  # standard deviations beyond which a cosine is no background, and how often this is done
_LOWER = 0.16  # share of a normal distribution below one standard deviation under its middle

MAX_SAMPLES = 32
"""Samples kept in memory, the last used ones: 2 MB each at 512 dims."""

MAX_SCALES = 128
"""Scales kept for each sample, of the queries asked last."""

SAMPLE_GROWTH = 1.25
"""A sample is read again when its collections have grown or shrunk by this factor."""


class Calibrator:
    """Gives the objects of ranked lists their relevance, by samples of the collections they come from. Thread-safe."""

    def __init__(self, index: IndexSearch) -> None:
        self._index = index
        self._samples: LRUCache[tuple[CollectionSet, str], tuple[CollectionInfo, Sample]] = LRUCache(MAX_SAMPLES)
        self._lock = Lock()

    def calibrate(
        self, collections: CollectionSet, info: CollectionInfo, lists: Sequence[RankedList]
    ) -> list[Relevances]:
        """The relevances of each list. Raises NotFound, ElasticsearchAway."""
        return [self._relevances(collections, info, ranked) for ranked in lists]

    def _relevances(self, collections: CollectionSet, info: CollectionInfo, ranked: RankedList) -> Relevances:
        """Of words as ``_words_relevance`` says, vectors by their scale."""
        query = ranked.request.query
        if not isinstance(query, VectorQuery):
            return {entry.object_id: _words_relevance(entry) * certainty(entry) for entry in ranked.objects}
        scale = self.scale(collections, info, query)
        if scale is None:
            return None
        relevances = scale.relevance([entry.similarity for entry in ranked.objects]).tolist()
        return {
            entry.object_id: relevance * certainty(entry)
            for entry, relevance in zip(ranked.objects, relevances, strict=True)
        }

    def scale(self, collections: CollectionSet, info: CollectionInfo, query: VectorQuery) -> Scale | None:
        """The scale of a query's cosines; None where the collections are too small. Raises NotFound,
        ElasticsearchAway."""
        sample = self._sample(collections, info, query.signal)
        return sample.scale(query.vector, info.images + info.objects)

    def _sample(self, collections: CollectionSet, info: CollectionInfo, signal: Literal["vit", "clip"]) -> Sample:
        """Read once for each set of collections and signal, and again when its index is another or has changed much."""
        with self._lock:
            cached = self._samples.get((collections, signal))
        if cached is not None and _is_current(cached[0], info):
            return cached[1]
        sample = Sample(self._index.sample(collections, signal, SAMPLE_SIZE))
        with self._lock:
            self._samples[collections, signal] = (info, sample)
        return sample


def certainty(entry: RankedObject) -> float:
    """What is left, 0..1, of the relevance of a box for the detector's sake.

    Its label is as sure as the detector was of it. Looks and words are judged by the box's own pixels, so they need
    only that there is a thing at all: below ``SURE_BOX`` they count the less, in proportion. A frame is certain.
    Measured by ``python -m benchmarks.boxes``; docs/relevance.md has the table.
    """
    return entry.box_score if entry.exact_label else min(1.0, entry.box_score / SURE_BOX)


def _words_relevance(entry: RankedObject) -> float:
    """An exact label is as relevant as can be, all the words in one field nearly so; a part of them is weak."""
    if entry.phrase and entry.colours_met:
        return WORDS_RELEVANCE
    if not entry.colours_met or not (entry.exact_label or entry.whole):
        return PART_RELEVANCE
    return LABEL_RELEVANCE if entry.exact_label else WORDS_RELEVANCE


def _is_current(before: CollectionInfo, now: CollectionInfo) -> bool:
    old, new = before.images + before.objects, now.images + now.objects
    same_index = set(before.index.split(",")) == set(now.index.split(","))
    return same_index and old <= SAMPLE_GROWTH * new and new <= SAMPLE_GROWTH * old


class Sample:
    """Vectors of a collection, float32 of shape (n, dims), against which queries are calibrated.

    ``neighbour``: the median cosine of a vector of the sample with the nearest other one; 1 when the sample is smaller
    than ``MIN_SAMPLE``, which calibrates nothing.
    """

    def __init__(self, vectors: Vector) -> None:
        self.vectors = vectors
        self._scales: LRUCache[tuple[bytes, int], Scale] = LRUCache(MAX_SCALES)
        self._lock = Lock()
        self.neighbour = 1.0
        if len(vectors) >= MIN_SAMPLE:
            cosines = vectors @ vectors.T
            np.fill_diagonal(cosines, -1.0)
            self.neighbour = float(np.median(cosines.max(axis=1)))

    def scale(self, vector: Vector, objects: int) -> Scale | None:
        """The scale of a unit vector (dims,) in collections of so many objects; None when the sample is too small.
        Thread-safe."""
        if len(self.vectors) < MIN_SAMPLE:
            return None
        key = (vector.tobytes(), objects)  # a search asks again for each look deeper and for the next page
        with self._lock:
            scale = self._scales.get(key)
        if scale is None:
            # not by BLAS: its threads wait for one another for longer than so small a product takes
            mean, std = _background(np.einsum("ij,j->i", self.vectors, vector))
            chance = NormalDist().inv_cdf(1 - 1 / max(objects, MIN_SAMPLE))
            scale = Scale(mean, std, chance, self.neighbour)
            with self._lock:
                self._scales[key] = scale
        return scale


@dataclass(frozen=True, slots=True)
class Scale:
    """The background of one query vector: mean and standard deviation of its cosines with what it does not mean.

    ``chance``: standard deviations above the mean that one unrelated object of the collection reaches by chance.
    ``neighbour``: the usual cosine of nearest neighbours in the collection.
    """

    mean: float
    std: float
    chance: float
    neighbour: float

    def relevance(self, similarity: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Relevance 0..1 of each cosine: the logistic of its height above the best of chance, 0.5 at ``EVEN``.

        What is as near as neighbours in this collection usually are to each other gets at least ``NEIGHBOURS``: where
        all pictures are alike, nothing can stand out from the rest, and the nearest are near all the same.
        """
        cosine = np.asarray(similarity, np.float64)
        height = (cosine - self.mean) / max(self.std, 1e-6) - self.chance
        logistic = 1 / (1 + np.exp(-STEEP * np.clip(height - EVEN, -100.0, 100.0)))
        relevance = np.where(cosine >= self.neighbour, np.maximum(logistic, NEIGHBOURS), logistic)
        return np.where(cosine >= SAME, 1.0, relevance)


def _background(cosines: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Mean and standard deviation without what stands out above.

    The first guess is taken from the lower half, so that what the query is really about may make up a good part of the
    collection without passing for background; then all that lies within ``_CLIP`` of it counts (reweighted estimates:
    Rousseeuw and Leroy, "Robust Regression and Outlier Detection", 1987).
    """
    rising = np.sort(cosines).astype(np.float64)  # in order, the background is what comes first
    mean = _quantile(rising, 0.5)
    std = mean - _quantile(rising, _LOWER)
    for _ in range(_ROUNDS):
        background = rising[: np.searchsorted(rising, mean + _CLIP * std, side="right")]
        mean = float(background.mean())
        std = math.sqrt(max(0.0, float(background @ background) / len(background) - mean * mean))
    return mean, std


def _quantile(rising: npt.NDArray[np.float64], share: float) -> float:
    """The value below which that share of the values lies, linear between two of them."""
    below, rest = divmod(share * (len(rising) - 1), 1)
    low, high = rising[int(below)], rising[min(int(below) + 1, len(rising) - 1)]
    return float(low + rest * (high - low))
