"""Ranked lists of several clauses and signals into one ranking, with every part of a score accounted for.

Weighted reciprocal rank (Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual
rank learning methods", SIGIR 2009): an object at rank r of a list of weight w gets w / (60 + r); a negative weight
takes away. An image scores as its best object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from embedding_pipeline.domain import RankedObject, Signal, VectorQuery, Why, WordQuery

RANK_CONSTANT = 60  # the paper's k


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One list to ask for: its query, its weight (clause times signal), and its place in the explanation."""

    clause: int
    signal: Signal
    weight: float
    query: VectorQuery | WordQuery


@dataclass(frozen=True, slots=True)
class Fused:
    """One object of the fused ranking; the contributions in ``why`` add up to ``score``."""

    object_id: str
    image_id: str
    score: float
    why: tuple[Why, ...]


def fuse(lists: Sequence[Wanted], answers: Sequence[Sequence[RankedObject]]) -> list[Fused]:
    """Objects of all lists by falling score, ties by id; objects pushed to zero or below are left out."""
    images: dict[str, str] = {}
    reasons: dict[str, list[Why]] = {}
    for wanted, answer in zip(lists, answers, strict=True):
        for rank, found in enumerate(answer, start=1):
            images[found.object_id] = found.image_id
            contribution = wanted.weight / (RANK_CONSTANT + rank)
            why = Why(wanted.signal, wanted.clause, rank, found.similarity, contribution)
            reasons.setdefault(found.object_id, []).append(why)
    fused = [
        Fused(object_id, images[object_id], sum(w.contribution for w in why), tuple(why))
        for object_id, why in reasons.items()
    ]
    return sorted((f for f in fused if f.score > 0), key=lambda f: (-f.score, f.object_id))


def by_image(ranked: Sequence[Fused]) -> list[list[Fused]]:
    """The same objects grouped by image, images in the order of their best object."""
    groups: dict[str, list[Fused]] = {}
    for found in ranked:
        groups.setdefault(found.image_id, []).append(found)
    return list(groups.values())
