"""Request bodies and the mapping as pure functions."""

from __future__ import annotations

import json

import numpy as np
import pytest
from elasticsearch.serializer import OrjsonSerializer
from hypothesis import given
from hypothesis import strategies as st

from boxlens.domain.collections import PackInfo
from boxlens.domain.filters import Condition, Filter, Period, parse_period
from boxlens.domain.queries import VectorQuery, WordQuery
from boxlens.filters.expression import parse_expression
from boxlens.index.elasticsearch import queries as bodies
from boxlens.index.mapping import index_body, mode_settings, schema_version
from boxlens.settings import IndexSettings

VECTOR = np.array([1, 0], dtype=np.float32)
DOG = Filter((Condition("label", ("dog",)),))


@pytest.mark.parametrize(
    ("k", "size", "gathered", "candidates"),
    [
        (1, 1, 17, 100),
        (10, 10, 26, 100),
        (100, 100, 116, 232),
        (9_990, 9_990, 10_000, 10_000),
        (10**6, 10**4, 10**4, 10**4),
    ],
)
def test_candidates(k: int, size: int, gathered: int, candidates: int) -> None:
    body = bodies.vector_body(VectorQuery("vit", VECTOR, k), "int8_hnsw")
    assert (body["size"], body["knn"]["k"], body["knn"]["num_candidates"]) == (size, gathered, candidates)


def test_vectors_are_searched_with_the_filter_inside() -> None:
    body = bodies.vector_body(VectorQuery("clip", VECTOR, 10, DOG), "int8_hnsw")
    assert body["knn"]["field"] == "clip_vector"
    assert body["knn"]["query_vector"].tolist() == [1.0, 0.0]
    assert body["knn"]["filter"] == [{"bool": {"filter": [{"terms": {"label": ["dog"]}}], "must_not": []}}]
    assert "query" not in body
    OrjsonSerializer().dumps(body)


def test_a_thorough_list_leaves_no_graph_to_walk() -> None:
    knn = bodies.vector_body(VectorQuery("clip", VECTOR, 60, thorough=True), "int8_hnsw")["knn"]
    assert (knn["num_candidates"], knn["filter"]) == (10_000, [{"exists": {"field": "clip_vector"}}])


@pytest.mark.parametrize(("index_type", "rescored"), [("int8_hnsw", True), ("bbq_hnsw", True), ("hnsw", False)])
def test_only_quantised_vectors_are_compared_again(index_type: str, rescored: bool) -> None:
    assert ("rescore_vector" in bodies.vector_body(VectorQuery("vit", VECTOR, 10), index_type)["knn"]) is rescored


def test_words_without_anything_find_nothing() -> None:
    assert bodies.word_body(WordQuery((), (), 10))["query"] == {"match_none": {}}


@given(st.integers(1, 200))
def test_half_of_the_tokens_are_needed_and_no_more_than_64_are_asked_for(count: int) -> None:
    body = bodies.word_body(WordQuery((), tuple(f"t{n}" for n in range(count)), 10))
    tokens = body["query"]["bool"]["should"][0]["bool"]
    assert sum("dis_max" in part for part in tokens["should"]) == min(count, 64)
    assert len(tokens["should"]) == min(count, 64) + (count > 1)  # and all of them in one field
    assert tokens["minimum_should_match"] == (min(count, 64) + 1) // 2


def test_bounds_of_dates_are_sent_in_milliseconds() -> None:
    filter = Filter((Condition("taken_at", range=Period(*parse_period("1970-01-01", ""))),))
    assert bodies.filter_query(filter)["bool"]["filter"] == [{"range": {"taken_at": {"gte": 0, "lte": 86_399_999}}}]


def test_counts_are_asked_for_as_whole_terms() -> None:
    body = bodies.filter_query(parse_expression("count.dog:2..3"))["bool"]
    assert body == {
        "filter": [{"terms": {"label_counts": ["dog:2"]}}, {"range": {"objects": {"gte": 0.0}}}],
        "must_not": [{"terms": {"label_counts": ["dog:4"]}}],
    }


def test_the_mapping_is_filled_from_pack_and_settings() -> None:
    body = index_body(PackInfo("photo", "abc", 768, 512), "int8_hnsw", IndexSettings(shards=2))
    fields = body["mappings"]["properties"]
    assert (fields["vit_vector"]["dims"], fields["clip_vector"]["dims"]) == (768, 512)
    assert fields["vit_vector"]["index_options"] == {"type": "int8_hnsw", "m": 16, "ef_construction": 100}
    assert body["settings"]["index"]["number_of_shards"] == 2
    assert body["settings"]["index"]["refresh_interval"] == "1s"
    assert body["mappings"]["_meta"] == {
        "schema": schema_version(),
        "pack": "photo",
        "pack_revision": "abc",
        "vit_dims": 768,
        "clip_dims": 512,
        "index_type": "int8_hnsw",
        "routing": "image",
        "settings": {},
    }
    assert "{" not in json.dumps(list(body["settings"]["index"].values())).replace('{"rarity": {"', "")


def test_a_vector_the_pack_does_not_make_is_no_field() -> None:
    fields = index_body(PackInfo("plain", "1", None, 512), "flat", IndexSettings())["mappings"]["properties"]
    assert "vit_vector" not in fields
    assert fields["clip_vector"]["index_options"] == {"type": "flat"}


def test_modes() -> None:
    assert mode_settings(loading=True)["index"]["refresh_interval"] == "-1"
    assert mode_settings(loading=False)["index"]["refresh_interval"] == "1s"
    assert mode_settings(loading=True)["index"].keys() == mode_settings(loading=False)["index"].keys(), (
        "all is put back"
    )
