"""The networks of a pack as both pipelines use them, and what is kept of what they find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from embedding_pipeline.domain import Box, Detection, Pixels, TextLine
from embedding_pipeline.pictures.images import crop
from embedding_pipeline.ports import Detector, ImageEncoder, TextReader

# A line of text belongs to a box when at least this share of its area lies inside: OCR boxes reach a little over edges.
LINE_INSIDE = 0.7


@dataclass(frozen=True, slots=True)
class Limits:
    """Which detections are kept, and how large a picture may be (pixels)."""

    min_area_share: float
    min_side: int
    max_objects: int
    max_pixels: int


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """The networks of a pack as the pipelines use them; a role that is None is off."""

    detector: Detector | None
    vit: ImageEncoder | None
    clip: ImageEncoder | None
    reader: TextReader | None
    limits: Limits
    crop_padding: float = 0.0

    @property
    def label_names(self) -> dict[str, tuple[str, ...]]:
        """All names of each label in both languages."""
        return {label.id: (*label.en, *label.zh) for label in (self.detector.labels if self.detector else ())}

    def cut(self, pixels: Pixels, box: Box) -> Pixels:
        """The pixels the encoders see of a box, with the margin they were trained with."""
        return crop(pixels, box, self.crop_padding)

    def find(self, pictures: Sequence[Pixels]) -> list[tuple[Detection, ...]]:
        """Objects of each picture: clipped to whole pixels, tiny ones dropped, best score first."""
        if self.detector is None:
            return [() for _ in pictures]
        found = self.detector.detect(pictures)
        return [kept(f, p.shape[1], p.shape[0], self.limits) for f, p in zip(found, pictures, strict=True)]


def kept(objects: Sequence[Detection], width: int, height: int, limits: Limits) -> tuple[Detection, ...]:
    """Detections clipped to the picture in whole pixels, without tiny ones, best score first, at most
    ``max_objects``."""
    kept: list[Detection] = []
    for found in sorted(objects, key=lambda d: -d.score):
        box = found.box.rounded().clipped(width, height)
        large = box.area >= limits.min_area_share * width * height
        if large and min(box.x2 - box.x1, box.y2 - box.y1) >= limits.min_side:
            kept.append(replace(found, box=box))
    return tuple(kept[: limits.max_objects])


def bind_lines(lines: Sequence[TextLine], boxes: Sequence[Box]) -> list[list[str]]:
    """The lines of text of each box: a line goes to the smallest box that holds it.

    The first box is the frame and takes what no other holds.
    """
    bound: list[list[str]] = [[] for _ in boxes]
    for line in lines:
        area = max(line.box.area, 1.0)
        holders = [i for i, box in enumerate(boxes) if box.intersection(line.box) / area >= LINE_INSIDE]
        bound[min(holders, key=lambda i: boxes[i].area, default=0)].append(line.text)
    return bound
