"""A filter inside the graph search, however narrow and wherever its objects lie, still fills what is asked for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from tests import parts
from tests.contract.objects import frame, record, thing, written

from boxlens.domain.collections import IndexType, PackInfo
from boxlens.domain.objects import IndexedObject
from boxlens.domain.queries import ObjectClause, Query, VectorQuery
from boxlens.filters.expression import parse_expression
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.memory.index import InMemoryIndex
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.searcher import Searcher
from boxlens.settings import ElasticsearchSettings, IndexSettings

DIMS, IMAGES, BOXES, SLABS = 64, 400, 10, 5
PACK = PackInfo("test", "r1", DIMS, None)
# each admits 1 % of the objects: one in every hundred; all in one far corner; all in four images; one in an image
FILTERS = ("score<=0.0101", "label:corner", "attributes.album:few", "count.rare:1 label:rare")

UNMERGED = {"index.merge.policy": {"segments_per_tier": 100, "max_merge_at_once": 100, "floor_segment": "1b"}}


def corner(points: np.ndarray) -> np.ndarray:
    """Vectors moved to one place far from the others."""
    moved: np.ndarray = points * 0.2
    moved[:, 0] += 5
    return moved


def cloud() -> list[IndexedObject]:
    """4,000 objects around 40 centres in 400 images of ten boxes."""
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((40, DIMS))
    points = centres[rng.integers(0, 40, IMAGES * BOXES)] + 0.4 * rng.standard_normal((IMAGES * BOXES, DIMS))
    labels = ["corner" if n % 100 == 55 else "rare" if n % 100 == 77 else "dog" for n in range(len(points))]
    far = [n for n, label in enumerate(labels) if label == "corner"]
    points[far] = corner(points[far])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    objects = []
    for n, vector in enumerate(points.astype(np.float32)):
        image = record(f"cloud {n // BOXES}", attributes={"album": "few" if n < 4 * BOXES else "many"})
        number, score = n % BOXES, (n % 100 + 1) / 100
        whole = frame(image, box_score=score, vit_vector=vector, clip_vector=None)
        boxed = thing(image, number, labels[n], score, vit_vector=vector, clip_vector=None)
        objects.append(boxed if number else whole)
    return objects


@pytest.fixture(scope="module")
def objects() -> list[IndexedObject]:
    return cloud()


@pytest.fixture(scope="module")
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    client = connect(elasticsearch_url, ElasticsearchSettings())
    yield client
    client.close()


@pytest.fixture(scope="module")
def index(
    request: pytest.FixtureRequest, client: Elasticsearch, objects: list[IndexedObject]
) -> Iterator[ElasticsearchIndex]:
    """The objects in a graph of several segments, of the type that is asked for."""
    index_type: IndexType = request.param
    index = ElasticsearchIndex(client, IndexSettings(ef_construction=100), prefix=f"t{uuid.uuid4().hex[:10]}")
    index.create("cloud", PACK, index_type)
    client.indices.put_settings(index=index.info("cloud").index, settings=UNMERGED)
    for slab in np.array_split(np.arange(IMAGES), SLABS):
        written(index, "cloud", [o for n in slab for o in objects[n * BOXES : (n + 1) * BOXES]])
    yield index
    index.drop("cloud")


@pytest.fixture(scope="module")
def twin(objects: list[IndexedObject]) -> InMemoryIndex:
    """The same objects in memory."""
    twin = InMemoryIndex()
    twin.create("cloud", PACK)
    written(twin, "cloud", objects)
    return twin


def query_vectors() -> np.ndarray:
    """Twelve: three from where the corner is, the others far from it."""
    vectors = np.random.default_rng(3).standard_normal((12, DIMS)).astype(np.float32)
    vectors[:3] = corner(vectors[:3])
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@pytest.fixture(scope="module")
def exact(twin: InMemoryIndex) -> dict[str, list[list[str]]]:
    """The ids of all objects that each filter admits, nearest first, for each of the query vectors."""
    rankings = {}
    for text in FILTERS:
        queries = [VectorQuery("vit", vector, 10_000, parse_expression(text)) for vector in query_vectors()]
        rankings[text] = [[entry.object_id for entry in ranking] for ranking in twin.search("cloud", queries)]
    return rankings


@pytest.mark.parametrize("index", ["int8_hnsw", "hnsw", "bbq_hnsw"], indirect=True)
def test_k_are_found_whenever_k_exist(
    index: ElasticsearchIndex, client: Elasticsearch, exact: dict[str, list[list[str]]]
) -> None:
    segments = client.indices.segments(index=index.info("cloud").index)["indices"]
    (shard,) = [shard for of_index in segments.values() for copies in of_index["shards"].values() for shard in copies]
    assert len(shard["segments"]) >= 3
    for text in FILTERS:
        filter = parse_expression(text)
        exist = len(exact[text][0])
        assert exist == IMAGES * BOXES // 100
        for k in (1, 10, 20, exist, exist + 30):
            ranking = index.search("cloud", [VectorQuery("vit", vector, k, filter) for vector in query_vectors()])
            assert {len(answer) for answer in ranking} == {min(k, exist)}, (text, k)
            nearest = [ids[:k] for ids in exact[text]]
            right = sum(len({a.object_id for a in r} & set(n)) for r, n in zip(ranking, nearest, strict=True))
            assert right >= 0.99 * sum(len(n) for n in nearest), (text, k)


@pytest.mark.parametrize("index", ["int8_hnsw"], indirect=True)
def test_size_images_are_found_whenever_size_exist(index: ElasticsearchIndex, twin: InMemoryIndex) -> None:
    searcher = Searcher(index, PACK, QueryPipeline(parts.networks()), None, ())
    for start in (record("cloud 0").image_id + "-0", record("cloud 399").image_id + "-5"):
        for text in (*FILTERS, "label:dog"):
            filter = parse_expression(text)
            exist = len({entry.image_id for entry in twin.matching("cloud", filter, 10_000)})
            for size in (3, 20, 60):
                query = Query((ObjectClause(start),), filter, size=size, min_relevance=None)
                assert len(searcher.search("cloud", query).hits) == min(size, exist), (text, size)
