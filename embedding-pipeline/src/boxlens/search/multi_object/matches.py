"""Images that hold every part: as values, as hits of a ranking, and explained in the hits made of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from boxlens.domain.answers.hits import Hit, Why
from boxlens.search.group import RankedHit
from boxlens.search.multi_object.candidates import Candidate
from boxlens.search.scoring.fuse import RANK_CONSTANT, FusedObject
from boxlens.search.scoring.thresholds import WEAK


@dataclass(frozen=True, slots=True)
class PartMatch:
    """A box that stands for part number ``part``; ``strength`` 0..1: its relevance to it."""

    part: int
    object_id: str
    strength: float
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class ImageMatch:
    """An image that holds all parts; ``best``: its best object for the clauses. ``relevance`` 0..1 is that of its
    weakest box, or the mean of this and of what the clauses say of it; None where that could not be calibrated."""

    image_id: str
    parts: tuple[PartMatch, ...]
    score: float
    relevance: float | None
    best: FusedObject | None = None


def score_of(strength: float) -> float:
    """What a strength 0..1 adds to a score: as much as the first place of a list, where it is 1."""
    return strength / (RANK_CONSTANT + 1)


def to_ranked_hit(image: ImageMatch) -> RankedHit:
    """The boxes by part, then the best object for the clauses where that is none of them."""
    best = image.best
    objects = []
    for match in image.parts:
        why = tuple(_why(match))
        if best and best.object_id == match.object_id:
            why += best.why
        score, obj = sum(reason.contribution for reason in why), match.candidates[0].object
        objects.append(FusedObject(match.object_id, image.image_id, score, why, obj.value, obj.picture_bits))
    if best and all(best.object_id != match.object_id for match in image.parts):
        objects.append(best)
    return RankedHit(image.image_id, tuple(objects))


def _why(match: PartMatch) -> Iterator[Why]:
    """The list that says most gives the whole strength: an object need not be found in two ways."""
    strongest = max(match.candidates, key=lambda c: 1.0 if c.relevance is None else c.relevance)
    for candidate in match.candidates:
        contribution = score_of(match.strength) if candidate is strongest else 0.0
        yield Why(
            candidate.signal,
            match.part,
            candidate.rank,
            candidate.object.similarity,
            contribution,
            candidate.weight,
            of="all_of",
        )


def explain_parts(
    hits: Sequence[Hit], images: Sequence[ImageMatch], parts: int, *, calibrated: bool
) -> tuple[Hit, ...]:
    """The hits with the scores of their images, and every box with the part it stands for. Reasons of clauses come
    counted behind the ``parts``, and leave counted from 0."""
    by_id = {image.image_id: image for image in images}
    return tuple(_explain(hit, by_id[hit.image.image_id], parts, calibrated=calibrated) for hit in hits)


def _explain(hit: Hit, image: ImageMatch, parts: int, *, calibrated: bool) -> Hit:
    part_of = {match.object_id: match.part for match in image.parts}
    objects = tuple(
        replace(
            matched,
            part=part_of.get(matched.object.object_id),
            why=tuple(w if w.of == "all_of" else w._replace(clause=w.clause - parts) for w in matched.why),
        )
        for matched in hit.objects
    )
    relevance = image.relevance if calibrated else None
    return replace(
        hit, score=image.score, objects=objects, relevance=relevance, weak=relevance is not None and relevance < WEAK
    )
