"""What an index checks and changes of an image, the same for Elasticsearch and for the exact twin."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from embedding_pipeline.domain import IndexedObject, PackInfo, Vector
from embedding_pipeline.errors import BadQuery, NotFound, PackMismatch
from embedding_pipeline.queries import VectorQuery

UNIT_TOLERANCE = 1e-4
"""Elasticsearch refuses a dot_product vector whose squared length is further from 1 than this."""


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


def require_dims(obj: IndexedObject, pack: PackInfo) -> None:
    """Raises PackMismatch when a vector cannot be of this pack by its dims."""
    for signal, vector, dims in (("vit", obj.vit_vector, pack.vit_dims), ("clip", obj.clip_vector, pack.clip_dims)):
        if vector is not None and vector.shape != (dims,):
            raise PackMismatch(
                f"A {signal} vector of shape {vector.shape} does not fit pack {pack.name} {pack.revision}, "
                f"which has {dims or 'no'} {signal} dims.",
                hint="Write with the pack the collection was made with, or into another collection.",
            )


def require_query(query: VectorQuery, collection: str, pack: PackInfo) -> None:
    """Raises PackMismatch for a vector of other dims, BadQuery for one that is not of unit length."""
    dims = pack.vit_dims if query.signal == "vit" else pack.clip_dims
    if query.vector.shape != (dims,):
        raise PackMismatch(
            f"Collection {collection!r} was made with pack {pack.name} {pack.revision}, which has {dims or 'no'} "
            f"{query.signal} dims; the query vector has shape {query.vector.shape}.",
            hint=f"Search with pack {pack.name}, or leave {query.signal} out of the signals.",
        )
    if not _unit(query.vector):
        raise BadQuery("The query vector is not of unit length.", hint="Divide it by its length.")


def refusal(obj: IndexedObject) -> str:
    """Why Elasticsearch would refuse this object alone; "" when it would not."""
    for name, vector in (("vit_vector", obj.vit_vector), ("clip_vector", obj.clip_vector)):
        if vector is not None and not _unit(vector):
            return f"{name} is not of unit length"
    place = obj.image.location
    if place is not None and not (abs(place.lat) <= 90 and abs(place.lon) <= 180):
        return "location is not a place on the globe"
    return ""


def no_image(image_id: str) -> NotFound:
    return NotFound(f"There is no image {image_id!r} in this collection.", hint="Its id is the SHA-256 of its bytes.")


def annotated(
    whole: Sequence[IndexedObject], *, number: int | None, caption: str | None, tags: Sequence[str] | None
) -> list[IndexedObject]:
    """The objects that change when an image (``number`` None) or one of its objects gets a caption or tags; ""
    takes a caption away. Raises NotFound for a number the image does not have."""
    changes: dict[str, str | tuple[str, ...] | None] = {}
    if caption is not None:
        changes["caption"] = caption or None
    if tags is not None:
        changes["tags"] = tuple(dict.fromkeys(tags))
    if number is None:
        return [replace(obj, image=replace(obj.image, **changes)) for obj in whole]  # type: ignore[arg-type]
    chosen = [obj for obj in whole if obj.number == number]
    if not chosen:
        raise NotFound(
            f"The image has no object {number}.", hint=f"Its objects are {', '.join(str(o.number) for o in whole)}."
        )
    return [replace(obj, **changes) for obj in chosen]  # type: ignore[arg-type]


def _unit(vector: Vector) -> bool:
    length = float(np.dot(vector.astype(np.float64), vector.astype(np.float64)))
    return math.isfinite(length) and abs(length - 1) <= UNIT_TOLERANCE


def stacked(vectors: Sequence[Vector]) -> Vector:
    """Vectors as rows, float32 of shape (n, dims); (0, 0) of none."""
    return np.stack(vectors).astype(np.float32, copy=False) if vectors else np.empty((0, 0), np.float32)
