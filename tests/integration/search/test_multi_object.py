"""Several things in one image, on the exact twin and on real Elasticsearch, against a brute force over the truth."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.parts import PACK, ColourWords, networks, scene
from tests.samples.scenes import THINGS, scenes, stands, truth

from boxlens.domain.answers.hits import Answer
from boxlens.domain.filters import Condition, Filter, NumberRange
from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import ObjectClause, Part, Query, Relation, TextClause
from boxlens.imaging.perceptual_hash import picture_hash
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.index.memory.index import InMemoryIndex
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.search.multi_object import candidates, rank
from boxlens.search.multi_object.relations import as_array
from boxlens.search.searcher import Searcher
from boxlens.settings import ElasticsearchSettings, IndexSettings

IMAGES = scenes(160, seed=5)
World = tuple[str, ObjectIndex, Searcher]


def dog(**changes: object) -> Part:
    return Part(TextClause("dog"), **changes)  # type: ignore[arg-type]


QUERIES: list[tuple[Part, ...]] = [
    (dog(), Part(TextClause("自行车"))),
    (dog(min_count=2),),
    (dog(min_count=3),),
    (dog(max_count=1), Part(TextClause("a cat"), 0, 0)),
    (dog(min_count=1, max_count=1), Part(TextClause("cat"), 2)),
    (Part(TextClause("杯子"), relation=Relation("left_of", 1)), Part(TextClause("电脑"))),
    (Part(TextClause("cat"), relation=Relation("larger_than", 1)), dog()),
    (Part(TextClause("person"), relation=Relation("inside", 1)), Part(TextClause("bike"))),
    (dog(min_count=2, relation=Relation("above", 1)), Part(TextClause("人"))),
    (dog(relation=Relation("left_of", 1)), Part(TextClause("cat"), relation=Relation("left_of", 2)), dog()),
    (dog(relation=Relation("left_of", 1)), Part(TextClause("cat"), relation=Relation("smaller_than", 0))),
    (dog(relation=Relation("on", 1)), Part(TextClause("laptop")), Part(TextClause("cup"), 2), dog()),
    (dog(relation=Relation("overlaps", 1)), Part(TextClause("cup"), relation=Relation("below", 2)), dog()),
]
NAMED = {"dog": "dog", "自行车": "bicycle", "a cat": "cat", "cat": "cat", "杯子": "cup", "电脑": "laptop"}
NAMED |= {"person": "person", "bike": "bicycle", "人": "person", "laptop": "laptop", "cup": "cup"}


@pytest.fixture(scope="module", params=["exact", "elasticsearch"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    index: ObjectIndex = InMemoryIndex()
    if request.param == "elasticsearch":
        url = request.getfixturevalue("elasticsearch_url")
        index = ElasticsearchIndex(connect(url, ElasticsearchSettings()), IndexSettings(refresh_interval="1ms"))
    name = f"several-{uuid.uuid4().hex[:8]}"
    index.create(name, PACK)
    assert all(result.ok for result in index.write(name, [o for image in IMAGES for o in image]))
    index.refresh(name)
    yield name, index, Searcher(index, PACK, QueryPipeline(networks()), ColourWords(), THINGS)
    index.drop(name)


def names(parts: tuple[Part, ...]) -> list[str]:
    return [NAMED[part.clause.text] for part in parts if isinstance(part.clause, TextClause)]


def all_pages(search: Searcher, collection: str, query: Query) -> tuple[list[str], list[Answer]]:
    answers, cursor = [], None
    while True:
        answers.append(search.search(collection, replace(query, cursor=cursor)))
        cursor = answers[-1].next_cursor
        if cursor is None:
            return [hit.image.image_id for answer in answers for hit in answer.hits], answers


@pytest.mark.parametrize("parts", QUERIES, ids=lambda parts: " + ".join(names(parts)))
def test_all_images_that_hold_every_part_and_no_others_weakest_member_first(
    world: World, parts: tuple[Part, ...]
) -> None:
    name, _, search = world
    expected = truth(IMAGES, parts, names(parts))
    image_ids, answers = all_pages(search, name, Query((), all_of=parts, size=25))
    assert image_ids == expected
    assert (answers[-1].total, answers[-1].total_exact) == (len(expected), True)
    for answer in answers:
        for hit in answer.hits:
            chosen = [[o for o in hit.objects if o.part == p] for p in range(len(parts))]
            assert [len(boxes_chosen) for boxes_chosen in chosen] == [part.min_count for part in parts]
            assert [o.object.label for boxes_chosen in chosen for o in boxes_chosen] == [
                label for part, label in zip(parts, names(parts), strict=True) for _ in range(part.min_count)
            ]
            boxes = as_array([o.object.box.as_list() for boxes_chosen in chosen for o in boxes_chosen])
            numbers = iter(range(len(boxes)))
            assert stands(parts, boxes, [[next(numbers) for _ in boxes_chosen] for boxes_chosen in chosen])
            assert hit.score == pytest.approx(min(o.score for o in hit.objects))


def test_the_queries_ask_for_something_and_leave_something_out() -> None:
    counts = [len(truth(IMAGES, parts, names(parts))) for parts in QUERIES]
    assert all(0 < number < len(IMAGES) / 2 for number in counts)


@pytest.mark.parametrize("parts", QUERIES[::3], ids=lambda parts: " + ".join(names(parts)))
def test_a_shallow_first_look_finds_the_same(
    world: World, parts: tuple[Part, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members beyond the first lists are found by the second look, images beyond them by deeper rounds."""
    monkeypatch.setattr(rank, "MIN_DEPTH", 8)
    monkeypatch.setattr(candidates, "_CHUNK", 150)
    name, _, search = world
    image_ids, _ = all_pages(search, name, Query((), all_of=parts, size=10))
    assert image_ids == truth(IMAGES, parts, names(parts))


