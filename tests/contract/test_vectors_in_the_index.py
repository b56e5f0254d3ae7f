"""Vectors lie in the index alone: ``_source`` holds none, and no change of a document loses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from tests.contract.objects import PACK, frame, full, record, same, thing, written

from boxlens.domain.collections import CollectionSettings, IndexType
from boxlens.domain.objects import IndexedObject
from boxlens.domain.queries import VectorQuery
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.settings import ElasticsearchSettings

IMAGE_ID = full()[0].image.image_id


@pytest.fixture
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    client = connect(elasticsearch_url, ElasticsearchSettings())
    yield client
    client.close()


def mapping(client: Elasticsearch, elastic: ElasticsearchIndex) -> dict[str, Any]:
    index = elastic.info("photos").index
    return dict(client.indices.get_mapping(index=index)[index]["mappings"])


def vector_types(client: Elasticsearch, elastic: ElasticsearchIndex) -> set[str]:
    fields = mapping(client, elastic)["properties"]
    return {fields[name]["index_options"]["type"] for name in ("vit_vector", "clip_vector")}


def require_all(elastic: ElasticsearchIndex, expected: list[IndexedObject]) -> None:
    stored = elastic.image("photos", IMAGE_ID, vectors=True)
    assert all(same(a, b, vectors=True) for a, b in zip(stored, expected, strict=True))


def test_no_vector_stands_in_a_document(elastic: ElasticsearchIndex, client: Elasticsearch) -> None:
    elastic.create("photos", PACK)
    written(elastic, "photos", full())
    hits = client.search(index=elastic.info("photos").index)["hits"]["hits"]
    assert len(hits) == len(full())
    assert not any({"vit_vector", "clip_vector"} & hit["_source"].keys() for hit in hits)


@pytest.mark.parametrize("refreshed", [False, True])
def test_vectors_are_read_whether_or_not_a_refresh_came_in_between(
    elastic: ElasticsearchIndex, refreshed: bool
) -> None:
    elastic.create("photos", PACK)
    elastic.serving("photos", loading=True)  # no refresh by itself
    list(elastic.write("photos", full()))
    if refreshed:
        elastic.refresh("photos")
    require_all(elastic, full())
    list(elastic.write("photos", full()))  # the same documents in other states
    require_all(elastic, full())


def test_no_change_loses_a_vector(elastic: ElasticsearchIndex, client: Elasticsearch) -> None:
    elastic.create("photos", PACK)
    written(elastic, "photos", full())
    before = elastic.image("photos", IMAGE_ID, vectors=True)
    elastic.annotate("photos", IMAGE_ID, caption="a caption", tags=["one"])
    elastic.annotate("photos", IMAGE_ID, number=1, tags=["two"])
    elastic.annotate("photos", IMAGE_ID, albums=["best"])
    elastic.configure("photos", CollectionSettings(min_relevance=0.3))
    elastic.migrate("photos")
    index = elastic.info("photos").index
    client.indices.forcemerge(index=index, max_num_segments=1)
    client.indices.close(index=index)
    client.indices.open(index=index, wait_for_active_shards=1)
    assert mapping(client, elastic)["_source"] == {"excludes": ["vit_vector", "clip_vector"]}
    after = elastic.image("photos", IMAGE_ID, vectors=True)
    assert after[0].image.caption == "a caption"
    for obj, was in zip(after, before, strict=True):
        np.testing.assert_array_equal(obj.vit_vector, was.vit_vector)
        np.testing.assert_array_equal(obj.clip_vector, was.clip_vector)
    assert len(elastic.sample("photos", "vit", 10)) == len(full())
    (ranking,) = elastic.search("photos", [VectorQuery("vit", before[1].vit_vector, 1)])  # type: ignore[arg-type]
    assert ranking[0].object_id == before[1].object_id


@pytest.mark.parametrize(("index_type", "flat"), [("hnsw", "flat"), ("int8_hnsw", "int8_flat")])
def test_a_load_builds_graphs_at_its_end(
    elastic: ElasticsearchIndex, client: Elasticsearch, index_type: IndexType, flat: str
) -> None:
    elastic.create("photos", PACK, index_type)
    elastic.serving("photos", loading=True)
    written(elastic, "photos", full())
    assert vector_types(client, elastic) == {flat}
    (ranking,) = elastic.search("photos", [VectorQuery("vit", full()[1].vit_vector, 1)])  # type: ignore[arg-type]
    assert ranking[0].object_id == full()[1].object_id
    elastic.serving("photos", loading=False)
    assert vector_types(client, elastic) == {index_type}
    assert elastic.info("photos").index_type == index_type
    require_all(elastic, full())
    image = record("later")
    written(elastic, "photos", [frame(image), thing(image, 1, "cat")])
    assert elastic.info("photos").images == 2


def test_what_is_written_outside_a_load_has_graphs(elastic: ElasticsearchIndex, client: Elasticsearch) -> None:
    elastic.create("photos", PACK, "int8_hnsw")
    written(elastic, "photos", full())
    assert vector_types(client, elastic) == {"int8_hnsw"}
    options = mapping(client, elastic)["properties"]["vit_vector"]["index_options"]
    assert (options["m"], options["ef_construction"]) == (16, 100)


def test_a_load_of_nothing_leaves_the_next_one_to_build(elastic: ElasticsearchIndex, client: Elasticsearch) -> None:
    elastic.create("photos", PACK, "int8_hnsw")
    elastic.serving("photos", loading=False)
    assert vector_types(client, elastic) == {"int8_flat"}
