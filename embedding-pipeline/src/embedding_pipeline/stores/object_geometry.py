"""What a filter may ask of where an object lies, of its shape, and of how many there are in its image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from embedding_pipeline.domain import Box, IndexedObject


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
    return [f"{label}:{n}" for label in sorted(counts) for n in range(1, counts[label] + 1)]
