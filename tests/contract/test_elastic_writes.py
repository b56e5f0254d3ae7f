"""What only the real server shows: busy, away, full, killed half-way, made by others at the same time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, Urllib3HttpNode
from elastic_transport._node import NodeApiResponse
from tests.contract.objects import PACK, VIT, frame, record, thing, unit, written

from embedding_pipeline.domain import IndexedObject, PackInfo
from embedding_pipeline.errors import Conflict, DiskFull, ElasticsearchAway
from embedding_pipeline.queries import Filter, VectorQuery, WordQuery
from embedding_pipeline.settings import ElasticsearchSettings, IndexSettings
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_bulk import Patience
from embedding_pipeline.stores.elastic_client import connect
from embedding_pipeline.stores.mapping import index_body, schema_version

Answer = tuple[int, dict[str, Any]]


class WilfulNode(Urllib3HttpNode):
    """The real transport; ``meddle`` may answer a bulk request in the server's place, or let it pass (None)."""

    meddle: ClassVar[Callable[[bytes], Answer | None]]
    bulks: ClassVar[int] = 0

    def perform_request(self, method: str, target: str, body: bytes | None = None, **more: Any) -> NodeApiResponse:
        if "/_bulk" in target:
            type(self).bulks += 1
            answer = type(self).meddle(body or b"")
            if answer is not None:
                headers = HttpHeaders({"content-type": "application/json", "x-elastic-product": "Elasticsearch"})
                meta = ApiResponseMeta(answer[0], "1.1", headers, 0.0, self.config)
                return NodeApiResponse(meta, json.dumps(answer[1]).encode())
        return super().perform_request(method, target, body=body, **more)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def wilful(elasticsearch_url: str, elastic: ElasticIndex, prefix: str, waits: list[float]) -> Iterator[ElasticIndex]:
    """A second adapter on the same collections, through a transport that tests may disturb."""
    WilfulNode.bulks = 0
    elastic.create("photos", PACK)
    client = connect(elasticsearch_url, ElasticsearchSettings(), node_class=WilfulNode)
    yield ElasticIndex(client, prefix=prefix, patience=Patience(attempts=4, sleep=waits.append))
    client.close()


def busy_first(times: int, status: int) -> Callable[[bytes], Answer | None]:
    left = [times]

    def meddle(_: bytes) -> Answer | None:
        left[0] -= 1
        return (
            (status, {"error": {"type": "es_rejected_execution_exception", "reason": "busy"}}) if left[0] >= 0 else None
        )

    return meddle


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_after_growing_waits(
    wilful: ElasticIndex, waits: list[float], status: int
) -> None:
    WilfulNode.meddle = staticmethod(busy_first(2, status))
    image = record("busy")
    written(wilful, "photos", [frame(image), thing(image, 1)])
    assert len(waits) == 2
    assert 0.125 <= waits[0] <= 0.25 <= waits[1] <= 0.5
    assert len(wilful.image("photos", image.image_id)) == 2


def test_items_that_met_a_full_queue_are_sent_again_alone(wilful: ElasticIndex, waits: list[float]) -> None:
    image = record("queue")
    seen: list[bytes] = []

    def meddle(body: bytes) -> Answer | None:
        seen.append(body)
        if len(seen) > 1:
            return None
        rejected = {"type": "es_rejected_execution_exception", "reason": "queue full"}
        one, two = ({"_id": thing(image, n).object_id} for n in (1, 2))
        items = [
            {"index": {**one, "status": 201, "result": "created"}},
            {"index": {**two, "status": 429, "error": rejected}},
        ]
        return 200, {"errors": True, "items": items}

    WilfulNode.meddle = staticmethod(meddle)
    results = list(wilful.write("photos", [frame(image), thing(image, 1), thing(image, 2)]))
    assert [r.ok for r in results] == [True, True, True]
    assert len(waits) == 1
    assert thing(image, 1).object_id.encode() not in seen[1]
    assert thing(image, 2).object_id.encode() in seen[1]


