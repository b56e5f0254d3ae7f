"""Collections of several shards: an image lies on one of them, and a shard that is lost is never passed over unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from tests.contract.objects import PACK, VIT, frame, record, same, thing, unit, written
from tests.parts import networks

from boxlens.domain.answers.partial import partial_answers
from boxlens.domain.collections import CollectionSet, PackInfo
from boxlens.domain.errors import Conflict, ElasticsearchAway, NotFound
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject, LabelName
from boxlens.domain.queries import Query, Sort, TextClause, VectorQuery, WordQuery
from boxlens.domain.share_out import Layout
from boxlens.index.elasticsearch.admin import collections, reindex
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.elasticsearch.routing import Target
from boxlens.index.mapping import index_body
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher
from boxlens.settings import ElasticsearchSettings, IndexSettings

SHARDS = 3


def pictures() -> list[list[IndexedObject]]:
    names = [record(f"picture {number}") for number in range(12)]
    return [[frame(image), thing(image, 1), thing(image, 2, "cat")] for image in names]


@pytest.fixture
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    client = connect(elasticsearch_url, ElasticsearchSettings())
    yield client
    client.close()


@pytest.fixture
def elastic(client: Elasticsearch, prefix: str) -> Iterator[ElasticsearchIndex]:
    """The adapter, with several shards a collection; its collections are dropped afterwards."""
    index = ElasticsearchIndex(client, IndexSettings(shards=SHARDS), prefix=prefix)
    yield index
    for collection in index.collections():
        index.drop(collection.name)


def shard_of(client: Elasticsearch, index: str, image_id: str) -> int:
    number: int = client.search_shards(index=index, routing=image_id)["shards"][0][0]["shard"]
    return number


def documents_by_shard(client: Elasticsearch, index: str) -> list[int]:
    stats = client.indices.stats(index=index, metric="docs", level="shards")
    shards = stats["indices"][index]["shards"]
    return [shards[str(number)][0]["docs"]["count"] for number in range(SHARDS)]


def test_an_image_and_its_objects_share_a_shard(elastic: ElasticsearchIndex, client: Elasticsearch) -> None:
    index = elastic.create("photos", PACK).index
    written(elastic, "photos", [obj for image in pictures() for obj in image])
    expected = [0] * SHARDS
    for image in pictures():
        expected[shard_of(client, index, image[0].image.image_id)] += len(image)
    assert documents_by_shard(client, index) == expected
    assert sum(count > 0 for count in expected) > 1


def old_collection(client: Elasticsearch, prefix: str) -> None:
    """An index as programs made it that did not route."""
    body = index_body(PACK, "flat", IndexSettings(shards=SHARDS))
    del body["mappings"]["_meta"]["routing"], body["mappings"]["_routing"]
    name = f"{prefix}-photos"
    aliases = {name: {"is_write_index": True}, f"{name}.0123456789ab": {}}
    client.indices.create(index=f"{name}-0123456789ab", aliases=aliases, **body)


@pytest.mark.parametrize("routed", [True, False])
def test_every_change_finds_the_documents_of_both_kinds(
    elastic: ElasticsearchIndex, client: Elasticsearch, prefix: str, routed: bool
) -> None:
    if not routed:
        old_collection(client, prefix)
    elastic.create("photos", PACK)
    first, second, *_ = images = pictures()
    written(elastic, "photos", [obj for image in images for obj in image])
    first_id, second_id = first[0].image.image_id, second[0].image.image_id
    elastic.annotate("photos", first_id, caption="edited")
    elastic.annotate("photos", first_id, number=1, tags=["mine"])
    assert [obj.image.caption for obj in elastic.image("photos", first_id)] == ["edited"] * 3
    written(elastic, "photos", [second[0], second[1]])  # once more, with an object less
    assert elastic.numbers("photos", [second_id]) == {second_id: (0, 1)}
    assert elastic.delete_image("photos", first_id) == 3
    with pytest.raises(NotFound):
        elastic.image("photos", first_id)
    written(elastic, "photos", first)
    stored = elastic.image("photos", first_id, vectors=True)
    assert all(same(left, right) for left, right in zip(stored, first, strict=True))
    assert elastic.migrate("photos") == 0
    assert len(elastic.matching("photos", Filter(), 100)) == 3 * len(images) - 1


def test_both_kinds_are_read_together(elastic: ElasticsearchIndex, client: Elasticsearch, prefix: str) -> None:
    old_collection(client, prefix)
    elastic.create("photos", PACK)
    elastic.create("shop", PACK)
    first, second, *_ = pictures()
    written(elastic, "photos", first)
    written(elastic, "shop", second)
    together = elastic.objects(CollectionSet.of(["photos", "shop"]), [obj.object_id for obj in (*first, *second)])
    assert [obj.collection for obj in together] == ["photos"] * 3 + ["shop"] * 3


def test_a_successor_routes_though_its_collection_does_not(
    elastic: ElasticsearchIndex, client: Elasticsearch, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "GRACE_S", 0.0)  # nobody else remembers where the collection lay
    old_collection(client, prefix)
    images = pictures()
    written(elastic, "photos", [obj for image in images for obj in image])
    successor = elastic.create_successor("photos", PACK)
    written(elastic, successor, [obj for image in images for obj in image])
    elastic.switch_alias("photos")
    for image in images:
        assert len(elastic.image("photos", image[0].image.image_id)) == 3
    assert elastic.delete_image("photos", images[0][0].image.image_id) == 3


def test_words_are_as_rare_as_in_the_whole_collection(elastic: ElasticsearchIndex) -> None:
    elastic.create("photos", PACK)
    captioned = [record(f"picture {n}", caption="harbour" if n % 4 else "harbour lighthouse") for n in range(12)]
    written(elastic, "photos", [frame(image) for image in captioned])
    (ranking,) = elastic.search("photos", [WordQuery((), ("lighthouse",), 12)])
    assert len({entry.similarity for entry in ranking}) == 1
    assert len(ranking) == 3


@pytest.fixture
def torn(
    elastic: ElasticsearchIndex, client: Elasticsearch, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[list[IndexedObject]]]:
    """A collection one shard of which has no place on any node, with the pictures that lie on the others."""
    whole = elastic.create("photos", PACK).index
    written(elastic, "photos", [obj for image in pictures() for obj in image])
    name = f"{prefix}-photos"
    client.indices.add_block(index=whole, block="write")
    narrow = {"index.routing.allocation.total_shards_per_node": SHARDS - 1, "index.blocks.write": None}
    aliases: dict[str, dict[str, Any]] = {f"{name}.0123456789ab": {}}
    client.indices.clone(
        index=whole, target=f"{name}-0123456789ab", settings=narrow, aliases=aliases, wait_for_active_shards=0
    )
    client.cluster.health(index=f"{name}-0123456789ab", wait_for_active_shards=SHARDS - 1, timeout="240s")
    moves: list[dict[str, Any]] = [
        {"remove": {"index": whole, "alias": name}},
        {"add": {"index": f"{name}-0123456789ab", "alias": name, "is_write_index": True}},
    ]
    client.indices.update_aliases(actions=moves)
    client.indices.delete(index=whole)
    monkeypatch.setattr(collections, "SHARDS_S", 0.0)  # as if it were not just being made
    elastic.check_pack("photos", PACK)  # reads anew where the collection lies
    yield [image for image in pictures() if has_place(client, name, image[0].image.image_id)]
    elastic.drop("photos")


def has_place(client: Elasticsearch, index: str, image_id: str) -> bool:
    return bool(client.search_shards(index=index, routing=image_id)["shards"][0])


def test_a_lost_shard_is_told_or_refused(elastic: ElasticsearchIndex, torn: list[list[IndexedObject]]) -> None:
    standing = {image[0].image.image_id for image in torn}
    lost = next(image[0].image.image_id for image in pictures() if image[0].image.image_id not in standing)
    queries: list[VectorQuery | WordQuery] = [VectorQuery("vit", unit(1, VIT), 50), WordQuery(("dog",), (), 50)]
    for ask in (
        lambda: elastic.search("photos", queries),
        lambda: elastic.matching("photos", Filter(), 100),
        lambda: elastic.facets("photos", Filter()),
        lambda: elastic.sample("photos", "vit", 10),
        lambda: elastic.image("photos", lost),
        lambda: elastic.delete_image("photos", lost),
    ):
        with pytest.raises(ElasticsearchAway) as caught:
            ask()
        assert caught.value.retry_after_s
    with partial_answers() as losses:
        vectors, words = elastic.search("photos", queries)
    assert losses.shards == 1
    assert {entry.image_id for entry in vectors} == {entry.image_id for entry in words} == standing
    assert len(vectors) == 3 * len(standing)
    with partial_answers() as losses:
        assert elastic.facets("photos", Filter())["label"] == {"cat": len(standing), "dog": len(standing)}
    assert losses.shards == 1
    assert elastic.info("photos").images == len(standing)
    elastic.create("whole", PACK)
    with partial_answers() as losses:
        elastic.search("whole", queries)
    assert losses.shards == 0


def test_a_search_that_lost_a_shard_says_so(elastic: ElasticsearchIndex, torn: list[list[IndexedObject]]) -> None:
    searcher = Searcher(elastic, PACK, QueryPipeline(networks()), None, (LabelName("dog", ("dog",), ("狗",)),))
    answer = searcher.search("photos", Query((TextClause("dog"),)))
    assert {hit.image.image_id for hit in answer.hits} == {image[0].image.image_id for image in torn}
    assert (answer.lost_shards, "shards_lost" in answer.notes, answer.total_exact) == (1, True, False)


@pytest.mark.parametrize("descending", [True, False])
def test_images_without_a_date_come_from_every_shard(elastic: ElasticsearchIndex, descending: bool) -> None:
    elastic.create("photos", PACK, layout=Layout(shards=SHARDS))
    written(elastic, "photos", [obj for image in pictures() for obj in image])
    order = Sort("taken_at", descending=descending)
    for size in (1, 3, 5, 36):
        came = elastic.matching("photos", Filter(), size, sort=order)
        came += elastic.matching("photos", Filter(), 100, came[-1].object_id, sort=order)
        assert [entry.object_id for entry in came] == sorted(obj.object_id for image in pictures() for obj in image)


def test_a_document_is_named_with_its_image_where_that_decides_its_place() -> None:
    assert Target("photos", routed=True).place("abc-12") == {"_id": "abc-12", "routing": "abc"}
    assert Target("photos", routed=False).place("abc-12") == {"_id": "abc-12"}


def test_shards_and_copies_are_given_set_or_follow_from_what_is_expected(client: Elasticsearch, prefix: str) -> None:
    index = ElasticsearchIndex(client, IndexSettings(), prefix=prefix)
    rule = index.create("ruled", PACK, layout=Layout(expected=12_000_000))
    assert (rule.shards, rule.replicas) == (3, 0)  # of five million objects; the only machine holds no copy of its own
    assert index.create("small", PACK).shards == 1
    given = index.create("given", PACK, layout=Layout(shards=2, replicas=0))
    assert (given.shards, given.replicas) == (2, 0)
    assert index.create("given", PACK, layout=Layout(replicas=1)).replicas == 1
    with pytest.raises(Conflict, match="2 shards"):
        index.create("given", PACK, layout=Layout(shards=3))
    successor = index.create_successor("given", PackInfo("other", "1", VIT, None))
    assert (index.info(successor).shards, index.info(successor).replicas) == (2, 1)
    index.drop_successor("given")
    for name in ("ruled", "small", "given"):
        index.drop(name)
