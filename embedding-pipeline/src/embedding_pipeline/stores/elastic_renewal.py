"""What an older Boxlens did not store, added from what it did: no picture is read, no vector touched."""

from __future__ import annotations

from collections.abc import Sequence

from embedding_pipeline.domain import IndexedObject
from embedding_pipeline.queries import Condition, Filter, Range
from embedding_pipeline.stores.elastic_bulk import Action, action
from embedding_pipeline.stores.elastic_documents import layout
from embedding_pipeline.stores.object_geometry import label_counts

AT_ONCE = 200
"""Images per bulk request."""

LACKING = Filter((Condition("kind", any_of=("frame",)),), none=(Filter((Condition("objects", range=Range(gte=0)),)),))
"""Frames of images whose documents were written before positions and counts were stored."""


def additions(image: Sequence[IndexedObject], moment: str) -> list[Action]:
    """Partial updates for all documents of an image, frame last: the frame tells that the image has them all."""
    counts = label_counts(image)
    ordered = sorted(image, key=lambda obj: obj.kind == "frame")
    return [
        action("update", obj.object_id, {**layout(obj, len(image) - 1, counts), "changed_at": moment})
        for obj in ordered
    ]