def test_a_server_that_stays_busy_is_away_and_no_frame_is_in(wilful: ElasticIndex, waits: list[float]) -> None:
    WilfulNode.meddle = staticmethod(busy_first(10**6, 429))
    image = record("never")
    with pytest.raises(ElasticsearchAway, match="4 attempts") as caught:
        list(wilful.write("photos", [frame(image), thing(image, 1)]))
    assert caught.value.hint
    assert len(waits) == 3
    assert wilful.stored("photos", [image.image_id]) == {}


@pytest.mark.parametrize("survives", range(4))
def test_a_write_killed_between_requests_is_repaired_by_the_same_write(
    wilful: ElasticIndex, elastic: ElasticIndex, survives: int
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
    found = elastic.matching("photos", Filter(), 100)
    assert sorted(r.object_id for r in found) == sorted(o.object_id for o in new)


def test_requests_are_sized_by_bytes_and_frames_wait_for_their_objects(
    elasticsearch_url: str, elastic: ElasticIndex, prefix: str
) -> None:
    sizes: list[int] = []
    WilfulNode.meddle = staticmethod(lambda body: sizes.append(len(body)))  # type: ignore[func-returns-value]
    client = connect(elasticsearch_url, ElasticsearchSettings(), node_class=WilfulNode)
    index = ElasticIndex(client, prefix=prefix, patience=Patience(most_bytes=20_000))
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


def test_a_full_disk_is_named_with_its_repair(elastic: ElasticIndex, elasticsearch_url: str) -> None:
    index = elastic.create("photos", PACK).index
    client = connect(elasticsearch_url, ElasticsearchSettings())
    image = record("no room")
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    with pytest.raises(DiskFull) as caught:
        list(elastic.write("photos", [frame(image), thing(image, 1)]))
    assert "Free space" in caught.value.hint
    assert "no room" in elastic.ready()
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})
    assert elastic.ready() == ""
    written(elastic, "photos", [frame(image), thing(image, 1)])
    client.close()


def test_a_server_that_is_away() -> None:
    client = connect("http://127.0.0.1:9", ElasticsearchSettings(timeout_s=2))
    index = ElasticIndex(client)
    calls: list[Callable[[], object]] = [
        index.collections,
        lambda: index.create("photos", PACK),
        lambda: index.info("photos"),
        lambda: list(index.write("photos", [])),
        lambda: index.search("photos", [WordQuery(("dog",), (), 1)]),
        lambda: index.stored("photos", ["x"]),
    ]
    for call in calls:
        with pytest.raises(ElasticsearchAway) as caught:
            call()
        assert "es start" in caught.value.hint
    assert "cannot be reached" in index.ready()
    client.close()


def test_an_index_of_a_newer_program_is_refused(elastic: ElasticIndex, elasticsearch_url: str) -> None:
    index = elastic.create("photos", PACK).index
    client = connect(elasticsearch_url, ElasticsearchSettings())
    meta = client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
    client.indices.put_mapping(index=index, meta={**meta, "schema": 99})
    with pytest.raises(Conflict, match="newer Boxlens"):
        list(elastic.write("photos", []))
    client.indices.put_mapping(index=index, meta=meta)
    client.close()


def test_an_index_of_an_earlier_program_takes_the_new_fields(elastic: ElasticIndex, elasticsearch_url: str) -> None:
    """What was stored before has no hash, and is ranked and read as it is."""
    client = connect(elasticsearch_url, ElasticsearchSettings())
    body = index_body(PACK, "flat", IndexSettings())
    for field in ("picture_hash", "picture_bits", "aspect"):
        del body["mappings"]["properties"][field]
    del body["mappings"]["properties"]["tokens"]["properties"]["caption"]
    body["mappings"]["_meta"]["schema"] = 1
    name = f"{elastic._prefix}-photos"
    client.indices.create(index=f"{name}-000000000001", aliases={name: {"is_write_index": True}}, **body)
    assert elastic.search("photos", [VectorQuery("vit", unit(1, VIT), 3)]) == [[]]
    new = record("new", picture_hash="0" * 98, caption="a new one")
    written(elastic, "photos", [frame(new)])
    written(elastic, "photos", [frame(record("without"))])
    mappings = client.indices.get_mapping(index=name)[f"{name}-000000000001"]["mappings"]
    assert mappings["_meta"]["schema"] == schema_version()
    assert mappings["properties"]["picture_hash"]["type"] == "keyword"
    (found,) = elastic.search("photos", [VectorQuery("vit", unit(1, VIT), 3)])
    assert {f.image_id: f.picture_bits for f in found} == {new.image_id: 0, record("without").image_id: None}
    assert elastic.image("photos", new.image_id)[0].image == new
    client.close()


