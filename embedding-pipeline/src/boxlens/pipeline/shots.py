"""Things that are seen through a shot of a video: each is an object once, in the first frame that shows it."""

from __future__ import annotations

from collections.abc import Sequence

from boxlens.domain.objects import IndexedObject
from boxlens.domain.videos import video_moment

SAME_THING = 0.85
"""Cosine of two crops of one label from which they show the same thing, within one shot."""
_SAME_PLACE = 0.5  # intersection over union, where a pack makes no vectors


class ShotObjects:
    """Frames of one video after the other, in order; other pictures pass as they are."""

    def __init__(self) -> None:
        self._shot: tuple[str, int] | None = None
        self._seen: list[IndexedObject] = []

    def once(self, objects: Sequence[IndexedObject]) -> tuple[IndexedObject, ...]:
        """The objects of a picture, the frame first, without those that an earlier frame of its shot has; what a person
        corrected stays."""
        moment = video_moment(objects[0].image.attributes)
        if moment is None:
            return tuple(objects)
        shot = moment.source_uri, moment.shot
        if shot != self._shot:
            self._shot, self._seen = shot, []
        new = [obj for obj in objects[1:] if obj.corrected_by or not any(_same(obj, seen) for seen in self._seen)]
        self._seen += new
        return (objects[0], *new)


def _same(shown: IndexedObject, other: IndexedObject) -> bool:
    if shown.label != other.label:
        return False
    for a, b in ((shown.vit_vector, other.vit_vector), (shown.clip_vector, other.clip_vector)):
        if a is not None and b is not None:
            return float(a @ b) >= SAME_THING
    return shown.box.iou(other.box) >= _SAME_PLACE
