"""What an index checks and changes of an image, the same for Elasticsearch and for the exact twin."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import BadQuery, Conflict, NotFound, PackMismatch, Unavailable
from boxlens.domain.objects import IndexedObject, Vector
from boxlens.domain.queries import VectorQuery
from boxlens.domain.reports import ItemResult

UNIT_TOLERANCE = 1e-4
"""Elasticsearch refuses a dot_product vector whose squared length is further from 1 than this."""


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


def require_corrections(image_id: str, frame: IndexedObject | None, expected: Sequence[str]) -> None:
    """Raises Conflict when a stored image (None: there is none) has other corrections than those that were read."""
    if frame is None or frame.corrections != tuple(expected):
        raise Conflict(f"The image {image_id} was changed meanwhile.", hint="Look at it again, and try again.")


def require_written(results: Iterable[ItemResult]) -> None:
    """Raises Unavailable when an object of an image was refused."""
    reasons = [result.reason for result in results if not result.ok]
    if reasons:
        raise Unavailable(f"The image was not stored: {reasons[0]}", hint="Try again.", retry_after_s=1)


def no_image(image_id: str) -> NotFound:
    return NotFound(f"There is no image {image_id!r} in this collection.", hint="Its id is the SHA-256 of its bytes.")


def with_annotations(
    whole: Sequence[IndexedObject],
    *,
    number: int | None,
    caption: str | None,
    tags: Sequence[str] | None,
    albums: Sequence[str] | None = None,
) -> list[IndexedObject]:
    """The objects that change when an image (``number`` None) or one of its objects gets a caption or tags, or the
    image albums; "" takes a caption away. The image remembers which of them a person edited. Raises NotFound for a
    number the image does not have."""
    changes: dict[str, str | tuple[str, ...] | None] = {}
    if caption is not None:
        changes["caption"] = caption or None
    if tags is not None:
        changes["tags"] = tuple(dict.fromkeys(tags))
    if number is None:
        if albums is not None:
            changes["albums"] = tuple(dict.fromkeys(albums))
        edited = tuple(sorted({*whole[0].image.edited, *changes}))
        return [replace(obj, image=replace(obj.image, edited=edited, **changes)) for obj in whole]  # type: ignore[arg-type]
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
