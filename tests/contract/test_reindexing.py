"""A collection over to another pack on both indices: searched, added to, described and deleted from meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests import parts
from tests.parts import PACK, MemoryStore, NoFetcher, png, scene

from boxlens.domain.boxes import Box
from boxlens.domain.collections import CollectionSettings, PackInfo
from boxlens.domain.errors import Conflict, NotFound, PackMismatch
from boxlens.domain.filters import Filter
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import PictureClause, Query
from boxlens.domain.references import ImageRef
from boxlens.index.elasticsearch.admin import reindex as elastic_swap
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.ingest.indexer import Indexer
from boxlens.library.reindex import ReindexJob, discard
from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.engines.sequential import SequentialEngine
from boxlens.pipeline.model_set import ModelSet
from boxlens.pipeline.query_pictures import QueryPipeline
from boxlens.pipeline.stages import StageClock, Stages, StoredImages
from boxlens.search.searcher import Searcher

MIRROR = PackInfo("mirror", "2" * 64, 12, 12)  # the worst case: vectors of the same size that mean something else
LEFT, RIGHT = Box(10, 20, 60, 80), Box(90, 30, 130, 70)
NETWORKS = {
    PACK.name: parts.networks(),
    MIRROR.name: parts.networks(vit=parts.MirroredEncoder(), clip=parts.MirroredEncoder()),
}


def indexer(index: ObjectIndex, pack: PackInfo, store: MemoryStore, nets: ModelSet | None = None) -> Indexer:
    def engine_for(stored: StoredImages, clock: StageClock) -> IngestEngine:
        networks = nets or NETWORKS[pack.name]
        stages = Stages(networks, fetcher=NoFetcher(), store=store, stored=stored, bucket="pictures", clock=clock)
        return SequentialEngine(stages, BatchSizes(detect=2, embed=8))

    return Indexer(index, pack, engine_for, chunk_size=2)


def picture(n: int) -> ImageRef:
    left, right = (("red", "blue"), ("green", "yellow"), ("blue", "green"))[n % 3]
    blocks = ((left, LEFT), (right, RIGHT))
    return ImageRef(f"test:{n}.png", data=png(scene(*blocks, seed=n)), file_name=f"{n}.png", caption=f"number {n}")


@contextmanager
def asking(index: ObjectIndex, collection: str) -> Iterator[list[str | Exception]]:
    """Someone who searches all the while with the pack the collection has; what the best hit was each time."""
    searchers = {
        pack.name: Searcher(index, pack, QueryPipeline(NETWORKS[pack.name]), None, parts.LABELS)
        for pack in (PACK, MIRROR)
    }
    query = Query((PictureClause(scene(("red", LEFT), ("blue", RIGHT), seed=0), LEFT),), size=3)
    seen: list[str | Exception] = []
    ended = threading.Event()

    def once(*, fresh: bool) -> str:
        pack = index.setup(collection, fresh=fresh).pack
        hit = searchers[pack.name].search(collection, query).hits[0]
        return hit.objects[0].object.label

    def ask() -> None:
        while not ended.is_set():
            try:
                try:
                    seen.append(once(fresh=False))
                except PackMismatch:
                    seen.append(once(fresh=True))
            except Exception as error:  # noqa: BLE001
                seen.append(error)
            time.sleep(0.02)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of what the grace is for leave it alone."""
    monkeypatch.setattr(elastic_swap, "GRACE_S", 0.0)


def filled(index: ObjectIndex, store: MemoryStore, count: int = 7) -> Indexer:
    before = indexer(index, PACK, store)
    before.ingest([picture(n) for n in range(count)], collection="photos")
    return before


def ids(index: ObjectIndex) -> set[str]:
    return {match.image_id for match in index.matching("photos", Filter(), 1000)}


