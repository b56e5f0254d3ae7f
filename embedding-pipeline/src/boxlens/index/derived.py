"""Stored fields that are computed of an object when it is written, and what a filter on counts asks of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from boxlens.domain.boxes import Box
from boxlens.domain.filters import Condition, NumberRange
from boxlens.domain.objects import IndexedObject
from boxlens.imaging.perceptual_hash import bits_of
from boxlens.language.word_fields import all_tags
from boxlens.language.word_matching import object_tokens
from boxlens.schema import COUNT

SIDES = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True, slots=True)
class ImageCounts:
    """What every object of an image says of the whole of it: the numbers of all its boxes, frame and proposals
    included, how many objects there are, and the terms of ``label_counts``."""

    numbers: tuple[int, ...]
    objects: int
    label_counts: tuple[str, ...]

    @classmethod
    def of(cls, image: Sequence[IndexedObject]) -> ImageCounts:
        objects = sum(obj.kind == "object" for obj in image)
        return cls(tuple(sorted(obj.number for obj in image)), objects, tuple(label_counts(image)))


def derived_values(obj: IndexedObject) -> dict[str, Any]:
    """All derived fields of an object by name."""
    return {name: compute(obj) for name, compute in DERIVED.items()}


def _box_norm(obj: IndexedObject) -> list[float]:
    return list(obj.box.rounded().norm(obj.image.width, obj.image.height))


def _area_share(obj: IndexedObject) -> float:
    return obj.box.rounded().area / (obj.image.width * obj.image.height)


def _centre(obj: IndexedObject) -> tuple[float, float]:
    return centre(obj.box.rounded(), obj.image.width, obj.image.height)


DERIVED: Mapping[str, Callable[[IndexedObject], Any]] = {
    "object_id": lambda obj: obj.object_id,
    "box_norm": _box_norm,
    "area_share": _area_share,
    "aspect": lambda obj: aspect(obj.box.rounded()),
    "center_x": lambda obj: _centre(obj)[0],
    "center_y": lambda obj: _centre(obj)[1],
    "position": lambda obj: positions(*_centre(obj)),
    "tags": all_tags,
    "tokens": object_tokens,
    "taken_local": lambda obj: local_clock(obj.image.taken_at),
    "picture_bits": lambda obj: bits_of(obj.image.picture_hash),
}
"""The function of each field that ``schema`` declares as derived."""


def local_clock(moment: datetime | None) -> datetime | None:
    """What the clock showed there and then, as if it were UTC.

    >>> local_clock(datetime.fromisoformat("2023-07-01T06:00:00+08:00")).isoformat()
    '2023-07-01T06:00:00+00:00'
    """
    return None if moment is None else moment.replace(tzinfo=UTC)


def aspect(box: Box) -> float:
    """Width over height of a box, above 0; above 1 is wider than high."""
    return (box.x2 - box.x1) / max(box.y2 - box.y1, 1e-9)


def centre(box: Box, width: int, height: int) -> tuple[float, float]:
    """The middle of a box as fractions 0..1 of a picture of that size, from the left and from the top."""
    return (box.x1 + box.x2) / 2 / width, (box.y1 + box.y2) / 2 / height


def positions(x: float, y: float) -> list[str]:
    """The named places of a box by its middle: the outer thirds of the picture, and the middle third both ways.

    >>> positions(0.1, 0.9), positions(0.5, 0.5), positions(0.5, 0.2)
    (['left', 'bottom'], ['centre'], ['top'])
    """
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else ""
    down = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else ""
    return [name for name in (across, down) if name] or ["centre"]


def label_counts(image: Sequence[IndexedObject]) -> list[str]:
    """``label:1`` up to ``label:n`` for a label that n objects of the image have, so that whole terms decide a count:
    ``dog:2`` is there when there are two dogs or more."""
    counts = Counter(obj.label for obj in image if obj.kind == "object" and obj.label)
    return [count_term(label, n) for label in sorted(counts) for n in range(1, counts[label] + 1)]


def count_term(label: str, count: int) -> str:
    """The term of ``label_counts`` that images with so many objects of a label, or more, hold."""
    return f"{label}:{count}"


def with_count_terms(conditions: Sequence[Condition]) -> list[Condition]:
    """The conditions with every ``count.LABEL`` as terms of ``label_counts``.

    Images that were stored before counts were match no such condition: they have no ``objects`` either.
    """
    replaced: list[Condition] = []
    for condition in conditions:
        if not condition.field.startswith(COUNT) or not isinstance(condition.range, NumberRange):
            replaced.append(condition)
            continue
        label, (lowest, highest) = condition.field.removeprefix(COUNT), (condition.range.gte, condition.range.lte)
        any_of = (count_term(label, int(lowest)),) if lowest else ()
        none_of = (count_term(label, int(highest) + 1),) if highest is not None else ()
        replaced.append(Condition("label_counts", any_of, none_of))
        replaced.append(Condition("objects", range=NumberRange(gte=0.0)))
    return replaced
