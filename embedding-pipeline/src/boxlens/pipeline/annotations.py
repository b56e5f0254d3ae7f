"""What a picture's owner says of it and of its objects, and how that stays when the picture is taken in again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from boxlens.domain.local_files import local_path, unicode_name
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord
from boxlens.domain.references import ImageRef

SAME_BOX = 0.5
"""Intersection over union from which boxes of two detectors are taken to show the same thing."""


_UNSAID: Mapping[str, Any] = {"caption": None, "tags": (), "taken_at": None, "location": None, "attributes": {}}
"""What a reference may say of its picture, with the values of one that does not."""

MOST_PLACES = 64
"""Places and names of one picture that are kept: a blank frame may lie anywhere."""


def annotations_of(obj: IndexedObject) -> tuple[str | None, tuple[str, ...]]:
    """Caption and tags that a person gave to one object."""
    return obj.caption, obj.tags


def with_metadata(image: ImageRecord, ref: ImageRef) -> ImageRecord:
    """The record with the metadata of a reference; what the reference leaves out, or a person edited, stays.

    Where the reference is another place of the same bytes, its place and name are added.
    """
    return replace(
        _with_place(image, ref.source, ref.name),
        caption=image.caption if ref.caption is None or "caption" in image.edited else ref.caption,
        tags=image.tags if "tags" in image.edited else ref.tags or image.tags,
        taken_at=ref.taken_at or image.taken_at,
        location=ref.location or image.location,
        attributes=dict(ref.attributes) or image.attributes,
    )


def _with_place(image: ImageRecord, source: str, name: str) -> ImageRecord:
    sources = (image.source_uri, *image.other_sources)
    if source in sources:
        return replace(image, gone_at=None)
    others = (*image.other_sources, source)[:MOST_PLACES]
    return replace(
        image, other_sources=others, other_names=_names(image.file_name, (*image.other_names, name)), gone_at=None
    )


def without_places(image: ImageRecord, gone: Collection[str], left: Iterable[str] = ()) -> ImageRecord | None:
    """The record without some of its places; None when it has no other. The names it had there stay.

    ``left`` are places that are known besides those of the record, which keeps ``MOST_PLACES`` of them.
    """
    all_sources = (image.source_uri, *image.other_sources)
    places = [source for source in all_sources if source not in gone] or list(left)[:MOST_PLACES]
    if not places:
        return None
    first, *others = places
    if first == image.source_uri:
        return replace(image, other_sources=tuple(others))
    name = unicode_name(local_path(first).rsplit("/", 1)[-1])
    names = _names(name, (image.file_name, *image.other_names))
    return replace(image, source_uri=first, file_name=name, other_sources=tuple(others), other_names=names)


def _names(own: str, others: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(others) if name != own)[:MOST_PLACES]


def apply_metadata(objects: Sequence[IndexedObject], ref: ImageRef) -> tuple[IndexedObject, ...]:
    """All objects of a stored picture, the frame first, with the metadata of a reference.

    Boxes, vectors and the annotations of single objects stay.
    """
    image = with_metadata(objects[0].image, ref)
    return tuple(replace(obj, image=image) for obj in objects)


class FirstWords:
    """What the references of one ingest say of its images: where copies disagree, the first one's words count.

    Remembers about 100 bytes for each image of which something is said.
    """

    def __init__(self) -> None:
        self._said: dict[int, int] = {}

    def admit(self, image_id: str, ref: ImageRef, image: ImageRecord | None = None) -> ImageRef:
        """A reference of the image, which is remembered, without what an earlier one said as long as ``image``, the
        record as it stands, tells it."""
        key = int(image_id[:16], 16)
        before = self._said.get(key, 0)
        says = {name: 1 << place for place, name in enumerate(_UNSAID) if getattr(ref, name) != _UNSAID[name]}
        if says:
            self._said[key] = before | sum(says.values())
        unsaid = {
            name: _UNSAID[name]
            for name, bit in says.items()
            if before & bit and image is not None and getattr(image, name) != _UNSAID[name]
        }
        return replace(ref, **unsaid)


def transfer_annotations(before: Sequence[IndexedObject], after: Sequence[IndexedObject]) -> tuple[IndexedObject, ...]:
    """Newly detected objects of a picture with its record and annotations from before. Both begin with the frame.

    The annotations of an object go to the new box that overlaps it most, from an IoU of ``SAME_BOX``, and to the frame
    when there is none. Captions that meet are joined by line breaks; tags stand once each.
    """
    objects = [replace(obj, image=before[0].image, caption=None, tags=()) for obj in after]
    for old in before:
        if not any(annotations_of(old)):
            continue
        best = max(range(1, len(objects)), key=lambda i: objects[i].box.iou(old.box), default=0)
        place = best if old.number and best and objects[best].box.iou(old.box) >= SAME_BOX else 0
        target = objects[place]
        caption = "\n".join(dict.fromkeys(filter(None, (target.caption, old.caption)))) or None
        objects[place] = replace(target, caption=caption, tags=tuple(dict.fromkeys((*target.tags, *old.tags))))
    return tuple(objects)
