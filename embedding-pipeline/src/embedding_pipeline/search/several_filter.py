"""What a filter means beside ``all_of``: what the boxes must be like, and what their image must hold as well.

A part says what its boxes show. So ``label``, ``colours``, ``tags`` and ``ocr_text`` of a filter speak of the image:
one object of it, any, must meet all that the filter says of these. All other conditions, on the picture and on how a
box lies and how sure it is, hold for every box that stands for a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from embedding_pipeline.filters import both
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Condition, Filter
from embedding_pipeline.search.fusion import Wanted

HELD = ("label", "colours", "tags", "ocr_text")
OBJECTS = Filter((Condition("kind", any_of=("object",)),))
NOTHING = Filter(none=(Filter(),))

FEW = 1_000
"""So many objects that meet a filter are looked up first, and the lists of the parts read within their images alone."""

_AT_ONCE = 1_000  # images asked about together
_ALL = 10**9


def parted(filter: Filter) -> tuple[Filter, Filter]:
    """What holds for every box, and what one object of the image must meet."""
    boxes, image = (
        Filter(
            tuple(condition for condition in filter.conditions if (condition.field in HELD) == held),
            filter.any if any(map(_speaks_of_things, filter.any)) == held else (),
            tuple(none for none in filter.none if _speaks_of_things(none) == held),
        )
        for held in (False, True)
    )
    return boxes, image


def _speaks_of_things(filter: Filter) -> bool:
    return any(condition.field in HELD for condition in filter.conditions) or any(
        map(_speaks_of_things, (*filter.any, *filter.none))
    )


def objects_in(images: Sequence[str], filter: Filter) -> Filter:
    """The objects of some images that meet a filter."""
    return both([filter, OBJECTS, among(images)])


def among(images: Sequence[str]) -> Filter:
    """The objects of some images; nothing where there are none."""
    return Filter((Condition("image_id", any_of=tuple(images)),)) if images else NOTHING


def within(wanted: Wanted, filter: Filter) -> Wanted:
    """A list of what also meets the filter."""
    return replace(wanted, query=replace(wanted.query, filter=both([wanted.query.filter, filter])))


class Holding:
    """Which images hold an object that meets a filter."""

    def __init__(self, index: ObjectIndex, collection: str, filter: Filter) -> None:
        self._index, self._collection, self._filter = index, collection, filter
        self._known: dict[str, bool] = {}
        self.few = self._few()
        """A filter that names these images where they are few, else one that admits everything."""

    def of(self, images: Sequence[str]) -> list[str]:
        """Those of the images, in their order."""
        if self._filter.empty or not self.few.empty:
            return list(images)
        new = [image for image in images if image not in self._known]
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            held = {
                one.image_id for one in self._index.matching(self._collection, objects_in(some, self._filter), _ALL)
            }
            self._known |= {image: image in held for image in some}
        return [image for image in images if self._known[image]]

    def _few(self) -> Filter:
        if self._filter.empty:
            return Filter()
        found = self._index.matching(self._collection, both([self._filter, OBJECTS]), FEW + 1)
        return Filter() if len(found) > FEW else among(sorted({one.image_id for one in found}))
