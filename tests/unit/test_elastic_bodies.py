"""Request bodies, the mapping and checked filters as pure functions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from elasticsearch.serializer import OrjsonSerializer
from hypothesis import given
from hypothesis import strategies as st

from embedding_pipeline.domain import PackInfo
from embedding_pipeline.errors import BadQuery
from embedding_pipeline.queries import Condition, Filter, Range, VectorQuery, WordQuery
from embedding_pipeline.settings import IndexSettings
from embedding_pipeline.stores import elastic_bodies as bodies
from embedding_pipeline.stores.filter_checks import checked, period
from embedding_pipeline.stores.mapping import index_body, mode_settings, schema_version

VECTOR = np.array([1, 0], dtype=np.float32)
DOG = Filter((Condition("label", ("dog",)),))


@pytest.mark.parametrize(
    ("k", "size", "gathered", "candidates"),
    [
        (1, 1, 17, 200),
        (10, 10, 26, 200),
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
    assert body["knn"]["filter"] == {"bool": {"filter": [{"terms": {"label": ["dog"]}}], "must_not": []}}
    assert "query" not in body
    OrjsonSerializer().dumps(body)


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


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023", "2023-01-01T00:00:00", "2023-12-31T23:59:59.999"),
        ("2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59.999"),
        ("9999", "9999-01-01T00:00:00", "9999-12-31T23:59:59.999"),
        ("2023-05-06", "2023-05-06T00:00:00", "2023-05-06T23:59:59.999"),
        ("2023-05-06T10:00:00+02:00", "2023-05-06T08:00:00", "2023-05-06T08:00:00"),
    ],
)
def test_dates_mean_whole_periods(text: str, first: str, last: str) -> None:
    found = period(text, "filter.taken_at")
    wanted = [datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (first, last)]
    assert [found.first, found.last] == wanted


def test_bounds_of_dates_are_sent_in_milliseconds() -> None:
    filter = Filter((Condition("taken_at", range=Range("1970", "1970-01-01")),))
    assert bodies.filter_query(checked(filter))["bool"]["filter"] == [
        {"range": {"taken_at": {"gte": 0, "lte": 86_399_999}}}
    ]


def test_filters_cannot_be_nested_without_end() -> None:
    filter = DOG
    for _ in range(50):
        filter = Filter(none=(filter,))
    with pytest.raises(BadQuery, match="nested"):
        checked(filter)


def test_unknown_fields_are_answered_with_the_known_ones() -> None:
    with pytest.raises(BadQuery) as caught:
        checked(Filter((Condition("nose", ("red",)),)))
    assert "label" in caught.value.hint
    assert "attributes.NAME" in caught.value.hint


def test_the_mapping_is_filled_from_pack_and_settings() -> None:
    body = index_body(PackInfo("photo", "abc", 768, 512), "int8_hnsw", IndexSettings(shards=2))
    fields = body["mappings"]["properties"]
    assert (fields["vit_vector"]["dims"], fields["clip_vector"]["dims"]) == (768, 512)
    assert fields["vit_vector"]["index_options"] == {"type": "int8_hnsw", "m": 16, "ef_construction": 256}
    assert body["settings"]["index"]["number_of_shards"] == 2
    assert body["settings"]["index"]["refresh_interval"] == "1s"
    assert body["mappings"]["_meta"] == {
        "schema": schema_version(),
        "pack": "photo",
        "pack_revision": "abc",
        "vit_dims": 768,
        "clip_dims": 512,
        "index_type": "int8_hnsw",
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


def test_every_field_has_its_line_in_the_readme() -> None:
    root = Path(__file__).parents[2]
    mapping = json.loads((root / "es-mappings/objects.json").read_text(encoding="utf-8"))
    told = (root / "es-mappings/README.md").read_text(encoding="utf-8")
    for field in mapping["mappings"]["properties"]:
        assert f"`{field}`" in told, field


def test_filterable_fields_stand_in_the_mapping() -> None:
    from embedding_pipeline.stores.filter_checks import FIELDS

    known = index_body(PackInfo("p", "1", 8, 8), "flat", IndexSettings())["mappings"]["properties"]
    for field in FIELDS:
        head, _, side = field.partition(".")
        assert head in known
        assert not side or side in known[head]["properties"]
