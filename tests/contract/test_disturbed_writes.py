"""Bulk requests that a server refuses, loses or answers half: what is asked again, and what is stored after all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, TransportError, Urllib3HttpNode
from elastic_transport import ConnectionError as NoConnection
from elastic_transport._node import NodeApiResponse
from elastic_transport.client_utils import DEFAULT, DefaultType
from tests.contract.objects import PACK, frame, record, thing, written

from boxlens.domain.errors import ElasticsearchAway
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.elasticsearch.writing.bulk import RetryPolicy
from boxlens.settings import ElasticsearchSettings

Answer = tuple[int, dict[str, Any]]


class WilfulNode(Urllib3HttpNode):
    """The real transport; ``meddle`` may answer a bulk request in the server's place, or let it pass (None)."""

    meddle: ClassVar[Callable[[bytes], Answer | None]]
    bulks: ClassVar[int] = 0

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        if "/_bulk" in target:
            type(self).bulks += 1
            answer = type(self).meddle(body or b"")
            if answer is not None:
                typed = HttpHeaders({"content-type": "application/json", "x-elastic-product": "Elasticsearch"})
                meta = ApiResponseMeta(answer[0], "1.1", typed, 0.0, self.config)
                return NodeApiResponse(meta, json.dumps(answer[1]).encode())
        return super().perform_request(method, target, body, headers, request_timeout)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def wilful(
    elasticsearch_url: str, elastic: ElasticsearchIndex, prefix: str, waits: list[float]
) -> Iterator[ElasticsearchIndex]:
    """A second adapter on the same collections, through a transport that tests may disturb."""
    WilfulNode.bulks = 0
    elastic.create("photos", PACK)
    client = connect(elasticsearch_url, ElasticsearchSettings(), node_class=WilfulNode)
    yield ElasticsearchIndex(client, prefix=prefix, retry=RetryPolicy(attempts=4, sleep=waits.append))
    client.close()


def busy_first(times: int, status: int) -> Callable[[bytes], Answer | None]:
    left = [times]

    def meddle(_: bytes) -> Answer | None:
        left[0] -= 1
        return (
            (status, {"error": {"type": "es_rejected_execution_exception", "reason": "busy"}}) if left[0] >= 0 else None
        )

    return meddle


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_after_growing_waits(
    wilful: ElasticsearchIndex, waits: list[float], status: int
) -> None:
    WilfulNode.meddle = staticmethod(busy_first(2, status))
    image = record("busy")
    written(wilful, "photos", [frame(image), thing(image, 1)])
    assert len(waits) == 2
    assert 0.125 <= waits[0] <= 0.25 <= waits[1] <= 0.5
    assert len(wilful.image("photos", image.image_id)) == 2


def test_items_that_met_a_full_queue_are_sent_again_alone(wilful: ElasticsearchIndex, waits: list[float]) -> None:
    image = record("queue")
    seen: list[bytes] = []

    def meddle(body: bytes) -> Answer | None:
        seen.append(body)
        if len(seen) > 1:
            return None
        rejected = {"type": "es_rejected_execution_exception", "reason": "queue full"}
        first, second = ({"_id": thing(image, n).object_id} for n in (1, 2))
        items = [
            {"index": {**first, "status": 201, "result": "created"}},
            {"index": {**second, "status": 429, "error": rejected}},
        ]
        return 200, {"errors": True, "items": items}

    WilfulNode.meddle = staticmethod(meddle)
    results = list(wilful.write("photos", [frame(image), thing(image, 1), thing(image, 2)]))
    assert [r.ok for r in results] == [True, True, True]
    assert len(waits) == 1
    assert thing(image, 1).object_id.encode() not in seen[1]
    assert thing(image, 2).object_id.encode() in seen[1]


def test_a_server_that_stays_busy_is_away_and_no_frame_is_in(wilful: ElasticsearchIndex, waits: list[float]) -> None:
    WilfulNode.meddle = staticmethod(busy_first(10**6, 429))
    image = record("never")
    with pytest.raises(ElasticsearchAway, match="4 attempts") as caught:
        list(wilful.write("photos", [frame(image), thing(image, 1)]))
    assert caught.value.hint
    assert len(waits) == 3
    assert wilful.stored("photos", [image.image_id]) == {}


