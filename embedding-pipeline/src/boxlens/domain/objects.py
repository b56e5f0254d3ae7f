"""Objects: what is known of one box of a picture. Vectors are ``float32`` of unit length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from boxlens.domain.boxes import Box
from boxlens.domain.pictures import ImageRecord

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vector = npt.NDArray[np.float32]
else:
    Vector = Any  # only who computes loads numpy: a client and the command line need not
Kind = Literal["object", "frame", "proposal"]
"""A proposal is a box that its detector was hardly sure of: looks and words find it, nothing counts or names it."""


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


@dataclass(frozen=True, slots=True, eq=False)
class IndexedObject:
    """One box of one picture with its vectors: one Elasticsearch document. Number 0 is the whole frame.

    ``label_names`` are the names of the label in both languages, as words find it by them; ``collection`` is set on
    what was read from an index. ``corrected_by`` is who gave it its label or box, where a person did, and of a frame
    who corrected anything of the picture last; ``corrections``, of a frame alone, is all that was corrected
    (``domain.judgements.corrections``).
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
    corrected_by: str = ""
    corrected_at: datetime | None = None
    corrections: tuple[str, ...] = ()
    collection: str = ""

    @property
    def object_id(self) -> str:
        return object_id(self.image.image_id, self.number)


def object_id(image_id: str, number: int) -> str:
    """The document id of one box: ``{image_id}-{number}``."""
    return f"{image_id}-{number}"


def images(objects: Iterable[IndexedObject]) -> Iterator[list[IndexedObject]]:
    """Objects that follow one another with the same image id, as one list."""
    group: list[IndexedObject] = []
    for obj in objects:
        if group and obj.image.image_id != group[0].image.image_id:
            yield group
            group = []
        group.append(obj)
    if group:
        yield group


def incomplete(image: Sequence[IndexedObject]) -> str:
    """Why this set of objects is no whole image; "" when it is one."""
    numbers = [obj.number for obj in image]
    if len(set(numbers)) < len(numbers):
        return "two objects of the image have the same number"
    frames = [obj for obj in image if obj.kind == "frame"]
    if len(frames) != 1 or frames[0].number != 0:
        return "the image has no frame object with number 0"
    return ""
