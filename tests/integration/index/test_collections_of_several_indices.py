"""What is done with a whole collection that stands in several indices."""

from __future__ import annotations

import logging
from typing import ClassVar

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, Urllib3HttpNode
from elastic_transport._node import NodeApiResponse
from tests.contract.objects import CLIP, PACK, VIT, frame, record, same, thing, unit, where
from tests.integration.index.conftest import BOUND, Processes

from boxlens.domain.collections import CollectionSettings, PackInfo
from boxlens.domain.errors import Conflict, Frozen, NotFound
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.queries import Sort, VectorQuery, WordQuery
from boxlens.index.elasticsearch.admin import collections
from boxlens.index.elasticsearch.index import ElasticsearchIndex

OTHER = PackInfo("other", "1", VIT, CLIP)
pytestmark = pytest.mark.usefixtures("no_grace")


def pictures(count: int) -> list[list[IndexedObject]]:
    images = [record(f"picture {n}", caption=f"number {n} of many", tags=("odd",) * (n % 2)) for n in range(count)]
    return [[frame(image), thing(image, 1), thing(image, 2, "cat", 0.75)] for image in images]


def fill(index: ElasticsearchIndex, collection: str, images: list[list[IndexedObject]]) -> None:
    for image in images:
        assert all(result.ok for result in index.write(collection, image))
    index.refresh(collection)


def test_searches_answer_as_over_one_index(processes: Processes) -> None:
    several, whole = processes.start(), processes.start(bound=10**6)
    images = pictures(20)
    for index, collection in ((several, "photos"), (whole, "whole")):
        index.create(collection, PACK)
        fill(index, collection, images)
        index.delete_image(collection, images[0][0].image.image_id)
    assert several.info("photos").indices > 3
    assert whole.info("whole").indices == 1
    assert several.info("photos").images == whole.info("whole").images == 19
    assert several.info("photos").objects == whole.info("whole").objects == 38
    queries: list[VectorQuery | WordQuery] = [
        VectorQuery("vit", unit(1, VIT), 50),
        VectorQuery("clip", unit(2, CLIP), 10, where("label", "cat")),
        WordQuery((), ("number", "7"), 50),
        WordQuery(("dog",), (), 50),
    ]
    for left, right in zip(several.search("photos", queries), whole.search("whole", queries), strict=True):
        assert [entry.object_id for entry in left] == [entry.object_id for entry in right]
        assert [entry.similarity for entry in left] == pytest.approx([entry.similarity for entry in right])
    for sort in (Sort("relevance"), Sort("taken_at"), Sort("ingested_at", descending=True), Sort("box_area")):
        for filter in (Filter(), where("label", none_of=("dog",))):
            left = several.matching("photos", filter, 7, sort=sort)
            left += several.matching("photos", filter, 100, left[-1].object_id, sort=sort, after_value=left[-1].value)
            right = whole.matching("whole", filter, 100, sort=sort)
            if sort.field != "ingested_at":
                assert [entry.object_id for entry in left] == [entry.object_id for entry in right]
            assert len(left) == len(right)
    assert several.facets("photos", Filter()) == whole.facets("whole", Filter())
    assert several.facets("photos", where("label", "cat")) == whole.facets("whole", where("label", "cat"))
    assert several.spread("photos", Filter()) == whole.spread("whole", Filter())
    assert (several.sample("photos", "vit", 30) == whole.sample("whole", "vit", 30)).all()
    for image in images[1:]:
        stored = several.image("photos", image[0].image.image_id, vectors=True)
        assert all(same(a, b) for a, b in zip(stored, image, strict=True))
        ids = [obj.object_id for obj in image]
        assert len(several.objects("photos", ids, vectors=True)) == 3
    gone = [obj.object_id for obj in images[0]]
    assert several.objects("photos", gone) == several.objects("photos", gone, vectors=True) == []
    assert several.numbers("photos", [images[0][0].image.image_id]) == {}


def test_an_image_goes_away_and_comes_back_where_it_was(processes: Processes) -> None:
    index = processes.start()
    index.create("photos", PACK)
    images = pictures(12)
    fill(index, "photos", images)
    for image in images:
        image_id = image[0].image.image_id
        assert index.delete_image("photos", image_id) == 3
        with pytest.raises(NotFound):
            index.delete_image("photos", image_id)
        with pytest.raises(NotFound):
            index.annotate("photos", image_id, caption="no")
        with pytest.raises(NotFound):
            index.image("photos", image_id)
    index.refresh("photos")
    assert index.matching("photos", Filter(), 100) == []
    assert (index.info("photos").images, index.info("photos").objects) == (0, 0)
    indices = index.info("photos").indices
    fill(index, "photos", images)
    assert index.info("photos").images == 12
    assert index.info("photos").indices <= indices + 1
    assert len(index.matching("photos", Filter(), 100)) == 36


def test_a_freeze_and_a_thaw(processes: Processes) -> None:
    index = processes.start()
    index.create("photos", PACK)
    fill(index, "photos", pictures(8))
    index.freeze("photos")
    assert "open" not in processes.states()
    new = record("new")
    with pytest.raises(Frozen):
        list(index.write("photos", [frame(new)]))
    blocked = processes.clients[0].indices.get_settings(index=f"{processes.prefix}-photos", name="index.blocks.write")
    assert len(blocked) == index.info("photos").indices > 1
    index.thaw("photos")
    fill(index, "photos", pictures(16))
    assert index.info("photos").images == 16


