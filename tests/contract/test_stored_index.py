"""An index as a program of schema 3 wrote it answers the same queries with the same hits.

``stored_schema_3`` holds what the program at commit 294a16a left in Elasticsearch 8.19 (mapping, settings and all
documents of 40 made-up pictures) and what it answered. It is loaded by the plain client, past the code under test.
Lists, filters and facets are held to those answers. The order of whole searches follows today's ranking, which moves
on: they are held to what the exact twin answers over the same objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk
from tests.contract.objects import written
from tests.parts import networks

from boxlens.domain.collections import PackInfo
from boxlens.domain.objects import LabelName
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import ObjectClause, Part, Query, RankedObject, Sort, TextClause, VectorQuery, WordQuery
from boxlens.filters.expression import parse_expression
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.memory.index import InMemoryIndex
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher
from boxlens.settings import ElasticsearchSettings, IndexSettings

STORED = Path(__file__).parent / "stored_schema_3"
PACK = PackInfo("test", "r1", 6, 4)
CHINESE = {"dog": "狗", "cat": "猫", "car": "汽车", "traffic light": "红绿灯", "person": "人"}
LABELS = tuple(LabelName(name, (name,), (chinese,)) for name, chinese in CHINESE.items())
DIGITS = 8  # of an image id, as the stored answers tell it


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (STORED / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def stored(elasticsearch_url: str) -> Iterator[ElasticsearchIndex]:
    client = Elasticsearch(elasticsearch_url)
    made = json.loads((STORED / "index.json").read_text(encoding="utf-8"))
    name, alias = "stored-photos-0123456789ab", "stored-photos"
    aliases = {alias: {"is_write_index": True}, "stored-photos.0123456789ab": {}}
    client.indices.create(index=name, aliases=aliases, settings={"index": made["settings"]}, mappings=made["mappings"])
    documents = (
        {"_index": name, "_id": document["object_id"], "_source": document} for document in lines("documents.jsonl")
    )
    bulk(client, documents, refresh=True)
    yield ElasticsearchIndex(connect(elasticsearch_url, ElasticsearchSettings()), IndexSettings(), prefix="stored")
    client.indices.delete(index=name)
    client.close()


def short(object_id: str) -> str:
    image_id, _, number = object_id.rpartition("-")
    return f"{image_id[:DIGITS]}-{number}"


def scored(ranking: list[RankedObject]) -> list[list[Any]]:
    return [[short(entry.object_id), pytest.approx(entry.similarity, abs=1e-4)] for entry in ranking]


def answered(index: ElasticsearchIndex, case: dict[str, Any]) -> Any:
    """What this program answers to a stored case, in the form of the stored answers."""
    filter = parse_expression(case.get("filter", ""))
    match case["kind"]:
        case "matching":
            size, sort = case.get("size", 500), Sort.named(case["sort"])
            return [short(entry.object_id) for entry in index.matching("photos", filter, size, sort=sort)]
        case "facets":
            return index.facets("photos", filter)
        case "vector":
            vector = np.asarray(case["vector"], np.float32)
            return scored(index.search("photos", [VectorQuery(case["signal"], vector, case["size"], filter)])[0])
        case "words":
            labels, tokens, colours = (tuple(case[name]) for name in ("labels", "tokens", "colours"))
            return scored(index.search("photos", [WordQuery(labels, tokens, case["size"], filter, colours=colours)])[0])
    return searched(index, case)


@pytest.fixture(scope="module")
def twin(stored: ElasticsearchIndex) -> InMemoryIndex:
    """The objects of the stored index, read by this program and written anew."""
    twin = InMemoryIndex()
    twin.create("photos", PACK)
    twin.configure("photos", stored.setup("photos").settings)
    ids = [document["object_id"] for document in lines("documents.jsonl")]
    written(twin, "photos", sorted(stored.objects("photos", ids, vectors=True), key=lambda entry: entry.object_id))
    return twin


def searched(index: ObjectIndex, case: dict[str, Any]) -> list[list[Any]]:
    clauses = [TextClause(case["text"])] if "text" in case else []
    examples = [ObjectClause(case["object_id"])] if "object_id" in case else []
    query = Query(
        (*clauses, *examples),
        filter=parse_expression(case.get("filter", "")),
        all_of=tuple(
            Part(TextClause(part["text"]), 0 if part.get("max") == 0 else part.get("min", 1), part.get("max"))
            for part in case.get("all_of", ())
        ),
        size=case.get("size", 20),
        sort=Sort.named(case.get("sort", "relevance")),
    )
    answer = Searcher(index, PACK, QueryPipeline(networks()), None, LABELS).search("photos", query)
    return [[hit.image.image_id[:DIGITS], [short(obj.object.object_id) for obj in hit.objects]] for hit in answer.hits]


def titled(case: dict[str, Any]) -> str:
    return " ".join(str(value)[:40] for name, value in case.items() if name not in ("answer", "vector", "size"))


CASES = lines("answers.jsonl")


@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] != "query"], ids=titled)
def test_a_stored_list_is_as_it_was(stored: ElasticsearchIndex, case: dict[str, Any]) -> None:
    answer = answered(stored, case)
    if case["kind"] == "facets":  # those that came since have nothing to count in it
        answer = {name: counts for name, counts in answer.items() if counts or name in case["answer"]}
    assert answer == case["answer"]


@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] == "query"], ids=titled)
def test_a_stored_collection_is_searched_as_a_new_one(
    stored: ElasticsearchIndex, twin: InMemoryIndex, case: dict[str, Any]
) -> None:
    answer = searched(stored, case)
    assert answer == searched(twin, case)
    assert bool(answer) == bool(case["answer"])


def test_every_object_is_read_back_and_written_again_as_it_was(stored: ElasticsearchIndex) -> None:
    documents = {stored_object["object_id"]: stored_object for stored_object in lines("documents.jsonl")}
    objects = stored.objects("photos", list(documents), vectors=True)
    assert len(objects) == len(documents) == 120
    for stored_object in objects:
        document = documents[stored_object.object_id]
        assert (stored_object.label, stored_object.image.camera) == (document.get("label", ""), document.get("camera"))
        assert stored_object.image.attributes == document.get("attributes", {})
        assert stored_object.vit_vector is not None
        assert stored_object.vit_vector.tolist() == pytest.approx(document["vit_vector"])
    assert stored.info("photos").images == 40
    assert stored.setup("photos").settings.min_relevance == 0.2
