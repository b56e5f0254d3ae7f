"""What only the real server shows: away, full, of another version, made by others at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from elastic_transport import Urllib3HttpNode
from tests.contract.objects import PACK, VIT, frame, record, thing, unit, written
from tests.parts import MemoryStore, Shelf

from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import Conflict, DiskFull, ElasticsearchAway, NotFound
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import VectorQuery, WordQuery
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.elasticsearch.writing.bulk import RetryPolicy
from boxlens.index.mapping import index_body, schema_version
from boxlens.library.selection import delete_images, describe_images, restore_images
from boxlens.settings import ElasticsearchSettings, IndexSettings


def test_many_requests_under_way_store_every_image_once_and_whole(
    elasticsearch_url: str, elastic: ElasticsearchIndex, prefix: str
) -> None:
    """Images come again while their first version is still under way: the last one stands, and nothing beside it."""
    client = connect(elasticsearch_url, ElasticsearchSettings())
    index = ElasticsearchIndex(client, prefix=prefix, retry=RetryPolicy(most_bytes=20_000, requests=4))
    index.create("photos", PACK)
    images = [record(f"image {n % 30}") for n in range(90)]
    laps = [[frame(image), *(thing(image, k + 1) for k in range(3 - n // 30))] for n, image in enumerate(images)]
    results = list(index.write("photos", [obj for image in laps for obj in image]))
    assert all(result.ok for result in results)
    assert len(results) == sum(map(len, laps))
    index.refresh("photos")
    entries = index.matching("photos", Filter(), 1000)
    assert sorted(r.object_id for r in entries) == sorted(obj.object_id for image in laps[60:] for obj in image)
    client.close()


def test_a_merge_leaves_one_segment_and_every_answer(elastic: ElasticsearchIndex, elasticsearch_url: str) -> None:
    elastic.create("photos", PACK)
    for n in range(6):
        image = record(f"image {n}")
        written(elastic, "photos", [frame(image), *(thing(image, number) for number in range(1, 5))])
    queries: list[VectorQuery | WordQuery] = [VectorQuery("vit", unit(5, VIT), 12), WordQuery(("dog",), (), 9)]
    before = elastic.search("photos", queries)
    assert elastic.merge("photos") == 1
    assert elastic.search("photos", queries) == before
    assert len(elastic.matching("photos", Filter(), 100)) == 30


def test_images_changed_together_are_refreshed_together(elastic: ElasticsearchIndex, elasticsearch_url: str) -> None:
    """A refresh writes a segment with graphs of its own: one for each image made 200 of them take a minute."""
    index = elastic.create("photos", PACK).index
    shelf = Shelf(elastic, MemoryStore())
    images = [record(f"image {n}") for n in range(20)]
    written(elastic, "photos", [obj for image in images for obj in (frame(image), thing(image, 1))])
    ids = [image.image_id for image in images]
    client = connect(elasticsearch_url, ElasticsearchSettings())
    client.indices.put_settings(index=index, settings={"index.refresh_interval": "-1"})

    def refreshes() -> int:
        return int(
            client.indices.stats(index=index, metric="refresh")["_all"]["primaries"]["refresh"]["external_total"]
        )

    before = refreshes()
    assert describe_images(shelf, "photos", ids, add_tags=["sea"]).done == tuple(ids)
    assert delete_images(shelf, "photos", ids).done == tuple(ids)
    assert restore_images(shelf, "photos", ids).done == tuple(ids)
    assert refreshes() - before < len(ids)
    assert len(elastic.matching("photos", Filter((Condition("tags", any_of=("sea",)),)), 100)) == 40
    client.close()


def test_images_are_brought_back_by_few_requests_and_what_cannot_come_back_is_named(
    elastic: ElasticsearchIndex, elasticsearch_url: str, prefix: str
) -> None:
    """Each by itself made 200 of them take 40 s, four times what deleting them took."""
    requests = []

    class Counted(Urllib3HttpNode):
        def perform_request(self, method: str, target: str, *args: Any, **more: Any) -> Any:
            requests.append(target)
            return super().perform_request(method, target, *args, **more)

    elastic.create("photos", PACK)
    images = [record(f"image {n}") for n in range(20)]
    written(elastic, "photos", [obj for image in images for obj in (frame(image), thing(image, 1))])
    ids = [image.image_id for image in images]
    client = connect(elasticsearch_url, ElasticsearchSettings(), node_class=Counted)
    shelf = Shelf(ElasticsearchIndex(client, prefix=prefix), MemoryStore())
    assert delete_images(shelf, "photos", ids[1:]).done == tuple(ids[1:])
    nobody = record("never seen").image_id
    requests.clear()
    outcome = restore_images(shelf, "photos", [*ids, nobody, ids[5]])
    assert outcome.done == tuple(ids[1:])
    assert [(r.image_id, type(r.error)) for r in outcome.refused] == [(ids[0], Conflict), (nobody, NotFound)]
    assert len(requests) < len(ids)
    assert len(elastic.matching("photos", Filter(), 100)) == 40
    assert list(shelf.store.keys("trash")) == list(shelf.store.keys("deleted")) == []
    client.close()


def test_a_full_disk_is_named_with_its_repair(elastic: ElasticsearchIndex, elasticsearch_url: str) -> None:
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


def test_an_index_that_can_be_written_is_ready(index: ObjectIndex, c: str) -> None:
    """Here, since a shared server is red for all while a test below keeps an index from being made."""
    assert index.ready() == ""


def test_a_server_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, by the error: no log fills with a trace for every try."""
    client = connect("http://127.0.0.1:9", ElasticsearchSettings(timeout_s=2))
    index = ElasticsearchIndex(client)
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
    assert caplog.records == []
    client.close()