def test_what_is_too_deep_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank, "MIN_DEPTH", 5)
    monkeypatch.setattr(rank, "MAX_DEPTH", 5)
    name, _, search = world
    answer = search.search(name, Query((), all_of=QUERIES[0], size=100))
    expected = truth(IMAGES, QUERIES[0], names(QUERIES[0]))
    assert {hit.image.image_id for hit in answer.hits} < set(expected)
    assert not answer.total_exact
    assert "all_of_depth" in answer.notes


def test_a_filter_acts_on_every_member(world: World) -> None:
    name, _, search = world
    sure = Filter((Condition("box_score", range=NumberRange(gte=0.5)),))
    remaining = [[o for o in image if o.kind == "frame" or o.box_score >= 0.5] for image in IMAGES]
    parts = QUERIES[0]
    image_ids, _ = all_pages(search, name, Query((), filter=sure, all_of=parts, size=50))
    assert image_ids == truth(remaining, parts, names(parts))


def test_a_part_may_be_a_stored_object(world: World) -> None:
    name, _, search = world
    image = next(image for image in IMAGES if {o.label for o in image} >= {"dog", "cat"})
    member = next(o for o in image if o.label == "dog")
    for parts in (
        (Part(ObjectClause(member.object_id)),),
        (Part(ObjectClause(member.object_id)), Part(TextClause("cat"))),
    ):
        answer = search.search(name, Query((), all_of=parts, size=200))
        (own,) = [hit for hit in answer.hits if hit.image == image[0].image]
        assert own.objects[0].object.object_id == member.object_id
    assert search.search(name, Query((), all_of=parts[:1])).hits[0].image == image[0].image


def crowded() -> list[IndexedObject]:
    """One image of 100 things."""
    (frame,) = scenes(1, seed=99, most=0)[0]
    things = [o for image in scenes(40, seed=98) for o in image if o.kind == "object"][:100]
    return [frame, *(replace(o, image=frame.image, number=n) for n, o in enumerate(things, start=1))]


def test_an_image_of_a_hundred_boxes_is_one_hit(world: World) -> None:
    name, index, search = world
    objects = crowded()
    assert all(result.ok for result in index.write(name, objects))
    index.refresh(name)
    try:
        answer = search.search(name, Query((), all_of=(dog(min_count=5), Part(TextClause("cat"), 5)), size=5))
        assert [hit.image.image_id for hit in answer.hits] == [objects[0].image.image_id]
        assert [o.part for o in answer.hits[0].objects] == [0] * 5 + [1] * 5
    finally:
        index.delete_image(name, objects[0].image.image_id)
        index.refresh(name)


def test_copies_of_a_picture_are_one_hit_on_all_pages(world: World) -> None:
    name, index, search = world
    hashed = picture_hash(scene(size=(160, 120), seed=3))
    parts = (dog(), Part(TextClause("cat")))
    best, second = (image for image in IMAGES if image[0].image.image_id in truth(IMAGES, parts, ["dog", "cat"])[:2])
    made = [
        [replace(o, image=replace(o.image, image_id=f"{n:064x}", picture_hash=hashed)) for o in image]
        for n, image in enumerate([best, best, best, second])
    ]
    other = picture_hash(scene(size=(160, 120), seed=4))
    made[3] = [replace(o, image=replace(o.image, picture_hash=other)) for o in made[3]]
    assert all(result.ok for result in index.write(name, [o for image in made for o in image]))
    index.refresh(name)
    try:
        together = truth([*IMAGES, *made], parts, ["dog", "cat"])
        copies = [image_id for image_id in together if image_id in {made[n][0].image.image_id for n in range(3)}]
        for size in (1, 3, 50):
            image_ids, answers = all_pages(search, name, Query((), all_of=parts, size=size))
            assert image_ids == [image_id for image_id in together if image_id not in copies[1:]]
            folded = [hit for answer in answers for hit in answer.hits if hit.near_duplicates]
            assert [(hit.image.image_id, list(hit.near_duplicates)) for hit in folded] == [(copies[0], copies[1:])]
        assert all_pages(search, name, Query((), all_of=parts, collapse_duplicates=False, size=50))[0] == together
    finally:
        for image in made:
            index.delete_image(name, image[0].image.image_id)
        index.refresh(name)
