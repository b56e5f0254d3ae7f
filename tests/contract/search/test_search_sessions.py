"""Pages of a search over a collection that changes meanwhile, on the exact twin and on Elasticsearch with HNSW."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests import parts
from tests.contract.objects import frame, record, thing, written

from boxlens.domain.answers.hits import Answer
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject, Vector
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import ObjectClause, Query, Signal
from boxlens.search.scoring.fuse import RANK_CONSTANT
from boxlens.search.scoring.fusion_weights import EXAMPLE
from boxlens.search.searcher import Searcher

C, DIMS, PAGES, SIZE = "walks", 12, 20, 10
BOTH: dict[Signal, float] = {"vit": 1.0, "clip": 1.0}


def near(to: Vector, distance: float, seed: int) -> Vector:
    """A unit vector about so far from another."""
    rng = np.random.default_rng(seed)
    vector = to + distance * rng.standard_normal(DIMS) / np.sqrt(DIMS)
    unit: Vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


CENTRE = near(np.zeros(DIMS, np.float32), 1.0, 999)


def image(name: str, distance: float, boxes: int, seed: int, spread: float = 0.3) -> list[IndexedObject]:
    """A frame and boxes about so far from the centre."""
    of, made = record(name), near(CENTRE, distance, seed)
    objects = [frame(of, vit_vector=near(made, spread, seed + 1), clip_vector=near(made, spread, seed + 2))]
    for n in range(1, boxes + 1):
        vit, clip = near(made, spread, seed + 2 * n + 1), near(made, spread, seed + 2 * n + 2)
        objects.append(thing(of, n, "dog", 0.5, vit_vector=vit, clip_vector=clip))
    return objects


@pytest.fixture
def centre(index: ObjectIndex) -> str:
    """The id of an object to look for, in a collection of PAGES x SIZE other images with 1 to 3 boxes each."""
    index.create(C, parts.PACK, "hnsw")
    of = record("centre")
    objects = [frame(of, vit_vector=CENTRE, clip_vector=CENTRE)]
    for n in range(PAGES * SIZE - 1):
        objects += image(f"image {n}", 0.2 + n / 100, 1 + n % 3, 1000 * n)
    written(index, C, objects)
    return objects[0].object_id


def one_worker(index: ObjectIndex) -> Callable[[], Searcher]:
    only = parts.searcher(index, parts.networks())
    return lambda: only


def many_workers(index: ObjectIndex) -> Callable[[], Searcher]:
    return lambda: parts.searcher(index, parts.networks())


def ids(answer: Answer) -> list[str]:
    return [hit.image.image_id for hit in answer.hits]


def stored(index: ObjectIndex) -> set[str]:
    return {entry.image_id for entry in index.matching(C, Filter(), 10_000)}


@pytest.mark.parametrize("workers", [one_worker, many_workers])
@pytest.mark.parametrize("signals", [{"vit": 1.0}, BOTH])
def test_twenty_pages_while_pictures_come_and_go(
    index: ObjectIndex,
    centre: str,
    workers: Callable[[ObjectIndex], Callable[[], Searcher]],
    signals: dict[Signal, float],
) -> None:
    """Every image that stood at the first page and still stands when its page comes is shown once, and no other."""
    before, worker = stored(index), workers(index)
    image_ids: list[str] = []
    deleted: set[str] = set()
    cursor = None
    for page in range(PAGES):
        answer = worker().search(C, Query((ObjectClause(centre),), signals=signals, size=SIZE, cursor=cursor))
        image_ids += ids(answer)
        if page < PAGES - 1:
            assert len(answer.hits) == SIZE
            cursor = answer.next_cursor
            assert cursor is not None
        # newcomers nearer than anything that stood, and one that was still to come goes
        written(index, C, image(f"newcomer {page}", 0.01, 3, 77_000 + page, 0.01))
        if page % 4 == 1:
            gone = sorted(before - set(image_ids) - deleted)[-1]
            index.delete_image(C, gone)
            deleted.add(gone)
    assert len(image_ids) == len(set(image_ids))
    assert set(image_ids) == before - deleted


@pytest.mark.parametrize("workers", [one_worker, many_workers])
def test_pages_follow_the_order_of_one_whole_ranking(
    index: ObjectIndex, centre: str, workers: Callable[[ObjectIndex], Callable[[], Searcher]]
) -> None:
    query = {"signals": {"vit": 1.0}}
    whole = ids(workers(index)().search(C, Query((ObjectClause(centre),), size=PAGES * SIZE, **query)))  # type: ignore[arg-type]
    assert len(whole) == PAGES * SIZE
    worker, paged, cursor = workers(index), [], None
    for page in range(PAGES):
        answer = worker().search(C, Query((ObjectClause(centre),), size=SIZE, cursor=cursor, **query))  # type: ignore[arg-type]
        paged += ids(answer)
        cursor = answer.next_cursor
        written(index, C, image(f"newcomer {page}", 0.01, 3, 77_000 + page, 0.01))
    assert paged == whole


def test_a_page_is_full_although_one_image_holds_the_nearest_boxes(index: ObjectIndex, centre: str) -> None:
    crowd = image("crowd", 0.001, 50, 5_000_000, 0.001)
    written(index, C, crowd)
    searcher = parts.searcher(index, parts.networks())
    answer = searcher.search(C, Query((ObjectClause(centre),), signals={"vit": 1.0}, size=5))
    assert len(set(ids(answer))) == len(answer.hits) == 5
    (crowded,) = [hit for hit in answer.hits if hit.image.image_id == crowd[0].image.image_id]
    assert {o.object.object_id for o in crowded.objects} == {o.object_id for o in crowd}
    boxes = searcher.search(C, Query((ObjectClause(centre),), signals={"vit": 1.0}, size=5, group_by="object"))
    assert [len(hit.objects) for hit in boxes.hits] == [1] * 5
    assert [hit.objects[0].object.image.image_id for hit in boxes.hits][1:] == [crowd[0].image.image_id] * 4


def test_boxes_one_by_one_are_paged_alike(index: ObjectIndex, centre: str) -> None:
    searcher = parts.searcher(index, parts.networks())
    ids: list[str] = []
    cursor = None
    while True:
        query = Query((ObjectClause(centre),), signals={"vit": 1.0}, size=150, group_by="object", cursor=cursor)
        answer = searcher.search(C, query)
        ids += [hit.objects[0].object.object_id for hit in answer.hits]
        cursor = answer.next_cursor
        if cursor is None:
            break
    everything = [entry.object_id for entry in index.matching(C, Filter(), 10_000)]
    assert len(ids) == len(set(ids))
    assert sorted(ids) == everything
    assert (answer.total, answer.total_exact) == (len(everything), True)


def test_the_total_is_exact_only_when_nothing_was_cut_off(index: ObjectIndex, centre: str) -> None:
    searcher = parts.searcher(index, parts.networks())
    first = searcher.search(C, Query((ObjectClause(centre),), signals={"vit": 1.0}, size=SIZE))
    assert not first.total_exact
    assert SIZE <= first.total < PAGES * SIZE
    whole = searcher.search(C, Query((ObjectClause(centre),), signals={"vit": 1.0}, size=PAGES * SIZE))
    assert (whole.total, whole.total_exact) == (PAGES * SIZE, True)


def test_similar_from_an_object_that_matched_nothing(index: ObjectIndex, centre: str) -> None:
    far = image("far away", 50.0, 1, 9_000_000)
    written(index, C, far)
    searcher = parts.searcher(index, parts.networks())
    answer = searcher.search(C, Query((ObjectClause(centre),), signals={"vit": 1.0}, size=SIZE))
    assert far[0].image.image_id not in ids(answer)
    like = searcher.similar(C, far[1].object_id, 3)
    assert like.hits[0].objects[0].object.object_id == far[0].object_id
    more = searcher.similar(C, far[1].object_id, 3, cursor=like.next_cursor)
    assert not set(ids(like)) & set(ids(more))
    assert len(more.hits) == 3


def test_why_adds_up_with_weights_below_zero(index: ObjectIndex, centre: str) -> None:
    away = image("away", 0.5, 2, 31_000)
    written(index, C, away)
    query = Query((ObjectClause(centre, 2.0), ObjectClause(away[1].object_id, -0.5)), signals=BOTH, size=50)
    answer = parts.searcher(index, parts.networks()).search(C, query)
    reasons = [(o, w) for hit in answer.hits for o in hit.objects for w in o.why]
    assert {w.weight for _, w in reasons} == {size * clause for size in EXAMPLE.values() for clause in (2.0, -0.5)}
    for hit in answer.hits:
        for obj in hit.objects:
            assert sum(w.contribution for w in obj.why) == pytest.approx(obj.score, abs=1e-12)
            assert all(w.contribution == pytest.approx(w.weight / (RANK_CONSTANT + w.rank)) for w in obj.why)
