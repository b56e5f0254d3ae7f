"""What an older Boxlens did not store, added from what it did: no picture is read, no vector touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from boxlens.domain.filters import Condition, Filter, NumberRange, Period
from boxlens.domain.objects import IndexedObject
from boxlens.index.derived import ImageCounts
from boxlens.index.elasticsearch.documents import layout
from boxlens.index.elasticsearch.routing import Target
from boxlens.index.elasticsearch.writing.bulk import Action, action

AT_ONCE = 200
"""Images per bulk request."""

LATEST = datetime(9999, 12, 31, tzinfo=UTC)
UNMIGRATED = Filter(
    (Condition("kind", any_of=("frame",)),),
    any=(
        Filter(none=(Filter((Condition("objects", range=NumberRange(gte=0)),)),)),
        Filter(
            (Condition("taken_at", range=Period(last=LATEST)),),
            none=(Filter((Condition("taken_local", range=Period(last=LATEST)),)),),
        ),
    ),
)
"""Frames of images whose documents were written before positions and counts were stored, or the clock of the place."""


def additions(target: Target, image: Sequence[IndexedObject], moment: str) -> list[Action]:
    """Partial updates for all documents of an image, frame last: the frame tells that the image has them all."""
    counts = ImageCounts.of(image)
    ordered = sorted(image, key=lambda obj: obj.kind == "frame")
    return [action(target, "update", obj.object_id, {**layout(obj, counts), "changed_at": moment}) for obj in ordered]
