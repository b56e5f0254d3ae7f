"""Orders of a listing and of a found set, and the look that comes along, the same on the twin and on Elasticsearch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests import parts
from tests.contract.objects import frame, record, thing, written

from boxlens.domain.boxes import Box
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import ObjectClause, Query, RankedObject, Sort, VectorQuery, WordQuery
from boxlens.imaging.perceptual_hash import bits_of
from boxlens.index.memory.index import InMemoryIndex
from boxlens.search.searcher import Searcher

C = "dated"
NAMES = ["taken_at", "-taken_at", "ingested_at", "-ingested_at", "box_area", "-box_area", "relevance"]
HASH = "f123456789abcdee" + "A" * 82


def dated() -> list[IndexedObject]:
    """12 images: two of each date share it, four have none; boxes of many sizes, some equal."""
    objects: list[IndexedObject] = []
    start = datetime(2023, 5, 6, 7, 8, 9, 123_456, tzinfo=UTC)
    for n in range(12):
        when = start + timedelta(days=7 * (n // 2) * (-1) ** n) if n % 3 else None
        of = record(f"dated {n}", taken_at=when, picture_hash=HASH if n % 2 else "")
        vectors = {"vit_vector": parts.HistogramEncoder().encode_images([parts.scene(seed=n)])[0], "clip_vector": None}
        objects.append(frame(of, **vectors))
        for number in range(1, 2 + n % 4):
            side = 20 + 10 * ((n * 5 + number * 3) % 7)
            objects.append(thing(of, number, "dog", 0.5, box=Box(0, 0, side, side), **vectors))
    return objects


@pytest.fixture(scope="module")
def world(read_index: ObjectIndex) -> tuple[ObjectIndex, InMemoryIndex]:
    """The index under test and a twin beside it, both holding the same; ingested one image after the other."""
    index, twin = read_index, InMemoryIndex()
    for either in (index, twin):
        either.create(C, parts.PACK, "flat")
    objects = dated()
    for n in range(12):
        image = [o for o in objects if o.image.image_id == record(f"dated {n}").image_id]
        for either in (index, twin):
            written(either, C, image)
    return index, twin


def plain(ranking: list[RankedObject], sort: Sort) -> list[tuple[str, float | None]]:
    """Moments of ingest differ between two indices, their order does not."""
    return [(f.object_id, None if sort.field == "ingested_at" else f.value) for f in ranking]


@pytest.mark.parametrize("name", NAMES)
def test_listing_in_order_page_by_page(world: tuple[ObjectIndex, InMemoryIndex], name: str) -> None:
    index, twin = world
    sort = Sort.named(name)
    whole = index.matching(C, Filter(), 1000, sort=sort)
    assert len(whole) == sum(sort.field != "box_area" or o.kind == "object" for o in dated())
    exact = twin.matching(C, Filter(), 1000, sort=sort)
    if sort.field == "ingested_at":  # images written within one millisecond tie by id in either
        assert sorted(plain(whole, sort)) == sorted(plain(exact, sort))
    else:
        assert plain(whole, sort) == plain(exact, sort)
    values = [f.value for f in whole]
    there = [v for v in values if v is not None]
    assert values == sorted(there, reverse=sort.descending) + [None] * (len(values) - len(there))
    paged: list[RankedObject] = []
    while page := index.matching(
        C,
        Filter(),
        4,
        paged[-1].object_id if paged else None,
        sort=sort,
        after_value=paged[-1].value if paged else None,
    ):
        paged += page
    assert paged == whole


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("only", [Filter(), Filter((Condition("label", any_of=("dog",)),))])
def test_an_image_is_listed_once_where_its_first_object_stands(
    world: tuple[ObjectIndex, InMemoryIndex], name: str, only: Filter
) -> None:
    index, _ = world
    sort = Sort.named(name)
    search = parts.searcher(index, parts.networks())
    dogs = Filter((Condition("label", any_of=("dog",)),))
    under = dogs if only == dogs or sort.field == "box_area" else Filter((Condition("kind", any_of=("frame",)),))
    order = index.matching(C, under, 1000, sort=sort)
    expected = list(dict.fromkeys(entry.image_id for entry in order))
    assert pages(search, sort, only, 1000) == expected
    assert pages(search, sort, only, 2) == expected
    answer = search.search(C, Query((), filter=only, sort=sort, size=1000))
    for hit in answer.hits:
        theirs = [entry.object_id for entry in order if entry.image_id == hit.image.image_id]
        assert [o.object.object_id for o in hit.objects] == theirs
    assert (answer.total, answer.total_exact) == (len(expected), True)


def pages(search: Searcher, sort: Sort, only: Filter, size: int) -> list[str]:
    ids: list[str] = []
    cursor = None
    while True:
        answer = search.search(C, Query((), filter=only, sort=sort, size=size, cursor=cursor))
        ids += [hit.image.image_id for hit in answer.hits]
        cursor = answer.next_cursor
        if cursor is None:
            assert (answer.total, answer.total_exact) == (len(ids), True)
            return ids
        assert len(answer.hits) == size
        assert not answer.total_exact
        assert answer.total > len(ids)


def test_boxes_can_be_listed_one_by_one(world: tuple[ObjectIndex, InMemoryIndex]) -> None:
    index, _ = world
    query = Query((), filter=Filter((Condition("label", any_of=("dog",)),)), sort=Sort.named("-box_area"))
    answer = parts.searcher(index, parts.networks()).search(
        C, Query((), query.filter, size=5, sort=query.sort, group_by="object")
    )
    expected = [entry.object_id for entry in index.matching(C, query.filter, 5, sort=query.sort)]
    assert [hit.objects[0].object.object_id for hit in answer.hits] == expected
    assert [len(hit.objects) for hit in answer.hits] == [1] * 5


@pytest.mark.parametrize("name", NAMES)
def test_a_found_set_is_put_in_order_and_paged(world: tuple[ObjectIndex, InMemoryIndex], name: str) -> None:
    index, _ = world
    sort = Sort.named(name)
    search = parts.searcher(index, parts.networks())
    like = ObjectClause(record("dated 1").image_id + "-0")
    whole = search.search(C, Query((like,), size=100, sort=sort, collapse_duplicates=False))
    assert (whole.total, whole.total_exact) == (12, True)
    if sort.field != "relevance":
        under = Filter((Condition("label", any_of=("dog",)),)) if sort.field == "box_area" else Filter()
        order = list(dict.fromkeys(entry.image_id for entry in index.matching(C, under, 1000, sort=sort)))
        assert [hit.image.image_id for hit in whole.hits] == order
    ids: list[str] = []
    cursor = None
    while True:
        answer = search.search(C, Query((like,), size=5, sort=sort, collapse_duplicates=False, cursor=cursor))
        ids += [hit.image.image_id for hit in answer.hits]
        cursor = answer.next_cursor
        if cursor is None:
            break
    assert ids == [hit.image.image_id for hit in whole.hits]


def test_values_and_hashes_come_along_with_every_list(world: tuple[ObjectIndex, InMemoryIndex]) -> None:
    index, twin = world
    vector = parts.HistogramEncoder().encode_images([parts.scene(seed=3)])[0]
    for field in ("taken_at", "box_area", "relevance"):
        queries: list[VectorQuery | WordQuery] = [
            VectorQuery("vit", vector, 50, value=field),
            WordQuery(("dog",), (), 50, value=field),
        ]
        for ranking, exact in zip(index.search(C, queries), twin.search(C, queries), strict=True):
            values = {f.object_id: (f.value, f.picture_bits) for f in ranking}
            assert values == {f.object_id: (f.value, f.picture_bits) for f in exact}
            assert {bits for _, bits in values.values()} == {None, bits_of(HASH)}


def test_scores_come_along_always_and_boxes_where_asked_for(world: tuple[ObjectIndex, InMemoryIndex]) -> None:
    index, twin = world
    vector = parts.HistogramEncoder().encode_images([parts.scene(seed=3)])[0]
    queries: list[VectorQuery | WordQuery] = [
        VectorQuery("vit", vector, 50, boxes=True),
        WordQuery(("dog",), (), 50, value="box_area", boxes=True),
    ]
    for ranking, exact in zip(index.search(C, queries), twin.search(C, queries), strict=True):
        values = {f.object_id: (f.box, f.box_score, f.value) for f in ranking}
        assert values == {f.object_id: (f.box, f.box_score, f.value) for f in exact}
        stored = {o.object_id: o for o in index.objects(C, list(values))}
        assert {key: values[key][0] for key in values} == {key: stored[key].box for key in values}
    plain = index.search(C, [VectorQuery("vit", vector, 5)])[0]
    assert {f.box for f in plain} == {None}
    assert {f.label for f in plain} == {""}
    named = VectorQuery("vit", vector, 50, value="box_area", boxes=True, labels=True)
    (ranking,), (exact,) = index.search(C, [named]), twin.search(C, [named])
    assert {f.object_id: (f.label, f.box, f.value) for f in ranking} == {
        f.object_id: (f.label, f.box, f.value) for f in exact
    }
    assert {f.object_id: f.label for f in ranking} == {
        o.object_id: o.label for o in index.objects(C, [f.object_id for f in ranking])
    }
    assert len({f.label for f in ranking}) > 1
    assert {f.object_id: f.box_score for f in plain} == {
        o.object_id: pytest.approx(o.box_score) for o in index.objects(C, [f.object_id for f in plain])
    }
