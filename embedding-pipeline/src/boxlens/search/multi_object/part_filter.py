"""What a filter means beside ``all_of``: what the boxes must be like, and what their image must hold as well.

A part says what its boxes show. So ``label``, ``colours``, ``tags`` and ``ocr_text`` of a filter speak of the image:
one object of it, any, must meet all that the filter says of these. All other conditions, on the picture and on how a
box lies and how sure it is, hold for every box that stands for a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from boxlens.domain.collections import CollectionSet
from boxlens.domain.filters import Condition, Filter, both
from boxlens.domain.ports import IndexSearch
from boxlens.search.requests import RankedListRequest

CONTENT_FIELDS = ("label", "colours", "tags", "ocr_text")
OBJECTS = Filter((Condition("kind", any_of=("object",)),))
NOTHING = Filter(none=(Filter(),))

FEW = 1_000
"""So many objects that meet a filter are looked up first, and the lists of the parts read within their images alone."""

_BATCH = 1_000  # images asked about together
_ALL = 10**9


def split_filter(filter: Filter) -> tuple[Filter, Filter]:
    """What holds for every box, and what one object of the image must meet."""
    boxes, image = (
        Filter(
            tuple(condition for condition in filter.conditions if (condition.field in CONTENT_FIELDS) == of_image),
            filter.any if any(map(_speaks_of_content, filter.any)) == of_image else (),
            tuple(none for none in filter.none if _speaks_of_content(none) == of_image),
        )
        for of_image in (False, True)
    )
    return boxes, image


def _speaks_of_content(filter: Filter) -> bool:
    return any(condition.field in CONTENT_FIELDS for condition in filter.conditions) or any(
        map(_speaks_of_content, (*filter.any, *filter.none))
    )


def objects_in(images: Sequence[str], filter: Filter) -> Filter:
    """The objects of some images that meet a filter."""
    return both([filter, OBJECTS, of_images(images)])


def of_images(images: Sequence[str]) -> Filter:
    """The objects of some images; nothing where there are none."""
    return Filter((Condition("image_id", any_of=tuple(images)),)) if images else NOTHING


def narrowed(list_request: RankedListRequest, filter: Filter) -> RankedListRequest:
    """A list of what also meets the filter."""
    return replace(list_request, query=replace(list_request.query, filter=both([list_request.query.filter, filter])))


class ImageFilter:
    """Which images hold an object that meets a filter."""

    def __init__(self, index: IndexSearch, collections: CollectionSet, filter: Filter) -> None:
        self._index, self._collections, self._filter = index, collections, filter
        self._admitted: dict[str, bool] = {}
        self.few = self._few()
        """A filter that names these images where they are few, else one that admits everything."""

    def admitted(self, images: Sequence[str]) -> list[str]:
        """Those of the images, in their order. Raises ElasticsearchAway."""
        if self._filter.empty or not self.few.empty:
            return list(images)
        new = [image for image in images if image not in self._admitted]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            matching = self._index.matching(self._collections, objects_in(batch, self._filter), _ALL)
            admitted = {obj.image_id for obj in matching}
            self._admitted |= {image: image in admitted for image in batch}
        return [image for image in images if self._admitted[image]]

    def _few(self) -> Filter:
        if self._filter.empty:
            return Filter()
        matching = self._index.matching(self._collections, both([self._filter, OBJECTS]), FEW + 1)
        return Filter() if len(matching) > FEW else of_images(sorted({obj.image_id for obj in matching}))
