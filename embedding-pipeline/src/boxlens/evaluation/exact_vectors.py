"""Every vector of a collection in one matrix: exact rankings, the ground truth of approximate ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boxlens.domain.boxes import Box
from boxlens.domain.filters import Filter
from boxlens.domain.objects import Vector
from boxlens.domain.ports import SearchIndex
from boxlens.domain.queries import RankedObject

_BATCH = 500


@dataclass(frozen=True, slots=True, eq=False)
class ExactVectors:
    """Objects of a collection that have a vector of one signal, sorted by id: frames first within their image.

    ``vectors`` is float32 of shape (objects, dims); ``starts`` are the rows at which images begin.
    """

    object_ids: tuple[str, ...]
    image_ids: tuple[str, ...]
    boxes: tuple[Box, ...]
    vectors: Vector
    starts: npt.NDArray[np.int64]
    frames: npt.NDArray[np.bool_]

    @property
    def images(self) -> list[str]:
        return [self.image_ids[row] for row in self.starts]

    @property
    def frame_vectors(self) -> Vector:
        """One row an image, in the order of ``images``."""
        return self.vectors[self.frames]

    def nearest(self, vector: Vector, k: int) -> list[RankedObject]:
        """The k nearest objects by cosine, ties by id."""
        cosines = self.vectors @ vector
        best = np.argsort(-cosines, kind="stable")[:k]
        return [RankedObject(self.object_ids[i], self.image_ids[i], float(cosines[i])) for i in best]

    def ranked_images(self, vector: Vector, k: int, *, frames_only: bool = False) -> list[tuple[str, Box]]:
        """The k images with the nearest object (or frame), each with the box of it."""
        cosines = self.vectors @ vector
        if frames_only:
            cosines = np.where(self.frames, cosines, -2.0)
        best_of_image = np.maximum.reduceat(cosines, self.starts)
        images = []
        for image in np.argsort(-best_of_image, kind="stable")[:k]:
            start = int(self.starts[image])
            end = int(self.starts[image + 1]) if image + 1 < len(self.starts) else len(cosines)
            row = start + int(np.argmax(cosines[start:end]))
            images.append((self.image_ids[row], self.boxes[row]))
        return images


def read_vectors(index: SearchIndex, collection: str, signal: str) -> ExactVectors | None:
    """All vectors of one signal, or None when nothing has one. Raises NotFound."""
    rows: list[tuple[str, int, str, Box, Vector]] = []
    after: str | None = None
    while batch := index.matching(collection, Filter(), _BATCH, after):
        after = batch[-1].object_id
        for stored in index.objects(collection, [match.object_id for match in batch], vectors=True):
            vector = getattr(stored, f"{signal}_vector")
            if vector is not None:
                rows.append((stored.image.image_id, stored.number, stored.object_id, stored.box, vector))
    if not rows:
        return None
    rows.sort(key=lambda row: row[:2])
    image_ids = [row[0] for row in rows]
    starts = [i for i, image_id in enumerate(image_ids) if i == 0 or image_ids[i - 1] != image_id]
    return ExactVectors(
        object_ids=tuple(row[2] for row in rows),
        image_ids=tuple(image_ids),
        boxes=tuple(row[3] for row in rows),
        vectors=np.stack([row[4] for row in rows]).astype(np.float32),
        starts=np.array(starts, np.int64),
        frames=np.array([row[1] == 0 for row in rows]),
    )


def ranked_rows(queries: Vector, rows: Vector, k: int) -> list[list[int]]:
    """For each query the k nearest rows, best first."""
    rankings: list[list[int]] = []
    for start in range(0, len(queries), _BATCH):
        order = np.argsort(-(queries[start : start + _BATCH] @ rows.T), axis=1, kind="stable")[:, :k]
        rankings += [[int(i) for i in row] for row in order]
    return rankings