def test_an_index_of_a_newer_program_is_refused(elastic: ElasticsearchIndex, elasticsearch_url: str) -> None:
    index = elastic.create("photos", PACK).index
    client = connect(elasticsearch_url, ElasticsearchSettings())
    meta = client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
    client.indices.put_mapping(index=index, meta={**meta, "schema": 99})
    with pytest.raises(Conflict, match="newer Boxlens"):
        list(elastic.write("photos", []))
    client.indices.put_mapping(index=index, meta=meta)
    client.close()


def test_an_index_of_an_earlier_program_takes_the_new_fields(
    elastic: ElasticsearchIndex, elasticsearch_url: str
) -> None:
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
    (ranking,) = elastic.search("photos", [VectorQuery("vit", unit(1, VIT), 3)])
    assert {f.image_id: f.picture_bits for f in ranking} == {new.image_id: 0, record("without").image_id: None}
    assert elastic.image("photos", new.image_id)[0].image == new
    client.close()


def test_many_create_at_once_and_one_index_comes_of_it(
    elasticsearch_url: str, elastic: ElasticsearchIndex, prefix: str
) -> None:
    clients = [connect(elasticsearch_url, ElasticsearchSettings()) for _ in range(4)]
    makers = [ElasticsearchIndex(client, prefix=prefix) for client in clients]
    with ThreadPoolExecutor(4) as pool:
        infos = list(pool.map(lambda maker: maker.create("photos", PACK), makers))
    assert len({info.index for info in infos}) == 1
    assert [info.name for info in elastic.collections()] == ["photos"]
    for client in clients:
        client.close()


def test_a_collection_that_another_is_just_making_is_waited_for(
    elasticsearch_url: str, elastic: ElasticsearchIndex, prefix: str
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
def test_every_index_type_is_made_and_searched(elastic: ElasticsearchIndex, index_type: Any) -> None:
    pack = PackInfo("wide", "1", 64, None)  # bbq takes no fewer
    assert elastic.create("photos", pack, index_type).index_type == index_type
    image = record("typed")
    wide = [replace(o, vit_vector=unit(o.number + 1, 64), clip_vector=None) for o in (frame(image), thing(image, 1))]
    written(elastic, "photos", wide)
    (ranking,) = elastic.search("photos", [VectorQuery("vit", unit(2, 64), 5)])
    assert ranking[0].object_id == thing(image, 1).object_id
    assert ranking[0].similarity == pytest.approx(1, abs=1e-4)
    assert ranking[1].similarity == pytest.approx(float(unit(1, 64) @ unit(2, 64)), abs=1e-4)


def test_the_mapping_is_strict(elastic: ElasticsearchIndex, elasticsearch_url: str) -> None:
    index = elastic.create("photos", PACK).index
    client = connect(elasticsearch_url, ElasticsearchSettings())
    mapping = client.indices.get_mapping(index=index)[index]["mappings"]
    assert mapping["dynamic"] == "strict"
    assert mapping["properties"]["vit_vector"]["dims"] == VIT
    elastic.serving("photos", loading=True)
    settings = client.indices.get_settings(index=index)[index]["settings"]["index"]
    assert settings["refresh_interval"] == "-1"
    elastic.serving("photos", loading=False)
    settings = client.indices.get_settings(index=index)[index]["settings"]["index"]
    assert settings["refresh_interval"] == "1s"
    client.close()
