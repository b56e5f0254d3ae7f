"""Images and objects made for the cases of the object index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.filters import Condition, Filter, NumberRange
from boxlens.domain.objects import IndexedObject, Vector
from boxlens.domain.pictures import GeoPoint, ImageRecord
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.reports import ItemResult

VIT, CLIP = 16, 8
PACK = PackInfo("test", "r1", VIT, CLIP)


def unit(seed: int, dims: int) -> Vector:
    vector = np.random.default_rng(seed).standard_normal(dims)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def record(name: str, **changes: Any) -> ImageRecord:
    """The record of a made-up picture of 640 x 480; its id is the hash of its name."""
    defaults = ImageRecord(
        image_id=hashlib.sha256(name.encode()).hexdigest(),
        bucket="images",
        image_key=f"ab/{name}.jpg",
        source_uri=f"file:///photos/{name}.jpg",
        file_name=f"{name}.jpg",
        width=640,
        height=480,
        bytes=123_456,
        format="jpeg",
        md5=hashlib.md5(name.encode()).hexdigest(),
    )
    return replace(defaults, **changes)


def frame(image: ImageRecord, **changes: Any) -> IndexedObject:
    whole = Box(0, 0, image.width, image.height)
    made = IndexedObject(image, 0, "frame", whole, "", 1.0, unit(_seed(image, 0), VIT), unit(_seed(image, 0), CLIP))
    return replace(made, **changes)


def thing(image: ImageRecord, number: int, label: str = "dog", score: float = 0.5, **changes: Any) -> IndexedObject:
    vectors = unit(_seed(image, number), VIT), unit(_seed(image, number), CLIP)
    return replace(IndexedObject(image, number, "object", Box(10, 20, 110, 220), label, score, *vectors), **changes)


def full() -> list[IndexedObject]:
    """An image in which every field has a value."""
    image = record(
        "every field 全",
        taken_at=datetime(2023, 5, 6, 7, 8, 9, 123456, tzinfo=UTC),
        camera="Canon EOS 5D",
        location=GeoPoint(39.98, 116.31),
        caption="两只狗在草地上 two dogs",
        tags=("holiday", "北京"),
        attributes={"shop": "12", "季节": "春", "a.b": "c"},
        picture_hash="8f" * 8 + "A-" * 41,
    )
    words = {"ocr_text": ("中关村咖啡店", "ABC-123"), "colours": ("red", "white"), "label_names": ("dog", "狗")}
    first = thing(image, 1, "dog", 0.875, caption="the left one", tags=("draft",), **words)
    return [frame(image), first, thing(image, 2, "dog", 0.25)]


def where(field: str, *any_of: str, none_of: tuple[str, ...] = (), range: NumberRange | None = None) -> Filter:
    """One condition on keywords or a number."""
    return Filter((Condition(field, any_of, none_of, range),))


def written(index: ObjectIndex, collection: str, objects: Sequence[IndexedObject]) -> list[ItemResult]:
    """Writes, asserts that every object is accounted for once and went in, and refreshes."""
    results = list(index.write(collection, objects))
    assert sorted(r.object_id for r in results) == sorted(o.object_id for o in objects)
    assert [r for r in results if not r.ok] == []
    index.refresh(collection)
    return results


def same(left: IndexedObject, right: IndexedObject, *, vectors: bool = True) -> bool:
    """Equal in every field but the collection, which only a stored object has; vectors bit for bit."""
    plain = [f.name for f in fields(left) if not f.name.endswith("_vector") and f.name != "collection"]
    pairs = ((left.vit_vector, right.vit_vector), (left.clip_vector, right.clip_vector))
    return all(getattr(left, f) == getattr(right, f) for f in plain) and (
        not vectors or all(_equal(a, b) for a, b in pairs)
    )


def _equal(left: Vector | None, right: Vector | None) -> bool:
    return left is right is None or (left is not None and right is not None and np.array_equal(left, right))


def _seed(image: ImageRecord, number: int) -> int:
    return int(image.image_id[:8], 16) + number
