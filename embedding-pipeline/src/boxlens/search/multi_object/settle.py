"""Candidates into matches, image by image: which boxes stand for which parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxlens.domain.queries import Part
from boxlens.search.multi_object.assignment import assign
from boxlens.search.multi_object.candidates import Candidate, CandidateRound
from boxlens.search.multi_object.matches import ImageMatch, PartMatch, score_of
from boxlens.search.multi_object.relations import Boxes, as_array

ImageCandidates = Mapping[str, Mapping[int, Sequence[Candidate]]]
"""The objects of one image by id, each with its candidates for every part by number."""


@dataclass(frozen=True, slots=True)
class SettledImage:
    """``match`` is None where the image does not hold every part; ``certain`` unless the search was cut short."""

    match: ImageMatch | None
    certain: bool


@dataclass(frozen=True, slots=True)
class SettledRound:
    """The images of one round, best first. ``whole``: these are all; ``bound``: no image beside them scores above.

    ``crowded``: more images were met than are looked at; ``uncertain``: images whose search was cut short.
    """

    images: tuple[ImageMatch, ...]
    whole: bool
    crowded: bool
    bound: float
    uncertain: int
    calibrated: bool


def settle(parts: Sequence[Part], candidates: CandidateRound, settled: dict[str, SettledImage]) -> SettledRound:
    """Every image of a round; ``settled`` are those of earlier rounds by id, to which it adds."""
    for image in candidates.images:
        if image not in settled:
            settled[image] = settle_image(parts, image, _of_image(candidates, image), candidates.sure)
    images = [settled[image] for image in candidates.images]
    matches = [image.match for image in images if image.match is not None]
    matches.sort(key=lambda match: (-match.score, match.image_id))
    bounds = [
        max((candidate.strength for candidate in edge), default=0.0)
        for part, edge in zip(parts, candidates.edges, strict=True)
        if part.min_count
    ]
    uncertain = sum(not image.certain for image in images)
    bound = score_of(min(bounds))
    return SettledRound(tuple(matches), candidates.whole, candidates.crowded, bound, uncertain, candidates.calibrated)


def settle_image(parts: Sequence[Part], image_id: str, candidates: ImageCandidates, sure: float) -> SettledImage:
    """The boxes of one image that stand for the parts, where one box is as relevant to its part as ``sure`` (0..1)."""
    needed = [
        candidate
        for by_part in candidates.values()
        for p, some in by_part.items()
        if parts[p].min_count
        for candidate in some
    ]
    if not any((candidate.relevance or 0.0) >= sure for candidate in needed):
        return SettledImage(None, True)
    keys = list(candidates)
    strengths = [[0.0] * len(keys) for _ in parts]
    for i, by_part in enumerate(candidates.values()):
        for p, some in by_part.items():
            strengths[p][i] = max([candidate.strength for candidate in some])
    assignment = assign(parts, _boxes(candidates), strengths)
    if assignment.chosen is None:
        return SettledImage(None, assignment.certain)
    matches = tuple(
        PartMatch(p, keys[i], strengths[p][i], tuple(candidates[keys[i]][p]))
        for p, chosen in enumerate(assignment.chosen)
        for i in sorted(chosen, key=lambda i: -strengths[p][i])
    )
    return SettledImage(
        ImageMatch(image_id, matches, score_of(assignment.weakest), assignment.weakest), assignment.certain
    )


def _boxes(candidates: ImageCandidates) -> Boxes:
    """The boxes of the objects, shape (n, 4)."""
    boxes = [next(iter(by_part.values()))[0].object.box for by_part in candidates.values()]
    return as_array([box.as_list() if box is not None else [0.0] * 4 for box in boxes])


def _of_image(candidates: CandidateRound, image: str) -> ImageCandidates:
    """The objects of one image, and where each stands in the lists of each part."""
    objects: dict[str, dict[int, list[Candidate]]] = {}
    for p, part in enumerate(candidates.parts):
        for object_id, some in part.images.get(image, {}).items():
            objects.setdefault(object_id, {})[p] = some
    return dict(sorted(objects.items()))
