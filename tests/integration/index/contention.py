"""Changes of one image that meet, and whether it ends whole.

An image is whole when it is there with all objects of its frame and nothing else, and all of them say the same of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from elastic_transport import Urllib3HttpNode
from elastic_transport._node import NodeApiResponse
from tests.contract.objects import frame, record, thing, where

from boxlens.domain.errors import NotFound
from boxlens.domain.objects import IndexedObject
from boxlens.index.elasticsearch.index import ElasticsearchIndex

ID = record("contended").image_id
Change = Callable[[ElasticsearchIndex], None]


class PausedNode(Urllib3HttpNode):
    """The real transport; ``before`` is called with the number of each bulk request before it is sent."""

    bulks = 0
    before: Callable[[int], None] = staticmethod(lambda number: None)

    def perform_request(self, method: str, target: str, *rest: object, **more: object) -> NodeApiResponse:
        if "/_bulk" in target:
            cls = type(self)
            cls.bulks += 1
            cls.before(cls.bulks)
        return super().perform_request(method, target, *rest, **more)  # type: ignore[arg-type]


def version(caption: str, *numbers: int) -> list[IndexedObject]:
    image = record("contended", caption=caption)
    return [frame(image), *(thing(image, number) for number in numbers)]


def writes(caption: str, *numbers: int) -> Change:
    def change(index: ElasticsearchIndex) -> None:
        objects = version(caption, *numbers)
        results = list(index.write("photos", objects))
        assert sorted(result.object_id for result in results) == sorted(obj.object_id for obj in objects)
        assert all(result.ok or "again and again" in result.reason for result in results), results

    return change


def deletes(index: ElasticsearchIndex) -> None:
    with suppress(NotFound):
        index.delete_image("photos", ID)


def describes(index: ElasticsearchIndex) -> None:
    with suppress(NotFound):
        index.annotate("photos", ID, caption="described", tags=["t"])


CHANGES: dict[str, Change] = {
    "write": writes("a", 1, 2),
    "rewrite": writes("b", 2, 3, 4),
    "delete": deletes,
    "describe": describes,
}


def broken(index: ElasticsearchIndex) -> str:
    """Why the image is not whole; "" when it is."""
    index.refresh("photos")
    there = index.matching("photos", where("image_id", ID), 100)
    numbers = sorted(int(match.object_id.rpartition("-")[2]) for match in there)
    if ID not in index.stored("photos", [ID]):
        return f"objects {numbers} without a frame" if numbers else ""
    whole = index.image("photos", ID)
    if [obj.number for obj in whole] != numbers:
        return f"{[obj.number for obj in whole]} of {numbers}"
    words = {(obj.image.caption, obj.image.tags) for obj in whole}
    return f"it says {words}" if len(words) > 1 else ""
