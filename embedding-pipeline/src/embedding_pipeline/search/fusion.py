"""Ranked lists of several clauses and signals into one ranking, with every part of a score accounted for.

Weighted reciprocal rank (Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual
rank learning methods", SIGIR 2009): an object at rank r of a list of weight w gets w / (10 + r); a negative weight
takes away. An image scores as its best object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from embedding_pipeline.answers import Why
from embedding_pipeline.queries import RankedObject, Signal, VectorQuery, WordQuery

RANK_CONSTANT = 10
"""The paper takes 60, for lists of which none is much better than another. Ours are of one sure and one vague kind, and
a first place must be able to outweigh a tenth of the other: measured, see docs/evaluation.md."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One list to ask for: its query, its weight (clause times signal), and its place in the explanation.

    ``itself``: id of the stored object that is the very box the query was made of. It leads the list, where the filter
    admits it.
    """

    clause: int
    signal: Signal
    weight: float
    query: VectorQuery | WordQuery
    itself: str | None = None


class Fused(NamedTuple):  # as queries.RankedObject: hundreds for a search
    """One object of the fused ranking; the contributions in ``why`` add up to ``score``. ``value`` and
    ``picture_bits`` are those of ``queries.RankedObject``."""

    object_id: str
    image_id: str
    score: float
    why: tuple[Why, ...]
    value: float | None = None
    picture_bits: int | None = None


def fuse(lists: Sequence[Wanted], answers: Sequence[Sequence[RankedObject]]) -> list[Fused]:
    """Objects of all lists by falling score, ties by id; objects pushed to zero or below are left out."""
    known: dict[str, RankedObject] = {}
    reasons: dict[str, list[Why]] = {}
    for wanted, answer in zip(lists, answers, strict=True):
        for rank, found in enumerate(answer, start=1):
            known[found.object_id] = found
            contribution = wanted.weight / (RANK_CONSTANT + rank)
            part = Why(wanted.signal, wanted.clause, rank, found.similarity, contribution, wanted.weight)
            reasons.setdefault(found.object_id, []).append(part)
    fused = []
    for object_id, why in reasons.items():
        score, found = sum([part.contribution for part in why]), known[object_id]
        if score > 0:
            fused.append(Fused(object_id, found.image_id, score, tuple(why), found.value, found.picture_bits))
    return sorted(fused, key=lambda f: (-f.score, f.object_id))


def by_image(ranked: Sequence[Fused]) -> list[list[Fused]]:
    """The same objects grouped by image, images in the order of their best object."""
    groups: dict[str, list[Fused]] = {}
    for found in ranked:
        groups.setdefault(found.image_id, []).append(found)
    return list(groups.values())
