"""The words of Boxlens as frozen values. Imports nothing of the project but its errors.

Boxes are ``xyxy`` in pixels of the upright picture (EXIF rotation applied), origin at the top left, x2 and y2
exclusive.
Pictures are ``uint8`` arrays of shape (height, width, 3) in RGB order. Vectors are ``float32`` of unit length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from embedding_pipeline.errors import BadBox

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[np.float32]
Kind = Literal["object", "frame"]
IndexType = Literal["int8_hnsw", "hnsw", "bbq_hnsw", "int8_flat", "flat"]


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box, xyxy in pixels of the upright picture."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self) -> float:
        return max(0.0, self.x2 - self.x1) * max(0.0, self.y2 - self.y1)

    def norm(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The same box as fractions 0..1 of a picture of that size."""
        return (self.x1 / width, self.y1 / height, self.x2 / width, self.y2 / height)

    def clipped(self, width: int, height: int) -> Box:
        """The part inside a picture of that size; its area may be zero.

        >>> Box(-5, 2, 30, 8).clipped(20, 20)
        Box(x1=0, y1=2, x2=20, y2=8)
        """
        return Box(
            min(max(self.x1, 0), width),
            min(max(self.y1, 0), height),
            min(max(self.x2, 0), width),
            min(max(self.y2, 0), height),
        )

    def rounded(self) -> Box:
        """Whole pixels that cover the box, as stored."""
        return Box(int(np.floor(self.x1)), int(np.floor(self.y1)), int(np.ceil(self.x2)), int(np.ceil(self.y2)))

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1.

        >>> Box(0, 0, 2, 2).iou(Box(1, 0, 3, 2))
        0.3333333333333333
        """
        cut = self.intersection(other)
        union = self.area + other.area - cut
        return cut / union if union > 0 else 0.0

    def intersection(self, other: Box) -> float:
        """Shared area in square pixels."""
        w = min(self.x2, other.x2) - max(self.x1, other.x1)
        h = min(self.y2, other.y2) - max(self.y1, other.y1)
        return max(0.0, w) * max(0.0, h)

    def as_list(self) -> list[float]:
        return [self.x1, self.y1, self.x2, self.y2]

    @classmethod
    def within(cls, numbers: Iterable[float], width: int, height: int) -> Box:
        """A box a user gave, clipped to the picture.

        Raises BadBox when it is not four finite numbers, has no area, or lies outside the picture.
        """
        values = [float(n) for n in numbers]
        if len(values) != 4 or not all(np.isfinite(values)):
            raise BadBox("A box is four finite numbers x1,y1,x2,y2.", hint="Give pixels of the upright picture.")
        box = cls(*values)
        if box.area <= 0:
            raise BadBox(f"The box {box.as_list()} has no area: x1 < x2 and y1 < y2 are needed.")
        inside = box.clipped(width, height)
        if inside.area < 1:
            raise BadBox(f"The box {box.as_list()} lies outside the picture of {width} x {height} pixels.")
        return inside


@dataclass(frozen=True, slots=True)
class LabelName:
    """One class of a detector: its id name as stored in ``label`` and its names in both languages, best first."""

    id: str
    en: tuple[str, ...]
    zh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector says of one box; ``score`` is 0..1."""

    box: Box
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text read in a picture, with the box around it; ``score`` is 0..1."""

    text: str
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """WGS 84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture to take in: where it is, and what its owner says of it.

    ``uri`` is a file path, ``http(s)://…`` or ``bucket://name/key``; ``data`` holds bytes already at hand (an upload).
    ``reference``: the bytes stay where they are and only the address is stored. ``before``: what is stored of it with
    another pack, frame first; its record and all words about it are kept.
    """

    uri: str
    data: bytes | None = field(default=None, repr=False)
    file_name: str = ""
    caption: str | None = None
    tags: tuple[str, ...] = ()
    taken_at: datetime | None = None
    location: GeoPoint | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    reference: bool = False
    before: tuple[IndexedObject, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """What is known of one stored picture, repeated on each object; ``image_id`` is the SHA-256 of its bytes.

    ``picture_hash`` tells what it looks like (see ``picture_hash``); "" for one stored before there was one.
    """

    image_id: str
    bucket: str
    image_key: str
    source_uri: str
    file_name: str
    width: int
    height: int
    bytes: int
    format: str
    md5: str
    taken_at: datetime | None = None
    camera: str | None = None
    location: GeoPoint | None = None
    caption: str | None = None
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    picture_hash: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class IndexedObject:
    """One box of one picture with its vectors: one Elasticsearch document. Number 0 is the whole frame.

    ``label_names`` are the names of the label in both languages, as words find it by them; ``collection`` is set on
    what was read from an index.
    """

    image: ImageRecord
    number: int
    kind: Kind
    box: Box
    label: str
    box_score: float
    vit_vector: Vector | None = field(default=None, repr=False)
    clip_vector: Vector | None = field(default=None, repr=False)
    ocr_text: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    caption: str | None = None
    tags: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    collection: str = ""

    @property
    def object_id(self) -> str:
        return object_id(self.image.image_id, self.number)


def image_id_of(data: bytes) -> str:
    """The id of an image: the SHA-256 of its bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def object_id(image_id: str, number: int) -> str:
    """The document id of one box: ``{image_id}-{number}``."""
    return f"{image_id}-{number}"


@dataclass(frozen=True, slots=True)
class Failure:
    """One picture that could not be taken in, with the stage, a stable code, the reason and what to do."""

    uri: str
    stage: str
    code: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class PackInfo:
    """What must agree before vectors may share an index. Dims of None: the pack has no such network."""

    name: str
    revision: str
    vit_dims: int | None
    clip_dims: int | None


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """What a collection has of its own; None leaves it to the server's settings.

    Scores and IoU are 0..1; ``min_relevance`` 0..1 is what "auto" means in its searches.
    """

    score_threshold: float | None = None
    nms_iou: float | None = None
    min_relevance: float | None = None


@dataclass(frozen=True, slots=True)
class CollectionSetup:
    """What must be known to work with a collection: whose vectors it holds, and its own settings."""

    pack: PackInfo
    settings: CollectionSettings


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """One collection as the index knows it; sizes in bytes."""

    name: str
    pack: str
    pack_revision: str
    index: str
    index_type: IndexType
    images: int
    objects: int
    size_bytes: int
    last_change: datetime | None
    settings: CollectionSettings = CollectionSettings()


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one document of a bulk write; ``reason`` is set when it failed."""

    object_id: str
    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """Work done by one stage so far: items through it and seconds spent in it."""

    name: str
    items: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is needed and not there, and what repairs it."""

    name: str
    detail: str
    repair: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """How an ingest stands or ended: every picture is counted in exactly one of stored, updated, unchanged, failed.

    ``reasons`` counts failures by their code; ``objects`` counts documents written, frames included.
    """

    stored: int
    updated: int
    unchanged: int
    failed: int
    objects: int
    seconds: float
    stages: tuple[Stage, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def images(self) -> int:
        return self.stored + self.updated + self.unchanged + self.failed

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {
            "stored": self.stored,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "objects": self.objects,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images / self.seconds, 2) if self.seconds else 0.0,
            "stages": {s.name: {"items": s.items, "seconds": round(s.seconds, 3)} for s in self.stages},
            "reasons": dict(self.reasons),
            "interrupted": self.interrupted,
        }
