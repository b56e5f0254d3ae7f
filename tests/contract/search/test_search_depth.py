"""How deep a search looks: as far as a page needs, on the exact twin and on Elasticsearch, over clustered vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from tests.contract.objects import same

from boxlens.benchmarks.made_up import DOCUMENTS_PER_IMAGE, MadeUpCollection
from boxlens.benchmarks.scale import image_recall, searcher_of
from boxlens.benchmarks.scale_result import TOP
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import ObjectClause, Query
from boxlens.index.memory.index import InMemoryIndex

C, SIZE = "scale", 20
MADE_UP = MadeUpCollection(1200, vit_dims=64, clip_dims=64)


@pytest.fixture(scope="module")
def objects() -> Sequence[IndexedObject]:
    return list(MADE_UP.objects())


@pytest.fixture
def filled(index: ObjectIndex, objects: Sequence[IndexedObject]) -> ObjectIndex:
    """The collection loaded as an ingest does."""
    index.create(C, MADE_UP.pack)
    index.serving(C, loading=True)
    assert all(result.ok for result in index.write(C, objects))
    index.serving(C, loading=False)
    index.merge(C)
    return index


def test_the_made_up_collection_is_the_same_every_time_and_whole(objects: Sequence[IndexedObject]) -> None:
    again = list(MadeUpCollection(1200, vit_dims=64, clip_dims=64).objects())
    assert [o.object_id for o in objects] == [o.object_id for o in again]
    assert all(same(a, b) for a, b in zip(objects, again, strict=True))
    assert len(objects) == MADE_UP.documents == MADE_UP.images * DOCUMENTS_PER_IMAGE
    by_id = {o.object_id: o for o in objects}
    for example in MADE_UP.examples(12):
        vector = by_id[example.object_id].vit_vector
        assert vector is not None
        assert np.array_equal(vector, example.vit)


def test_pages_are_full_of_the_exact_images_and_a_filter_brings_all_it_admits(
    filled: ObjectIndex, objects: Sequence[IndexedObject]
) -> None:
    search, twin = searcher_of(filled, MADE_UP), InMemoryIndex()
    twin.create(C, MADE_UP.pack)
    assert all(result.ok for result in twin.write(C, objects))
    whole = searcher_of(twin, MADE_UP)
    pages, exact = [], []
    for example in MADE_UP.examples(15):
        clause = ObjectClause(example.object_id)
        pages.append([hit.image.image_id for hit in search.search(C, Query((clause,), size=SIZE)).hits])
        exact.append([hit.image.image_id for hit in whole.search(C, Query((clause,), size=180)).hits[:TOP]])
    assert all(len(page) == SIZE for page in pages)
    assert image_recall(pages, exact) >= 0.99

    labels = Counter(obj.label for obj in objects if obj.label)
    rare = min(labels, key=lambda label: labels[label])
    query = Query(
        (ObjectClause(MADE_UP.examples(1)[0].object_id),),
        filter=Filter((Condition("label", any_of=(rare,)),)),
        size=SIZE,
    )
    answer = search.search(C, query)
    assert {hit.image.image_id for hit in answer.hits} == {o.image.image_id for o in objects if o.label == rare}
    assert answer.total_exact


def test_a_page_is_full_where_few_images_hold_the_nearest_boxes(index: ObjectIndex) -> None:
    """Images of 60 boxes alike: the nearest 60 boxes are those of one or two images."""
    index.create(C, MADE_UP.pack)
    crowded = list(_crowded())
    assert all(result.ok for result in index.write(C, crowded))
    index.refresh(C)
    answer = searcher_of(index, MADE_UP).search(C, Query((ObjectClause(crowded[1].object_id),), size=SIZE))
    assert len(answer.hits) == SIZE
    assert answer.next_cursor is not None


def _crowded() -> Iterator[IndexedObject]:
    """Frames of the made-up collection, each with 60 boxes of its very vectors."""
    frames = [obj for obj in MADE_UP.objects() if obj.kind == "frame"][: SIZE + 2]
    for frame in frames:
        yield frame
        for number in range(1, 61):
            yield replace(frame, number=number, kind="object", label="dog", box_score=0.5)
