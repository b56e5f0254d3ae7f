"""Ranked lists of several clauses and signals into one ranking, with every part of a score accounted for.

Weighted reciprocal rank (Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual
rank learning methods", SIGIR 2009): an object at rank r of a list of weight w gets w / (10 + r); a negative weight
takes away. An image scores as its best object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from boxlens.domain.answers.hits import Why
from boxlens.domain.queries import RankedObject
from boxlens.search.requests import RankedList, RankedListRequest

RANK_CONSTANT = 10
"""The paper takes 60, for lists of which none is much better than another. Ours are of one sure and one vague kind, and
a first place must be able to outweigh a tenth of the other: measured, see docs/evaluation.md."""


LABEL_BONUS = 0.025
"""Of its weight, what a list of what looks like an example adds for an object with the label of the example, whatever
its rank: measured, see docs/evaluation.md."""


class FusedObject(NamedTuple):  # as queries.RankedObject: hundreds for a search
    """One object of the fused ranking; the contributions in ``why`` add up to ``score``. ``value`` and
    ``picture_bits`` are those of ``queries.RankedObject``."""

    object_id: str
    image_id: str
    score: float
    why: tuple[Why, ...]
    value: float | None = None
    picture_bits: int | None = None


def fuse(lists: Sequence[RankedList], leave_out: str | None = None) -> list[FusedObject]:
    """Objects of all lists by falling score, ties by id. Objects with a score of 0 or less are left out, and so is the
    object with the id ``leave_out``."""
    objects: dict[str, RankedObject] = {}
    reasons: dict[str, list[Why]] = {}
    for ranked in lists:
        request = ranked.request
        signal, clause, weight = request.signal, request.clause, request.weight
        for rank, entry in enumerate(ranked.objects, start=1):
            object_id = entry.object_id
            objects[object_id] = entry
            bonus = _bonus(request, entry) if request.label else 0.0
            reason = Why(signal, clause, rank, entry.similarity, weight * (1 / (RANK_CONSTANT + rank) + bonus), weight)
            reasons.setdefault(object_id, []).append(reason)
    fused = []
    for object_id, why in reasons.items():
        score, entry = sum([reason.contribution for reason in why]), objects[object_id]
        if score > 0 and object_id != leave_out:
            fused.append(FusedObject(object_id, entry.image_id, score, tuple(why), entry.value, entry.picture_bits))
    return sorted(fused, key=lambda f: (-f.score, f.object_id))


def _bonus(request: RankedListRequest, entry: RankedObject) -> float:
    """LABEL_BONUS for an object with the example's label, and for the example itself where it is stored; else 0."""
    return LABEL_BONUS if entry.label == request.label or entry.object_id == request.own_object else 0.0
