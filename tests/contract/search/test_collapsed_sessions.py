"""Near-duplicates in pages of a search, with pictures that really are saved again, on the twin and on Elasticsearch."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests import parts

from boxlens.domain.pictures import Pixels
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import Query, TextClause
from boxlens.domain.references import ImageRef
from boxlens.search.searcher import Searcher

C = "alike"
ORIGINALS, COPIES = 23, 3


def original(seed: int) -> Pixels:
    """A red block among grey ones, elsewhere in each picture."""
    rng = np.random.default_rng(seed)
    x, y = (int(n) for n in rng.integers(5, 60, 2))
    picture = parts.scene(size=(160, 120), seed=seed)
    for dx, dy in rng.integers(0, 90, (6, 2)):
        picture[dy : dy + 30, dx : dx + 60] //= 2
    picture[y : y + 40, x : x + 50] = parts.COLOURS["red"]
    return picture


def copies(picture: Pixels) -> list[bytes]:
    """The picture larger, a little cut, and a little brighter; the block stays of its colour."""
    red = (picture == parts.COLOURS["red"]).all(axis=2)
    brighter = np.where(red[..., None], picture, np.clip(picture.astype(np.int32) + 12, 0, 255)).astype(np.uint8)
    larger = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    return [parts.png(np.asarray(changed, np.uint8)) for changed in (larger, picture[1:-1, 1:-2], brighter)]


@pytest.fixture(scope="module")
def search(read_index: ObjectIndex) -> Searcher:
    read_index.create(C, parts.PACK, "hnsw")
    refs = []
    for n in range(ORIGINALS):
        picture = original(n)
        refs.append(ImageRef(f"{n}.png", data=parts.png(picture)))
        refs += [ImageRef(f"{n}-{m}.png", data=data) for m, data in enumerate(copies(picture))]
    parts.indexer(read_index, parts.networks(), parts.MemoryStore(), chunk_size=32).ingest(refs, collection=C)
    read_index.refresh(C)
    return parts.searcher(read_index, parts.networks())


def name_of(file_name: str) -> str:
    return file_name.removesuffix(".png").partition("-")[0]


def red(size: int, cursor: str | None = None, *, fold: bool = True) -> Query:
    return Query(
        (TextClause("red"),), signals={"words": 1.0, "clip": 1.0}, size=size, cursor=cursor, collapse_duplicates=fold
    )


@pytest.mark.parametrize("one_worker", [True, False])
def test_pages_are_full_of_different_pictures(read_index: ObjectIndex, search: Searcher, one_worker: bool) -> None:
    ids: list[str] = []
    cursor = None
    while True:
        worker = search if one_worker else parts.searcher(read_index, parts.networks())
        answer = worker.search(C, red(4, cursor))
        ids += [name_of(hit.image.file_name) for hit in answer.hits]
        for hit in answer.hits:
            like = read_index.stored(C, hit.near_duplicates)
            assert {name_of(frame.image.file_name) for frame in like.values()} <= {name_of(hit.image.file_name)}
        cursor = answer.next_cursor
        if cursor is None:
            break
        assert len(answer.hits) == 4
    assert sorted(ids) == sorted(str(n) for n in range(ORIGINALS))


def test_one_deep_page_tells_all_that_look_the_same(read_index: ObjectIndex, search: Searcher) -> None:
    answer = search.search(C, red(100))
    assert (answer.total, answer.total_exact) == (ORIGINALS, True)
    for hit in answer.hits:
        assert len(hit.near_duplicates) == COPIES
    ids = {hit.image.image_id for hit in answer.hits} | {i for hit in answer.hits for i in hit.near_duplicates}
    assert len(ids) == ORIGINALS * (1 + COPIES)
    plain = search.search(C, red(100, fold=False))
    assert (plain.total, plain.total_exact) == (ORIGINALS * (1 + COPIES), True)
    assert {hit.near_duplicates for hit in plain.hits} == {()}
    assert plain.hits[0].image == answer.hits[0].image
