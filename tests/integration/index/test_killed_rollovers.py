"""A process is killed before or after any request of a rollover: another goes on, nothing is lost and nothing twice."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from elastic_transport import Urllib3HttpNode
from elastic_transport._node import NodeApiResponse
from tests.contract.objects import PACK, frame, record, thing
from tests.integration.index.conftest import BOUND, Processes

from boxlens.domain.errors import BoxlensError
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.index.elasticsearch.index import ElasticsearchIndex

pytestmark = pytest.mark.usefixtures("no_grace")


_READS = ("_search", "_mget", "_count")


class Killed(Exception):
    """What ends the process in the middle of a request."""


class MortalNode(Urllib3HttpNode):
    """The real transport of a process that dies before or after the request of a number, of those that change something
    from the start of its rollover on; None: of old age."""

    requests: ClassVar[int] = 0
    last: ClassVar[int | None] = None
    sends_it: ClassVar[bool] = False
    counting: ClassVar[bool] = False

    def perform_request(self, method: str, target: str, *rest: object, **more: object) -> NodeApiResponse:
        cls = type(self)
        cls.counting = cls.counting or "/_tasks" in target  # with this the rollover begins
        reads = method in ("GET", "HEAD") or target.partition("?")[0].rpartition("/")[2] in _READS
        cls.requests += cls.counting and not reads
        if cls.last is not None and cls.requests >= cls.last:
            if cls.sends_it and cls.requests == cls.last and not reads:
                super().perform_request(method, target, *rest, **more)  # type: ignore[arg-type]
            raise Killed
        return super().perform_request(method, target, *rest, **more)  # type: ignore[arg-type]


def picture(number: int) -> list[IndexedObject]:
    image = record(f"picture {number}")
    return [frame(image), thing(image, 1), thing(image, 2, "cat")]


def broken(index: ElasticsearchIndex, acknowledged: set[str]) -> str:
    """What is not as it should be; "" when every image stands once, whole, and none that was acknowledged is gone."""
    index.refresh("photos")
    ids = [match.object_id for match in index.matching("photos", Filter(), 1000)]
    twice = [key for key, count in Counter(ids).items() if count > 1]
    images = {key.rpartition("-")[0] for key in ids}
    halves = [image_id for image_id in images if len(index.image("photos", image_id)) != 3]
    lost = acknowledged - images
    return "" if not (twice or halves or lost) else f"twice {twice}, halves {halves}, lost {lost}"


@pytest.mark.parametrize("sends_it", [False, True], ids=["before", "after"])
def test_another_process_goes_on(processes: Processes, sends_it: bool) -> None:
    number = 0
    while True:
        number += 1
        MortalNode.requests, MortalNode.last, MortalNode.sends_it, MortalNode.counting = 0, None, sends_it, False
        mortal, other = processes.start(MortalNode), processes.start()
        other.create("photos", PACK)
        acknowledged: set[str] = set()
        MortalNode.last = number
        try:
            for n in range(BOUND // 3 + 2):
                results = list(mortal.write("photos", picture(n)))
                acknowledged |= {
                    result.object_id.rpartition("-")[0] for result in results if result.object_id[-2:] == "-0"
                }
            killed = False
        except (Killed, BoxlensError):
            killed = True
        for n in range(BOUND // 3 + 4):
            assert all(result.ok for result in other.write("photos", picture(n)))
            acknowledged.add(picture(n)[0].image.image_id)
        assert broken(other, acknowledged) == "", f"killed at request {number}"
        assert processes.states() == ["full", "open"], f"killed at request {number}"
        assert other.info("photos").indices == 2
        other.drop("photos")
        assert processes.states() == []
        if not killed:
            break
    assert number > 5
