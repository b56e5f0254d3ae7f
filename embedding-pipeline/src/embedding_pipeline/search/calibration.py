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

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from embedding_pipeline.domain import Vector

SAMPLE_SIZE = 1024
"""Vectors of a sample."""

LEAST_SAMPLE = 100
"""With fewer vectors there is no telling what is usual: nothing is calibrated."""

SAME = 0.999
"""Cosine from which two vectors are of the same picture: relevance 1, whatever the collection looks like."""

EVEN, STEEP = 1.4, 2.0
"""Standard deviations above the best of chance at which relevance is 0.5, and the steepness of the logistic."""

NEIGHBOURS = 0.06
"""Least relevance of what is as near as neighbours usually are."""

_CLIP, _ROUNDS = 4.0, 2  # standard deviations beyond which a cosine is no background, and how often this is done
_LOWER = 0.16  # share of a normal distribution below one standard deviation under its middle


class Sample:
    """Vectors of a collection, float32 of shape (n, dims), against which queries are calibrated."""

    def __init__(self, vectors: Vector) -> None:
        self.vectors = vectors

    @cached_property
    def neighbour(self) -> float:
        """Cosine of a vector of the sample with the nearest other one, the middle of all."""
        cosines = self.vectors @ self.vectors.T
        np.fill_diagonal(cosines, -1.0)
        return float(np.median(cosines.max(axis=1)))

    def scale(self, vector: Vector, objects: int) -> Scale | None:
        """The scale of a unit vector (dims,) in a collection of so many objects; None when the sample is too small to
        tell."""
        if len(self.vectors) < LEAST_SAMPLE:
            return None
        middle, spread = _background(self.vectors @ vector)
        chance = NormalDist().inv_cdf(1 - 1 / max(objects, LEAST_SAMPLE))
        return Scale(middle, spread, chance, self.neighbour)


@dataclass(frozen=True, slots=True)
class Scale:
    """The background of one query vector: mean and standard deviation of its cosines with what it does not mean.

    ``chance``: standard deviations above the mean that one unrelated object of the collection reaches by chance.
    ``neighbour``: the usual cosine of nearest neighbours in the collection.
    """

    middle: float
    spread: float
    chance: float
    neighbour: float

    def relevance(self, similarity: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Relevance 0..1 of each cosine: the logistic of its height above the best of chance, 0.5 at ``EVEN``.

        What is as near as neighbours in this collection usually are to each other gets at least ``NEIGHBOURS``: where
        all pictures are alike, nothing can stand out from the rest, and the nearest are near all the same.
        """
        cosine = np.asarray(similarity, np.float64)
        height = (cosine - self.middle) / max(self.spread, 1e-6) - self.chance
        told = 1 / (1 + np.exp(-STEEP * np.clip(height - EVEN, -100.0, 100.0)))
        near = np.where(cosine >= self.neighbour, np.maximum(told, NEIGHBOURS), told)
        return np.where(cosine >= SAME, 1.0, near)


def _background(cosines: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Mean and standard deviation without what stands out above.

    The first guess is taken from the lower half, so that what the query is really about may make up a good part of the
    collection without passing for background; then all that lies within ``_CLIP`` of it counts (reweighted estimates:
    Rousseeuw and Leroy, "Robust Regression and Outlier Detection", 1987).
    """
    middle, low = np.quantile(cosines, [0.5, _LOWER])
    spread = middle - low
    for _ in range(_ROUNDS):
        usual = cosines[cosines <= middle + _CLIP * spread]
        middle, spread = usual.mean(), usual.std()
    return float(middle), float(spread)
