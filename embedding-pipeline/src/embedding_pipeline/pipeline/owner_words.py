"""What a picture's owner says of it, and how it stays when the picture is taken in again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from embedding_pipeline.domain import ImageRecord, ImageRef, IndexedObject

SAME_BOX = 0.5  # IoU from which boxes of two detectors are of one thing


def carried(before: Sequence[IndexedObject], after: Sequence[IndexedObject]) -> tuple[IndexedObject, ...]:
    """Objects of a picture with its record and the words said of its objects before, when other boxes were found.

    Words of an object go to the new box that overlaps it most, by an IoU of at least ``SAME_BOX``, and to the frame
    when there is none; captions that meet are joined, tags once each.
    """
    objects = [replace(found, image=before[0].image, caption=None, tags=()) for found in after]
    for old in before:
        if not (old.caption or old.tags):
            continue
        best = max(range(1, len(objects)), key=lambda i: objects[i].box.iou(old.box), default=0)
        place = best if old.number and best and objects[best].box.iou(old.box) >= SAME_BOX else 0
        at = objects[place]
        caption = "\n".join(dict.fromkeys(filter(None, (at.caption, old.caption)))) or None
        objects[place] = replace(at, caption=caption, tags=tuple(dict.fromkeys((*at.tags, *old.tags))))
    return tuple(objects)


def said(found: IndexedObject) -> tuple[str | None, tuple[str, ...]]:
    """The words of a person about one object."""
    return found.caption, found.tags


def retold(ref: ImageRef, objects: Sequence[IndexedObject]) -> tuple[IndexedObject, ...]:
    """A stored picture's objects with what its owner says of it now; boxes, vectors and what was said of single
    objects stay."""
    image = told(ref, objects[0].image)
    return tuple(replace(stored, image=image) for stored in objects)


def told(ref: ImageRef, image: ImageRecord) -> ImageRecord:
    """The record with what the owner says now; what is not said stays."""
    return replace(
        image,
        caption=ref.caption if ref.caption is not None else image.caption,
        tags=ref.tags or image.tags,
        taken_at=ref.taken_at or image.taken_at,
        location=ref.location or image.location,
        attributes=dict(ref.attributes) or image.attributes,
    )