def test_a_swap(processes: Processes) -> None:
    index = processes.start()
    index.create("photos", PACK)
    index.configure("photos", CollectionSettings(min_relevance=0.7))
    images = pictures(8)
    fill(index, "photos", images)
    index.configure("photos", CollectionSettings(min_relevance=0.6))
    successor = index.create_successor("photos", OTHER)
    fill(index, successor, images)
    index.block_writes("photos", blocked=True)
    with pytest.raises(Conflict, match="moves to another pack"):
        list(index.write("photos", [frame(record("late"))]))
    index.block_writes("photos", blocked=False)
    fill(index, "photos", images[:1])
    index.block_writes("photos", blocked=True)
    assert [info.name for info in index.collections()] == ["photos"]
    index.switch_alias("photos")
    info = index.info("photos")
    assert (info.pack, info.images, info.settings) == ("other", 8, CollectionSettings(min_relevance=0.6))
    assert info.indices > 1
    states = processes.states()
    assert (states.count("open"), states.count("full")) == (1, info.indices - 1)
    fill(index, "photos", pictures(16))
    assert index.info("photos").images == 16
    index.drop("photos")
    assert not processes.clients[0].indices.get(index=f"{processes.prefix}-photos-*").body


def test_a_load_leaves_graphs_and_few_segments_in_every_index(processes: Processes) -> None:
    index = processes.start()
    index.create("photos", PACK, "int8_hnsw")
    index.serving("photos", loading=True)
    fill(index, "photos", pictures(12))
    index.serving("photos", loading=False)
    count = index.info("photos").indices
    assert count > 1
    assert index.merge("photos") == count
    mappings = processes.clients[0].indices.get_mapping(index=f"{processes.prefix}-photos").body.values()
    kinds = [mapping["mappings"]["properties"]["vit_vector"]["index_options"]["type"] for mapping in mappings]
    assert kinds == ["int8_hnsw"] * count
    settings = processes.clients[0].indices.get_settings(index=f"{processes.prefix}-photos").body.values()
    assert {part["settings"]["index"]["refresh_interval"] for part in settings} == {"1s"}


class Unprivileged(Urllib3HttpNode):
    """The real transport of a key without the privilege to see what the server works on."""

    asked: ClassVar[int] = 0

    def perform_request(self, method: str, target: str, *rest: object, **more: object) -> NodeApiResponse:
        if "/_tasks" in target:
            type(self).asked += 1
            typed = HttpHeaders({"content-type": "application/json", "x-elastic-product": "Elasticsearch"})
            return NodeApiResponse(ApiResponseMeta(403, "1.1", typed, 0.0, self.config), b'{"error": "denied"}')
        return super().perform_request(method, target, *rest, **more)  # type: ignore[arg-type]


def test_a_key_that_may_not_see_what_is_under_way_stays_in_one_index(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    index = processes.start(Unprivileged)
    index.create("photos", PACK)
    with caplog.at_level(logging.WARNING):
        fill(index, "photos", pictures(12))
    assert index.info("photos").indices == 1
    assert index.info("photos").images == 12
    assert [line.getMessage() for line in caplog.records if "outgrown" in line.getMessage()]
    assert Unprivileged.asked == 1


class Counting(Urllib3HttpNode):
    """The real transport, which keeps what was asked for."""

    asked: ClassVar[list[str]] = []

    def perform_request(self, method: str, target: str, *rest: object, **more: object) -> NodeApiResponse:
        type(self).asked.append(f"{method} {target.partition('?')[0].rpartition('/')[2]}")
        return super().perform_request(method, target, *rest, **more)  # type: ignore[arg-type]


def test_one_index_costs_no_request_more(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "SHARDS_S", 0.0)  # as of one that was not made just now
    index = processes.start(Counting, bound=10**6)
    index.create("photos", PACK)
    images = pictures(3)
    fill(index, "photos", images[:2])
    Counting.asked = []
    assert all(result.ok for result in index.write("photos", images[2]))
    handled = f"GET {processes.prefix}-photos"
    assert Counting.asked == [handled, "POST _mget", "POST _search", "POST _bulk", "POST _bulk"]
    Counting.asked = []
    index.search("photos", [VectorQuery("vit", unit(1, VIT), 5), WordQuery(("dog",), (), 5)])
    assert Counting.asked == ["POST _msearch"]


def test_what_a_stopped_rollover_left_goes_with_its_collection(processes: Processes) -> None:
    index = processes.start()
    index.create("photos", PACK)
    fill(index, "photos", pictures(BOUND // 3))
    handle = index._collections.handle("photos")
    index._rollover._make_further(handle, handle.index)
    assert processes.states() == ["new", "open"]
    index.create_successor("photos", OTHER)
    assert processes.states() == ["new", "open", "open"]
    index.drop_successor("photos")
    index.drop("photos")
    assert not processes.clients[0].indices.get(index=f"{processes.prefix}-photos-*").body
    index._rollover._make_further(handle, handle.index)  # by a process that did not see that it was dropped
    index._rollover._join(handle, handle.index)
    assert not processes.clients[0].indices.get(index=f"{processes.prefix}-photos-*").body


def test_an_index_of_schema_9_gets_its_aliases_at_the_next_write(processes: Processes) -> None:
    index, client = processes.start(), processes.clients[0]
    index.create("photos", PACK)
    fill(index, "photos", pictures(BOUND // 3))
    name = index.info("photos").index
    aliases = client.indices.get_alias(index=name)[name]["aliases"]
    for alias in aliases:
        if alias.endswith((".own", ".open")):
            client.indices.delete_alias(index=name, name=alias)
    meta = client.indices.get_mapping(index=name)[name]["mappings"]["_meta"]
    client.indices.put_mapping(index=name, meta=meta | {"schema": 9})
    later = processes.start()
    assert later.info("photos").images == BOUND // 3
    assert processes.states() == []
    fill(later, "photos", pictures(BOUND // 3 + 2))
    assert processes.states() == ["full", "open"]
    assert later.info("photos").images == BOUND // 3 + 2
