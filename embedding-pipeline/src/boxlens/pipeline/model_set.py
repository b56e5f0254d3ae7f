"""The models of a pack as both pipelines use them, and the rules for what they find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from boxlens.domain.boxes import Box
from boxlens.domain.objects import Detection, TextLine, Vector
from boxlens.domain.pictures import Pixels
from boxlens.domain.ports import Detector, ImageEncoder, TextReader
from boxlens.imaging.decoding import part
from boxlens.pipeline.windows import look

MIN_LINE_INSIDE = 0.7
"""Share of a text line's area that must lie inside a box for the line to belong to it: OCR boxes reach a little over
edges."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Which detections stay, and how large a picture may be.

    ``min_score``: of an object, 0..1; what the detector brings below it is a proposal. ``min_area_share``: area of a
    box over that of its picture, 0..1. ``min_side``: pixels. ``max_pixels``: width times height.
    """

    min_area_share: float
    min_side: int
    max_objects: int
    max_pixels: int
    min_score: float = 0.0


class CropEncoder(ImageEncoder, Protocol):
    """An encoder of crops that wait for their batch without holding their pictures."""

    def shrunk(self, picture: Pixels) -> Pixels:
        """All that it sees of a picture, in memory of its own, and mostly much less of it."""
        ...

    def encode_shrunk(self, pictures: Sequence[Pixels]) -> Vector:
        """As ``encode_images``, of pictures as ``shrunk`` gave them."""
        ...


class Shrunk(NamedTuple):
    """What each encoder sees of a crop, uint8 (height, width, 3); None where the role is off, or has seen it."""

    vit: Pixels | None
    clip: Pixels | None


@dataclass(frozen=True, slots=True, eq=False)
class ModelSet:
    """The models of a pack as the pipelines use them; a role that is None is off.

    ``crop_padding``: share of a box's sides that is added on each side before embedding, 0..1. ``tiles``: pictures that
    are taken in are looked at in parts too.
    """

    detector: Detector | None
    vit: CropEncoder | None
    clip: CropEncoder | None
    reader: TextReader | None
    limits: Limits
    crop_padding: float = 0.0
    tiles: bool = False

    @property
    def label_names(self) -> dict[str, tuple[str, ...]]:
        """All names of each label by its id, English ones first."""
        return {label.id: (*label.en, *label.zh) for label in (self.detector.labels if self.detector else ())}

    def cut(self, pixels: Pixels, box: Box) -> Pixels:
        """The pixels the encoders see of a box, with the margin they were trained with: uint8 (height, width, 3). They
        are those of the picture: whoever lets go of it takes them ``Shrunk``."""
        return part(pixels, box, self.crop_padding)

    def shrink(self, pixels: Pixels, box: Box) -> Shrunk:
        """A box as small as each encoder sees it."""
        cut = self.cut(pixels, box)
        return Shrunk(*(encoder.shrunk(cut) if encoder else None for encoder in (self.vit, self.clip)))

    def find(self, pictures: Sequence[Pixels]) -> list[tuple[Detection, ...]]:
        """The objects of each picture, best score first."""
        return [tuple(filter(self.is_object, detections)) for detections in self.propose(pictures)]

    def read(self, picture: Pixels) -> tuple[TextLine, ...]:
        """The lines of text of a picture; none without a reader."""
        reader = self.reader
        return () if reader is None else tuple(look([picture], lambda parts: [reader.read(part) for part in parts])[0])

    def is_object(self, detection: Detection) -> bool:
        """Whether it is sure enough to be counted and named."""
        return detection.score >= self.limits.min_score

    def propose(self, pictures: Sequence[Pixels], *, tiles: bool = False) -> list[tuple[Detection, ...]]:
        """The detections of each picture that stay under ``limits``, proposals included, best score first."""
        if self.detector is None:
            return [() for _ in pictures]
        detections = look(pictures, self.detector.detect, tiles=tiles)
        return [
            filter_detections(of_picture, picture.shape[1], picture.shape[0], self.limits)
            for of_picture, picture in zip(detections, pictures, strict=True)
        ]


def filter_detections(
    detections: Sequence[Detection], width: int, height: int, limits: Limits
) -> tuple[Detection, ...]:
    """Detections clipped to a picture of ``width`` x ``height`` in whole pixels, without tiny ones, best score first,
    at most ``max_objects``."""
    large: list[Detection] = []
    for detection in sorted(detections, key=lambda d: -d.score):
        box = detection.box.rounded().clipped(width, height)
        enough = box.area >= limits.min_area_share * width * height
        if enough and min(box.x2 - box.x1, box.y2 - box.y1) >= limits.min_side:
            large.append(replace(detection, box=box))
    return tuple(large[: limits.max_objects])


def assign_text(lines: Sequence[TextLine], boxes: Sequence[Box]) -> list[list[str]]:
    """The lines of text of each box: a line goes to the smallest box that holds ``MIN_LINE_INSIDE`` of it.

    The first box is the frame and takes what no other box holds.
    """
    texts: list[list[str]] = [[] for _ in boxes]
    for line in lines:
        area = max(line.box.area, 1.0)
        holders = [i for i, box in enumerate(boxes) if box.intersection(line.box) / area >= MIN_LINE_INSIDE]
        texts[min(holders, key=lambda i: boxes[i].area, default=0)].append(line.text)
    return texts