def test_many_create_at_once_and_one_index_comes_of_it(
    elasticsearch_url: str, elastic: ElasticIndex, prefix: str
) -> None:
    clients = [connect(elasticsearch_url, ElasticsearchSettings()) for _ in range(4)]
    makers = [ElasticIndex(client, prefix=prefix) for client in clients]
    with ThreadPoolExecutor(4) as pool:
        infos = list(pool.map(lambda maker: maker.create("photos", PACK), makers))
    assert len({info.index for info in infos}) == 1
    assert [info.name for info in elastic.collections()] == ["photos"]
    for client in clients:
        client.close()


def test_a_collection_that_another_is_just_making_is_waited_for(
    elasticsearch_url: str, elastic: ElasticIndex, prefix: str
) -> None:
    name, nowhere = f"{prefix}-photos-0", "index.routing.allocation.require._name"
    body = index_body(PACK, "int8_hnsw", IndexSettings())
    body["settings"][nowhere] = "no such node"
    client = connect(elasticsearch_url, ElasticsearchSettings())
    client.indices.create(index=name, aliases={f"{prefix}-photos": {}}, wait_for_active_shards=0, **body)
    with ThreadPoolExecutor(1) as pool:
        info = pool.submit(elastic.info, "photos")
        time.sleep(0.5)
        assert not info.done()
        client.indices.put_settings(index=name, settings={nowhere: None})
        assert info.result(timeout=20).objects == 0
    client.close()


@pytest.mark.parametrize("index_type", ["hnsw", "int8_hnsw", "bbq_hnsw", "int8_flat", "flat"])
def test_every_index_type_is_made_and_searched(elastic: ElasticIndex, index_type: Any) -> None:
    pack = PackInfo("wide", "1", 64, None)  # bbq takes no fewer
    assert elastic.create("photos", pack, index_type).index_type == index_type
    image = record("typed")
    wide = [replace(o, vit_vector=unit(o.number + 1, 64), clip_vector=None) for o in (frame(image), thing(image, 1))]
    written(elastic, "photos", wide)
    (found,) = elastic.search("photos", [VectorQuery("vit", unit(2, 64), 5)])
    assert found[0].object_id == thing(image, 1).object_id
    assert found[0].similarity == pytest.approx(1, abs=1e-4)
    assert found[1].similarity == pytest.approx(float(unit(1, 64) @ unit(2, 64)), abs=1e-4)


def test_the_mapping_is_strict(elastic: ElasticIndex, elasticsearch_url: str) -> None:
    index = elastic.create("photos", PACK).index
    client = connect(elasticsearch_url, ElasticsearchSettings())
    mapping = client.indices.get_mapping(index=index)[index]["mappings"]
    assert mapping["dynamic"] == "strict"
    assert mapping["properties"]["vit_vector"]["dims"] == VIT
    assert mapping["properties"]["vit_vector"]["index_options"]["ef_construction"] == 100
    elastic.serving("photos", loading=True)
    settings = client.indices.get_settings(index=index)[index]["settings"]["index"]
    assert settings["refresh_interval"] == "-1"
    elastic.serving("photos", loading=False)
    settings = client.indices.get_settings(index=index)[index]["settings"]["index"]
    assert settings["refresh_interval"] == "1s"
    client.close()