@pytest.mark.parametrize("error", [NoConnection("connection reset by peer"), ConnectionTimeout("no answer in time")])
def test_a_reset_and_a_time_out_are_tried_again(
    wilful: ElasticsearchIndex, waits: list[float], error: TransportError
) -> None:
    """Also when the server did what it was asked, and only its answer was lost."""
    image, failures = record("reset"), iter([error, error])

    def meddle(body: bytes) -> Answer | None:
        if failing := next(failures, None):
            raise failing
        return None

    WilfulNode.meddle = staticmethod(meddle)
    written(wilful, "photos", [frame(image), thing(image, 1)])
    assert len(waits) == 2
    assert len(wilful.image("photos", image.image_id)) == 2


def test_what_is_too_large_is_halved_down_to_the_one_document(wilful: ElasticsearchIndex, waits: list[float]) -> None:
    large = record("large", caption="word " * 4000)
    small = [record(f"small {n}") for n in range(20)]
    limit = 12_000

    def meddle(body: bytes) -> Answer | None:
        return (413, {"error": "Request Entity Too Large"}) if len(body) > limit else None

    WilfulNode.meddle = staticmethod(meddle)
    objects = [o for image in (*small, large) for o in (frame(image), thing(image, 1))]
    results = list(wilful.write("photos", objects))
    assert len(results) == len(objects)
    failed = {result.object_id: result.reason for result in results if not result.ok}
    assert set(failed) == {frame(large).object_id, thing(large, 1).object_id}
    assert "does not take a document" in failed[thing(large, 1).object_id]
    assert set(wilful.stored("photos", [image.image_id for image in (*small, large)])) == {i.image_id for i in small}
    assert waits == []


def test_a_large_request_that_times_out_again_and_again_passes_in_halves(
    wilful: ElasticsearchIndex, waits: list[float]
) -> None:
    images = [record(f"slow {n}") for n in range(12)]

    def meddle(body: bytes) -> Answer | None:
        if len(body) > 8000:
            raise ConnectionTimeout("no answer in time")
        return None

    WilfulNode.meddle = staticmethod(meddle)
    written(wilful, "photos", [frame(image) for image in images])
    assert len(wilful.stored("photos", [image.image_id for image in images])) == 12


@pytest.mark.parametrize("survives", range(4))
def test_a_write_killed_between_requests_is_repaired_by_the_same_write(
    wilful: ElasticsearchIndex, elastic: ElasticsearchIndex, survives: int
) -> None:
    """The first version stands; the second, with fewer objects, dies after so many requests; then it is run again."""
    image = record("killed")
    old: list[IndexedObject] = [frame(image), *(thing(image, n, "dog") for n in range(1, 6))]
    new: list[IndexedObject] = [frame(image), *(thing(image, n, "cat") for n in range(1, 3))]
    written(elastic, "photos", old)

    def meddle(_: bytes) -> Answer | None:
        return None if WilfulNode.bulks <= survives else (500, {"error": "killed"})

    WilfulNode.meddle = staticmethod(meddle)
    outcome: list[object] = []
    try:
        outcome += list(wilful.write("photos", new))
    except ElasticsearchAway:
        assert survives < 3
    whole = elastic.image("photos", image.image_id) if elastic.stored("photos", [image.image_id]) else []
    assert len(whole) == {0: 6, 3: 3}.get(survives, 0)  # the old one, the new one, or neither: never a mixture
    WilfulNode.meddle = staticmethod(lambda _: None)
    written(wilful, "photos", new)
    entries = elastic.matching("photos", Filter(), 100)
    assert sorted(r.object_id for r in entries) == sorted(o.object_id for o in new)


def test_requests_are_sized_by_bytes_and_frames_wait_for_their_objects(
    elasticsearch_url: str, elastic: ElasticsearchIndex, prefix: str
) -> None:
    sizes: list[int] = []
    WilfulNode.meddle = staticmethod(lambda body: sizes.append(len(body)))
    client = connect(elasticsearch_url, ElasticsearchSettings(), node_class=WilfulNode)
    index = ElasticsearchIndex(client, prefix=prefix, retry=RetryPolicy(most_bytes=20_000))
    index.create("photos", PACK)
    images = [record(f"sized {n}") for n in range(20)]
    objects = [o for image in images for o in (frame(image), thing(image, 1), thing(image, 2))]
    order = [r.object_id for r in index.write("photos", objects)]
    assert len(order) == 60
    for image in images:
        assert order.index(frame(image).object_id) > order.index(thing(image, 2).object_id)
    assert len(sizes) >= 5
    assert max(sizes) <= 20_000
    client.close()