def test_searches_go_on_while_a_collection_moves(
    elastic: ElasticsearchIndex, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin moves at once, so that a search may fall into its move; Elasticsearch is what people search."""
    monkeypatch.undo()  # the whole grace
    index = elastic
    filled(index, store)
    index.configure("photos", CollectionSettings(min_relevance=0.7))
    before = {key: index.image("photos", key) for key in ids(index)}
    with asking(index, "photos") as seen:
        ended = ReindexJob(index, "photos", MIRROR, indexer(index, MIRROR, store)).run()
        time.sleep(0.2)
    assert (ended.done, ended.images, ended.failed) == (True, 7, 0)
    assert len(seen) > 5
    assert set(map(str, seen)) == {"red"}
    assert index.setup("photos", fresh=True).pack == MIRROR
    assert index.info("photos").settings == CollectionSettings(min_relevance=0.7)
    assert [info.name for info in index.collections()] == ["photos"]
    for key, objects in before.items():
        after = index.image("photos", key, vectors=True)
        assert [o.image for o in after] == [o.image for o in objects]
        assert [o.box for o in after] == [o.box for o in objects]
        (again,) = NETWORKS["mirror"].vit.encode_images([scene(seed=99)])  # type: ignore[union-attr]
        assert all(o.vit_vector is not None and o.vit_vector.shape == again.shape for o in after)
    assert set(store.held) == {(o[0].image.bucket, o[0].image.image_key) for o in before.values()}


def test_an_answer_that_a_move_overtakes_is_not_given(
    index: ObjectIndex, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that knew the pack of the collection a moment ago must not compare its vectors with those of another."""
    filled(index, store)
    search = Searcher(index, PACK, QueryPipeline(NETWORKS[PACK.name]), None, parts.LABELS)
    query = Query((PictureClause(scene(("red", LEFT), ("blue", RIGHT), seed=0), LEFT),), size=3)
    assert search.search("photos", query).hits[0].objects[0].object.label == "red"
    index_search = index.search

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(index, "search", index_search)
        ReindexJob(index, "photos", MIRROR, indexer(index, MIRROR, store)).run()
        return index_search(*arguments)

    monkeypatch.setattr(index, "search", overtaken)
    with pytest.raises(PackMismatch):
        search.search("photos", query)


def test_what_is_added_described_and_deleted_meanwhile_comes_along(index: ObjectIndex, store: MemoryStore) -> None:
    old = filled(index, store)
    ids_by_name = {index.image("photos", key)[0].image.file_name: key for key in ids(index)}
    index.annotate("photos", ids_by_name["1.png"], number=1, caption="the green one", tags=["mine"])
    done = False

    def meanwhile(report: object) -> None:
        nonlocal done
        if not done:
            done = True
            old.add(picture(50), collection="photos")
            index.delete_image("photos", ids_by_name["2.png"])
            index.annotate("photos", ids_by_name["0.png"], caption="another caption", tags=["late"], albums=["trip"])
            index.annotate("photos", ids_by_name["1.png"], number=2, tags=["later"])

    ended = ReindexJob(index, "photos", MIRROR, indexer(index, MIRROR, store)).run(on_progress=meanwhile)
    assert ended.done
    names = {index.image("photos", key)[0].image.file_name: key for key in ids(index)}
    assert set(names) == {"0.png", "1.png", "3.png", "4.png", "5.png", "6.png", "50.png"}
    changed = index.image("photos", names["0.png"])[0].image
    assert (changed.caption, changed.tags, changed.albums) == ("another caption", ("late",), ("trip",))
    _, first, second = index.image("photos", names["1.png"])
    assert (first.caption, first.tags, second.tags) == ("the green one", ("mine",), ("later",))


def test_a_swap_that_was_stopped_goes_on_where_it_was(index: ObjectIndex, store: MemoryStore) -> None:
    filled(index, store)
    stop = threading.Event()
    work = ReindexJob(index, "photos", MIRROR, indexer(index, MIRROR, store))
    ended = work.run(on_progress=lambda report: stop.set(), stop=stop)
    assert not ended.done
    assert 0 < ended.images < 7
    assert index.setup("photos", fresh=True).pack == PACK
    assert [info.name for info in index.collections()] == ["photos"]
    counts: list[int] = []
    other = replace(MIRROR, name="third", revision="3" * 64)
    with pytest.raises(Conflict, match="begun and not ended"):
        ReindexJob(index, "photos", other, indexer(index, other, store, NETWORKS["mirror"])).run()
    again = ReindexJob(index, "photos", MIRROR, indexer(index, MIRROR, store))
    assert again.run(on_progress=lambda report: counts.append(report.stored)).done
    assert max(counts) == 7 - ended.images
    assert len(ids(index)) == 7


def test_a_swap_can_be_given_up(index: ObjectIndex, store: MemoryStore) -> None:
    old = filled(index, store)
    index.create_successor("photos", MIRROR)
    index.block_writes("photos", blocked=True)
    discard(index, "photos")
    old.add(picture(40), collection="photos")
    assert len(ids(index)) == 8
    with pytest.raises(NotFound):
        discard(index, "photos")


def test_writes_are_refused_while_sealed_and_searches_are_not(index: ObjectIndex, store: MemoryStore) -> None:
    old = filled(index, store, 2)
    (some, _) = ids(index)
    index.block_writes("photos", blocked=True)
    for write in (
        lambda: old.add(picture(9), collection="photos"),
        lambda: index.annotate("photos", some, caption="no"),
        lambda: index.delete_image("photos", some),
    ):
        with pytest.raises(Conflict, match="moves to another pack"):
            write()
    assert len(ids(index)) == 2
    index.block_writes("photos", blocked=False)
    old.add(picture(9), collection="photos")
    assert len(ids(index)) == 3


def test_a_picture_that_cannot_be_taken_leaves_the_old_one_serving(index: ObjectIndex, store: MemoryStore) -> None:
    filled(index, store)
    gone = next(iter(store.held))
    data = store.held.pop(gone)
    failed: list[str] = []
    work = ReindexJob(index, "photos", MIRROR, indexer(index, MIRROR, store))
    ended = work.run(on_failure=lambda ref, failure: failed.append(failure.reason))
    assert (ended.done, ended.images, ended.failed, len(failed)) == (False, 6, 1, 1)
    assert index.setup("photos", fresh=True).pack == PACK
    store.held[gone] = png(scene(seed=77))
    ended = work.run(on_failure=lambda ref, failure: failed.append(failure.reason))
    assert not ended.done
    assert "its bytes changed" in failed[-1]
    store.held[gone] = data
    assert work.run().done
    assert len(ids(index)) == 7


def test_the_same_pack_and_unknown_collections_are_refused(index: ObjectIndex, store: MemoryStore) -> None:
    filled(index, store, 1)
    with pytest.raises(Conflict, match="already"):
        ReindexJob(index, "photos", PACK, indexer(index, PACK, store)).run()
    with pytest.raises(NotFound):
        ReindexJob(index, "nowhere", MIRROR, indexer(index, MIRROR, store)).run()
    with pytest.raises(NotFound):
        index.switch_alias("photos")


def test_settings_of_a_collection_are_kept_and_replaced(index: ObjectIndex) -> None:
    index.create("photos", PACK)
    assert index.setup("photos").settings == CollectionSettings()
    own = CollectionSettings(score_threshold=0.5, nms_iou=0.6, min_relevance=0.8)
    index.configure("photos", own)
    assert index.setup("photos", fresh=True).settings == index.info("photos").settings == own
    assert index.setup("photos").pack == PACK
    index.configure("photos", CollectionSettings(nms_iou=0.4))
    assert index.setup("photos", fresh=True).settings == CollectionSettings(nms_iou=0.4)
    with pytest.raises(NotFound):
        index.setup("nowhere")
    with pytest.raises(NotFound):
        index.configure("nowhere", own)
