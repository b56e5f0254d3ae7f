"""A filter inside the graph search, however narrow and wherever its objects lie, still fills what is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from tests import parts
from tests.contract.objects import frame, record, thing, written

from embedding_pipeline.domain import IndexedObject, IndexType, PackInfo, Vector
from embedding_pipeline.filters import parse_expression
from embedding_pipeline.pipeline.graph import QueryPipeline
from embedding_pipeline.queries import ObjectClause, Query, VectorQuery
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.settings import ElasticsearchSettings
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_client import connect
from embedding_pipeline.stores.exact import ExactIndex

DIMS, IMAGES, BOXES, SLABS = 64, 400, 10, 5
PACK = PackInfo("test", "r1", DIMS, None)
# each admits 1 % of the objects: one in every hundred; all in one far corner; all in four images; one in an image
FILTERS = ("score<=0.0101", "label:corner", "attributes.album:few", "count.rare:1 label:rare")


def corner(points: Vector) -> Vector:
    """Vectors moved to one place far from the others."""
    moved = points * 0.2
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
def indices(request: pytest.FixtureRequest, elastic: ElasticIndex) -> tuple[ElasticIndex, ExactIndex]:
    """The same objects in a graph of several segments and in memory."""
    index_type: IndexType = request.param
    twin, objects = ExactIndex(), cloud()
    elastic.create("cloud", PACK, index_type)
    twin.create("cloud", PACK)
    written(twin, "cloud", objects)
    for slab in np.array_split(np.arange(IMAGES), SLABS):
        written(elastic, "cloud", [o for n in slab for o in objects[n * BOXES : (n + 1) * BOXES]])
    return elastic, twin


@pytest.mark.parametrize("indices", ["int8_hnsw", "hnsw", "bbq_hnsw"], indirect=True)
def test_k_are_found_whenever_k_exist(
    indices: tuple[ElasticIndex, ExactIndex], elasticsearch_url: str, prefix: str
) -> None:
    index, twin = indices
    with connect(elasticsearch_url, ElasticsearchSettings()) as client:
        told = client.indices.segments(index=f"{prefix}-cloud")["indices"]
    (shard,) = [shard for one in told.values() for copies in one["shards"].values() for shard in copies]
    assert len(shard["segments"]) >= 3
    rng = np.random.default_rng(3)
    asked = rng.standard_normal((12, DIMS)).astype(np.float32)
    asked[:3] = corner(asked[:3])  # some from where the corner is, the others far from it
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    for text in FILTERS:
        filter = parse_expression(text)
        exist = len(twin.matching("cloud", filter, 10_000))
        assert exist == IMAGES * BOXES // 100
        for k in (1, 10, 20, exist, exist + 30):
            queries = [VectorQuery("vit", vector, k, filter) for vector in asked]
            found, exact = index.search("cloud", queries), twin.search("cloud", queries)
            assert {len(answer) for answer in found} == {min(k, exist)}, (text, k)
            right = sum(
                len({a.object_id for a in f} & {e.object_id for e in x}) for f, x in zip(found, exact, strict=True)
            )
            assert right >= 0.99 * sum(len(x) for x in exact), (text, k)


@pytest.mark.parametrize("indices", ["int8_hnsw"], indirect=True)
def test_size_images_are_found_whenever_size_exist(indices: tuple[ElasticIndex, ExactIndex]) -> None:
    index, twin = indices
    searcher = Searcher(index, PACK, QueryPipeline(parts.networks()), None, ())
    for start in (record("cloud 0").image_id + "-0", record("cloud 399").image_id + "-5"):
        for text in (*FILTERS, "label:dog"):
            filter = parse_expression(text)
            exist = len({found.image_id for found in twin.matching("cloud", filter, 10_000)})
            for size in (3, 20, 60):
                query = Query((ObjectClause(start),), filter, size=size, min_relevance=None)
                assert len(searcher.search("cloud", query).hits) == min(size, exist), (text, size)
