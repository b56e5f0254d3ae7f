"""A made-up collection of any size: a frame and five boxes an image, with vectors that lie as embeddings of things do.

Every box is of one of ``KINDS`` kinds of a label. A kind is a point in a space of ``LATENT`` dims, a box another point
near it, and both vectors of a box are images of that point, each with noise of its own: so vit and clip agree about
what is near as two networks that see the same thing do. The same seed gives the same collection, part by part, so that
exact answers are computed without keeping a vector.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.objects import IndexedObject, LabelName, Vector, object_id
from boxlens.domain.pictures import ImageRecord
from boxlens.models.coco_labels import COCO

BOXES = 5
DOCUMENTS_PER_IMAGE = BOXES + 1
KINDS = 25  # of a label
LATENT = 48
PART = 500  # images made at once
_EXAMPLE_PARTS = 8
_WIDTH, _HEIGHT = 1600, 1200
_KIND, _BOX, _NOISE = 0.7, 0.5, 0.3  # distances: of a kind from its label, a box from its kind, a vector from its point
_FIRST_DAY = datetime(2015, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """A part of the collection. ``vit`` and ``clip`` are unit vectors, float32 of shape (images, 6, dims), frames
    first; ``labels`` are places in ``COCO`` of shape (images, 5)."""

    first: int
    labels: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    vit: Vector
    clip: Vector

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A stored object to search by, with its unit vectors, float32 of shape (dims,)."""

    image_id: str
    number: int
    vit: Vector
    clip: Vector

    @property
    def object_id(self) -> str:
        return object_id(self.image_id, self.number)


class MadeUpCollection:
    """So many documents, rounded up to whole images."""

    labels: Sequence[LabelName] = COCO

    def __init__(self, documents: int, *, vit_dims: int = 768, clip_dims: int = 512, seed: int = 16) -> None:
        self.images = -(-documents // DOCUMENTS_PER_IMAGE)
        self.documents = self.images * DOCUMENTS_PER_IMAGE
        self.pack = PackInfo("made-up", f"{seed}", vit_dims, clip_dims)
        self._seed = seed
        rng = np.random.default_rng(seed)
        kinds = rng.standard_normal((len(self.labels), 1, LATENT)) + _KIND * rng.standard_normal(
            (len(self.labels), KINDS, LATENT)
        )
        self._kinds = kinds.astype(np.float32)
        self._views = [rng.standard_normal((LATENT, dims)).astype(np.float32) for dims in (vit_dims, clip_dims)]
        share = 1 / (np.arange(len(self.labels)) + 4.0)  # a few labels are common, most are not
        self._share = share / share.sum()

    def parts(self) -> Iterator[Images]:
        """The whole collection, part by part."""
        for first in range(0, self.images, PART):
            yield self.part(first)

    def part(self, first: int) -> Images:
        """The images from number ``first`` on, a multiple of ``PART``."""
        rng = np.random.default_rng((self._seed, first))
        count = min(PART, self.images - first)
        labels = rng.choice(len(self.labels), (count, BOXES), p=self._share)
        kinds = self._kinds[labels, rng.integers(KINDS, size=labels.shape)]
        boxes = kinds + _BOX * rng.standard_normal(kinds.shape, np.float32)
        points = np.concatenate([boxes.mean(axis=1, keepdims=True), boxes], axis=1)
        vit, clip = (_unit(points @ view, rng) for view in self._views)
        return Images(first, labels, vit, clip)

    def examples(self, count: int) -> list[Example]:
        """Objects to search by, from a few parts spread over the collection; each is another one."""
        parts = -(-self.images // PART)
        chosen = [self.part(PART * int(place)) for place in np.linspace(0, parts - 1, min(parts, _EXAMPLE_PARTS))]
        examples = []
        for turn in range(count):
            part, lap = chosen[turn % len(chosen)], turn // len(chosen)
            i, box = 7 * lap % len(part), 1 + lap % BOXES
            examples.append(Example(self.image_id(part.first + i), box, part.vit[i, box], part.clip[i, box]))
        return examples

    def objects(self) -> Iterator[IndexedObject]:
        """All objects as they are written, image by image."""
        for images in self.parts():
            rng = np.random.default_rng((self._seed, images.first, 1))
            for i in range(len(images)):
                yield from self._image(images, i, rng)

    def image_id(self, number: int) -> str:
        return hashlib.sha256(f"{self._seed} {number}".encode()).hexdigest()

    def _image(self, images: Images, i: int, rng: np.random.Generator) -> Iterator[IndexedObject]:
        number = images.first + i
        image_id = self.image_id(number)
        record = ImageRecord(
            image_id=image_id,
            bucket="pictures",
            image_key=f"{image_id[:2]}/{image_id}.jpeg",
            source_uri=f"file:///made-up/{number}.jpeg",
            file_name=f"{number}.jpeg",
            width=_WIDTH,
            height=_HEIGHT,
            bytes=400_000,
            format="jpeg",
            md5=image_id[:32],
            taken_at=_FIRST_DAY + timedelta(hours=int(rng.integers(24 * 365 * 10))),
            camera=f"camera {rng.integers(12)}",
            picture_hash=rng.bytes(8).hex() + "V" * 82,
        )
        whole = Box(0, 0, _WIDTH, _HEIGHT)
        yield IndexedObject(record, 0, "frame", whole, "", 1.0, images.vit[i, 0], images.clip[i, 0])
        sides, scores = rng.integers(40, 600, (BOXES, 4)), rng.integers(20, 64, BOXES) / 64  # sure of each
        for box in range(BOXES):
            label = self.labels[images.labels[i, box]]
            x, y, width, height = (float(side) for side in sides[box])
            yield IndexedObject(
                record,
                box + 1,
                "object",
                Box(x, y, x + width, y + height),
                label.id,
                float(scores[box]),
                images.vit[i, box + 1],
                images.clip[i, box + 1],
                colours=("red",) if rng.random() < 0.1 else (),
                label_names=(*label.en, *label.zh),
            )


def _unit(points: Vector, rng: np.random.Generator) -> Vector:
    """The points with noise, as unit vectors."""
    strength = _NOISE * np.sqrt(np.square(points).mean(axis=-1, keepdims=True))
    noisy = points + strength * rng.standard_normal(points.shape, np.float32)
    unit: Vector = noisy / np.linalg.norm(noisy, axis=-1, keepdims=True)
    return unit
