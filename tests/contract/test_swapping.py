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

from embedding_pipeline.domain import Box, CollectionSettings, ImageRef, PackInfo
from embedding_pipeline.errors import Conflict, NotFound, PackMismatch
from embedding_pipeline.ingest.indexing import Indexer
from embedding_pipeline.ingest.swapping import Swap, discard
from embedding_pipeline.pipeline.graph import IngestPipeline, QueryPipeline
from embedding_pipeline.pipeline.networks import Networks
from embedding_pipeline.pipeline.stages import KnownImages, StageClock, Stages
from embedding_pipeline.ports import ObjectIndex
from embedding_pipeline.queries import Filter, PictureClause, Query
from embedding_pipeline.search.searching import Searcher
from embedding_pipeline.stores import elastic_swap
from embedding_pipeline.stores.elastic import ElasticIndex

MIRROR = PackInfo("mirror", "2" * 64, 12, 12)  # the worst case: vectors of the same size that mean something else
LEFT, RIGHT = Box(10, 20, 60, 80), Box(90, 30, 130, 70)
NETWORKS = {
    PACK.name: parts.networks(),
    MIRROR.name: parts.networks(vit=parts.MirroredEncoder(), clip=parts.MirroredEncoder()),
}


def indexer(index: ObjectIndex, pack: PackInfo, store: MemoryStore, nets: Networks | None = None) -> Indexer:
    def pipeline_for(known: KnownImages, clock: StageClock) -> IngestPipeline:
        networks = nets or NETWORKS[pack.name]
        stages = Stages(networks, fetcher=NoFetcher(), store=store, known=known, bucket="pictures", clock=clock)
        return IngestPipeline(stages, detect_batch=2, embed_batch=8)

    return Indexer(index, pack, pipeline_for, slab=2)


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
    wanted = Query((PictureClause(scene(("red", LEFT), ("blue", RIGHT), seed=0), LEFT),), size=3)
    seen: list[str | Exception] = []
    ended = threading.Event()

    def once(*, fresh: bool) -> str:
        pack = index.setup(collection, fresh=fresh).pack
        hit = searchers[pack.name].search(collection, wanted).hits[0]
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
    elastic: ElasticIndex, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin moves at once, so that a search may fall into its move; Elasticsearch is what people search."""
    monkeypatch.undo()  # the whole grace
    index = elastic
    filled(index, store)
    index.configure("photos", CollectionSettings(min_relevance=0.7))
    before = {key: index.image("photos", key) for key in ids(index)}
    with asking(index, "photos") as seen:
        ended = Swap(index, "photos", MIRROR, indexer(index, MIRROR, store)).run()
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
    wanted = Query((PictureClause(scene(("red", LEFT), ("blue", RIGHT), seed=0), LEFT),), size=3)
    assert search.search("photos", wanted).hits[0].objects[0].object.label == "red"
    asked = index.search

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(index, "search", asked)
        Swap(index, "photos", MIRROR, indexer(index, MIRROR, store)).run()
        return asked(*arguments)

    monkeypatch.setattr(index, "search", overtaken)
    with pytest.raises(PackMismatch):
        search.search("photos", wanted)


def test_what_is_added_described_and_deleted_meanwhile_comes_along(index: ObjectIndex, store: MemoryStore) -> None:
    old = filled(index, store)
    kept = {index.image("photos", key)[0].image.file_name: key for key in ids(index)}
    index.annotate("photos", kept["1.png"], number=1, caption="the green one", tags=["mine"])
    done = False

    def meanwhile(report: object) -> None:
        nonlocal done
        if not done:
            done = True
            old.add(picture(50), collection="photos")
            index.delete_image("photos", kept["2.png"])
            index.annotate("photos", kept["0.png"], caption="another caption", tags=["late"])
            index.annotate("photos", kept["1.png"], number=2, tags=["later"])

    ended = Swap(index, "photos", MIRROR, indexer(index, MIRROR, store)).run(on_progress=meanwhile)
    assert ended.done
    names = {index.image("photos", key)[0].image.file_name: key for key in ids(index)}
    assert set(names) == {"0.png", "1.png", "3.png", "4.png", "5.png", "6.png", "50.png"}
    changed = index.image("photos", names["0.png"])[0].image
    assert (changed.caption, changed.tags) == ("another caption", ("late",))
    _, first, second = index.image("photos", names["1.png"])
    assert (first.caption, first.tags, second.tags) == ("the green one", ("mine",), ("later",))


def test_a_swap_that_was_stopped_goes_on_where_it_was(index: ObjectIndex, store: MemoryStore) -> None:
    filled(index, store)
    stop = threading.Event()
    work = Swap(index, "photos", MIRROR, indexer(index, MIRROR, store))
    ended = work.run(on_progress=lambda report: stop.set(), stop=stop)
    assert not ended.done
    assert 0 < ended.images < 7
    assert index.setup("photos", fresh=True).pack == PACK
    assert [info.name for info in index.collections()] == ["photos"]
    counts: list[int] = []
    other = replace(MIRROR, name="third", revision="3" * 64)
    with pytest.raises(Conflict, match="begun and not ended"):
        Swap(index, "photos", other, indexer(index, other, store, NETWORKS["mirror"])).run()
    again = Swap(index, "photos", MIRROR, indexer(index, MIRROR, store))
    assert again.run(on_progress=lambda report: counts.append(report.stored)).done
    assert max(counts) == 7 - ended.images
    assert len(ids(index)) == 7


def test_a_swap_can_be_given_up(index: ObjectIndex, store: MemoryStore) -> None:
    old = filled(index, store)
    index.stage("photos", MIRROR)
    index.seal("photos", sealed=True)
    discard(index, "photos")
    old.add(picture(40), collection="photos")
    assert len(ids(index)) == 8
    with pytest.raises(NotFound):
        discard(index, "photos")


def test_writes_are_refused_while_sealed_and_searches_are_not(index: ObjectIndex, store: MemoryStore) -> None:
    old = filled(index, store, 2)
    (some, _) = ids(index)
    index.seal("photos", sealed=True)
    for write in (
        lambda: old.add(picture(9), collection="photos"),
        lambda: index.annotate("photos", some, caption="no"),
        lambda: index.delete_image("photos", some),
    ):
        with pytest.raises(Conflict, match="moves to another pack"):
            write()
    assert len(ids(index)) == 2
    index.seal("photos", sealed=False)
    old.add(picture(9), collection="photos")
    assert len(ids(index)) == 3


def test_a_picture_that_cannot_be_taken_leaves_the_old_one_serving(index: ObjectIndex, store: MemoryStore) -> None:
    filled(index, store)
    gone = next(iter(store.held))
    kept = store.held.pop(gone)
    failed: list[str] = []
    work = Swap(index, "photos", MIRROR, indexer(index, MIRROR, store))
    ended = work.run(on_failure=lambda ref, failure: failed.append(failure.reason))
    assert (ended.done, ended.images, ended.failed, len(failed)) == (False, 6, 1, 1)
    assert index.setup("photos", fresh=True).pack == PACK
    store.held[gone] = png(scene(seed=77))
    ended = work.run(on_failure=lambda ref, failure: failed.append(failure.reason))
    assert not ended.done
    assert "its bytes changed" in failed[-1]
    store.held[gone] = kept
    assert work.run().done
    assert len(ids(index)) == 7


def test_the_same_pack_and_unknown_collections_are_refused(index: ObjectIndex, store: MemoryStore) -> None:
    filled(index, store, 1)
    with pytest.raises(Conflict, match="already"):
        Swap(index, "photos", PACK, indexer(index, PACK, store)).run()
    with pytest.raises(NotFound):
        Swap(index, "nowhere", MIRROR, indexer(index, MIRROR, store)).run()
    with pytest.raises(NotFound):
        index.promote("photos")


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
