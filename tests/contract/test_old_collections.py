"""Collections that an older program made: they go on, and lack nothing after they are renewed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from tests.contract.objects import PACK, frame, full, record, same, thing, written
from tests.parts import networks

from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSettings
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject, LabelName
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import Part, Query, TextClause
from boxlens.filters.expression import parse_expression
from boxlens.index.derived import ImageCounts
from boxlens.index.elasticsearch.admin.migrations import UNMIGRATED
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.documents import document, now
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.mapping import index_body
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher
from boxlens.settings import ElasticsearchSettings, IndexSettings

NEW = ("aspect", "center_x", "center_y", "position", "objects", "label_counts")


def scenes() -> list[list[IndexedObject]]:
    dogs, empty = record("dogs"), record("empty")
    return [
        [frame(dogs), thing(dogs, 1, "dog", box=Box(0, 0, 300, 100)), thing(dogs, 2, "dog")],
        [frame(empty)],
        full(),
    ]


def made_by_schema_1(client: Elasticsearch, prefix: str, collection: str) -> None:
    """The index and the documents as the program of schema 1 left them."""
    body = index_body(PACK, "int8_hnsw", IndexSettings(shards=3))
    mappings: dict[str, Any] = body["mappings"]
    mappings["_meta"] |= {"schema": 1, "settings": {"min_relevance": 0.25}}
    del mappings["_meta"]["routing"], mappings["_routing"], mappings["_source"]
    for name in NEW:
        del mappings["properties"][name]
    alias, index = f"{prefix}-{collection}", f"{prefix}-{collection}-000000000001"
    client.indices.create(index=index, aliases={alias: {"is_write_index": True}}, **body)
    moment = now()
    for image in scenes():
        for obj in image:
            stored = document(
                obj,
                collection=collection,
                pack=PACK,
                ingested_at=moment,
                changed_at=moment,
                counts=ImageCounts.of(image),
            )
            old_fields = {name: value for name, value in stored.items() if name not in NEW}
            for name in ("vit_vector", "clip_vector"):
                old_fields[name] = np.asarray(old_fields[name]).tolist()
            client.index(index=alias, id=obj.object_id, document=old_fields)
    client.indices.refresh(index=alias)


@pytest.fixture
def old(elastic: ElasticsearchIndex, elasticsearch_url: str, prefix: str) -> ElasticsearchIndex:
    client = connect(elasticsearch_url, ElasticsearchSettings())
    made_by_schema_1(client, prefix, "old")
    client.close()
    return elastic


def hit_count(index: ObjectIndex, text: str) -> int:
    return len(index.matching("old", parse_expression(text), 100))


def test_new_filters_match_no_old_picture_and_old_filters_do(old: ElasticsearchIndex) -> None:
    for text in ("count.dog>=1", "count.dog:0", "objects>=0", "x<=1", "aspect>0", "position:left"):
        assert hit_count(old, text) == 0, text
    assert hit_count(old, "label:dog") == 4
    assert old.facets("old", Filter())["label"] == {"dog": 2}


def test_several_things_in_one_old_picture_are_found(old: ElasticsearchIndex) -> None:
    """Its documents do not tell how many dogs it holds: only the dogs do."""
    dog = LabelName("dog", ("dog",), ("狗",))
    search = Searcher(old, PACK, QueryPipeline(networks()), None, (dog,))
    for least, there in ((2, {record("dogs").image_id, full()[0].image.image_id}), (3, set())):
        answer = search.search("old", Query((), all_of=(Part(TextClause("dog"), least),)))
        assert {hit.image.image_id for hit in answer.hits} == there


def test_a_new_picture_goes_into_an_old_collection(old: ElasticsearchIndex) -> None:
    image = record("new")
    written(old, "old", [frame(image), thing(image, 1, "cat")])
    assert hit_count(old, "count.cat:1") == 2
    assert hit_count(old, "objects>=0 kind:frame") == 1
    assert len(old.matching("old", UNMIGRATED, 10)) == 3
    old.check_pack("old", PACK)
    assert old.info("old").images == 4
    assert old.info("old").settings == CollectionSettings(min_relevance=0.25)


def test_renewed_it_lacks_nothing(old: ElasticsearchIndex) -> None:
    before = [old.image("old", image[0].image.image_id, vectors=True) for image in scenes()]
    old.annotate("old", record("dogs").image_id, tags=["kept"])
    assert old.migrate("old") == 3
    assert old.migrate("old") == 0
    assert old.matching("old", UNMIGRATED, 1) == []
    assert hit_count(old, "count.dog:2 kind:frame") == 2
    assert hit_count(old, "count.dog:0") == hit_count(old, "objects:0") == 1
    assert hit_count(old, "aspect:3 position:left position:top tag:kept") == 1
    after = [old.image("old", image[0].image.image_id, vectors=True) for image in scenes()]
    for stored, was in zip(after[1:], before[1:], strict=True):
        assert all(same(a, b) for a, b in zip(stored, was, strict=True))
    assert all(same(a, b, vectors=True) or a.image.tags == ("kept",) for a, b in zip(after[0], before[0], strict=True))


def test_what_this_program_wrote_needs_no_renewal(index: ObjectIndex, c: str) -> None:
    written(index, c, full())
    assert index.migrate(c) == 0
