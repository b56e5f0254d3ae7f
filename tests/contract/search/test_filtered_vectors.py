"""A filter inside the graph search, however narrow and wherever its objects lie, still fills what is asked for."""

from __future__ import annotations

import numpy as np
import pytest
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
from boxlens.settings import ElasticsearchSettings

DIMS, IMAGES, BOXES, SLABS = 64, 400, 10, 5
PACK = PackInfo("test", "r1", DIMS, None)
# each admits 1 % of the objects: one in every hundred; all in one far corner; all in four images; one in an image
FILTERS = ("score<=0.0101", "label:corner", "attributes.album:few", "count.rare:1 label:rare")


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


@pytest.fixture
def indices(request: pytest.FixtureRequest, elastic: ElasticsearchIndex) -> tuple[ElasticsearchIndex, InMemoryIndex]:
    """The same objects in a graph of several segments and in memory."""
    index_type: IndexType = request.param
    twin, objects = InMemoryIndex(), cloud()
    elastic.create("cloud", PACK, index_type)
    twin.create("cloud", PACK)
    written(twin, "cloud", objects)
    for slab in np.array_split(np.arange(IMAGES), SLABS):
        written(elastic, "cloud", [o for n in slab for o in objects[n * BOXES : (n + 1) * BOXES]])
    return elastic, twin


@pytest.mark.parametrize("indices", ["int8_hnsw", "hnsw", "bbq_hnsw"], indirect=True)
def test_k_are_found_whenever_k_exist(
    indices: tuple[ElasticsearchIndex, InMemoryIndex], elasticsearch_url: str, prefix: str
) -> None:
    index, twin = indices
    with connect(elasticsearch_url, ElasticsearchSettings()) as client:
        segments = client.indices.segments(index=f"{prefix}-cloud")["indices"]
    (shard,) = [shard for of_index in segments.values() for copies in of_index["shards"].values() for shard in copies]
    assert len(shard["segments"]) >= 3
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((12, DIMS)).astype(np.float32)
    vectors[:3] = corner(vectors[:3])  # some from where the corner is, the others far from it
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for text in FILTERS:
        filter = parse_expression(text)
        exist = len(twin.matching("cloud", filter, 10_000))
        assert exist == IMAGES * BOXES // 100
        for k in (1, 10, 20, exist, exist + 30):
            queries = [VectorQuery("vit", vector, k, filter) for vector in vectors]
            ranking, exact = index.search("cloud", queries), twin.search("cloud", queries)
            assert {len(answer) for answer in ranking} == {min(k, exist)}, (text, k)
            right = sum(
                len({a.object_id for a in f} & {e.object_id for e in x}) for f, x in zip(ranking, exact, strict=True)
            )
            assert right >= 0.99 * sum(len(x) for x in exact), (text, k)


@pytest.mark.parametrize("indices", ["int8_hnsw"], indirect=True)
def test_size_images_are_found_whenever_size_exist(indices: tuple[ElasticsearchIndex, InMemoryIndex]) -> None:
    index, twin = indices
    searcher = Searcher(index, PACK, QueryPipeline(parts.networks()), None, ())
    for start in (record("cloud 0").image_id + "-0", record("cloud 399").image_id + "-5"):
        for text in (*FILTERS, "label:dog"):
            filter = parse_expression(text)
            exist = len({entry.image_id for entry in twin.matching("cloud", filter, 10_000)})
            for size in (3, 20, 60):
                query = Query((ObjectClause(start),), filter, size=size, min_relevance=None)
                assert len(searcher.search("cloud", query).hits) == min(size, exist), (text, size)
