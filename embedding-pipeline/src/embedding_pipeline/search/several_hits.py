"""Images that hold several things into entries of a ranking, and the hits made of these told as what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from embedding_pipeline.answers import Hit, Why
from embedding_pipeline.search.fusion import RANK_CONSTANT, Fused
from embedding_pipeline.search.ranking import Entry
from embedding_pipeline.search.relevance import LABEL, WEAK
from embedding_pipeline.search.several_lists import Seen


@dataclass(frozen=True, slots=True)
class Member:
    """A box that stands for a part; ``strength`` 0..1."""

    part: int
    object_id: str
    strength: float
    seen: tuple[Seen, ...]

    @property
    def relevance(self) -> float:
        """How sure it is that this is what the part asked for: an exact label is, however unsure its detector was."""
        return max(LABEL if seen.relevance is None else seen.relevance for seen in self.seen)


@dataclass(frozen=True, slots=True)
class Together:
    """An image that holds all parts; ``best``: its best object for the clauses."""

    image_id: str
    members: tuple[Member, ...]
    score: float
    best: Fused | None = None


def points(strength: float) -> float:
    """What a strength 0..1 adds to a score: as much as the first place of a list, where it is 1."""
    return strength / (RANK_CONSTANT + 1)


def entry_of(image: Together) -> Entry:
    """The members by part, then the best object for the clauses where that is none of them."""
    best = image.best
    objects = []
    for member in image.members:
        why = tuple(_why(member))
        if best and best.object_id == member.object_id:
            why += best.why
        score, seen = sum(w.contribution for w in why), member.seen[0]
        found = seen.object
        objects.append(Fused(member.object_id, image.image_id, score, why, found.value, found.picture_bits))
    if best and all(best.object_id != member.object_id for member in image.members):
        objects.append(best)
    return Entry(image.image_id, tuple(objects))


def _why(member: Member) -> Iterator[Why]:
    """The list that says most gives the whole strength: an object need not be found in two ways."""
    strongest = max(member.seen, key=lambda seen: 1.0 if seen.relevance is None else seen.relevance)
    for seen in member.seen:
        gives = points(member.strength) if seen is strongest else 0.0
        yield Why(seen.signal, member.part, seen.rank, seen.object.similarity, gives, seen.weight, of="all_of")


def told(hits: Sequence[Hit], images: Sequence[Together], parts: int, calibrated: bool) -> tuple[Hit, ...]:
    """The hits with the scores of their images, and every box with the part it stands for. A hit is as relevant as its
    weakest member. Reasons of clauses come counted behind the ``parts``, and are told counted from 0."""
    by_id = {image.image_id: image for image in images}
    return tuple(_told(hit, by_id[hit.image.image_id], parts, calibrated) for hit in hits)


def _told(hit: Hit, image: Together, parts: int, calibrated: bool) -> Hit:
    stands = {member.object_id: member.part for member in image.members}
    objects = tuple(
        replace(
            o,
            part=stands.get(o.object.object_id),
            why=tuple(w if w.of == "all_of" else w._replace(clause=w.clause - parts) for w in o.why),
        )
        for o in hit.objects
    )
    least = min(member.relevance for member in image.members) if calibrated else None
    weak = least is not None and least < WEAK
    return replace(hit, score=image.score, objects=objects, relevance=least, weak=weak)
