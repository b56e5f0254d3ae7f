"""Corrections of labels and boxes on both indices and object stores: they outlive all that happens to a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import httpx
import numpy as np
import pytest
from tests import parts
from tests.parts import PACK, NoFetcher, png, scene

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import Conflict
from boxlens.domain.objects import IndexedObject
from boxlens.domain.ports import ObjectIndex, ObjectStore
from boxlens.domain.references import ImageRef
from boxlens.index.elasticsearch.admin import reindex as elastic_swap
from boxlens.ingest.indexer import Indexer
from boxlens.library.audit import Audit
from boxlens.library.corrections import Corrector
from boxlens.library.rebuild import rebuild
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.library.reindex import ReindexJob
from boxlens.objectstore.proxy_client import ProxyStore
from boxlens.pipeline.engine import BatchSizes, IngestEngine
from boxlens.pipeline.engines.sequential import SequentialEngine
from boxlens.pipeline.model_set import ModelSet
from boxlens.pipeline.stages import StageClock, Stages, StoredImages
from boxlens.records.records import Records

MIRROR = PackInfo("mirror", "2" * 64, 12, 12)
LEFT, RIGHT, BELOW = Box(10, 20, 60, 80), Box(90, 30, 130, 70), Box(60, 85, 90, 115)
DRAWN, MOVED = [100, 80, 140, 110], [8, 18, 66, 88]
PICTURE = ImageRef("test:1.png", data=png(scene(("red", LEFT), ("blue", RIGHT), ("green", BELOW))), file_name="1.png")


@dataclass
class Shelf:
    """A collection ``photos`` of one picture with a red, a green and a blue block (numbers 1, 2, 3), and all that works
    on it; ``bucket`` is one that nobody else uses. ``library.Library`` for audits."""

    index: ObjectIndex
    store: ObjectStore
    bucket: str = "pictures"

    def __post_init__(self) -> None:
        self.writer = RecordedWriter(self.index, Records(self.store))
        self.networks: Mapping[str, ModelSet] = {
            PACK.name: parts.networks(),
            MIRROR.name: parts.networks(vit=parts.MirroredEncoder(), clip=parts.MirroredEncoder()),
        }
        self.writer.records.forget("photos")
        (frame, *_), _ = self._made()
        self.image_id = frame.image.image_id

    def _made(self) -> tuple[list[IndexedObject], bool]:
        self.writer.create("photos", PACK)
        return self.indexer(PACK).add(PICTURE, collection="photos")

    def indexer(self, pack: PackInfo) -> Indexer:
        def engine_for(stored: StoredImages, clock: StageClock) -> IngestEngine:
            nets = self.networks[pack.name]
            stages = Stages(nets, fetcher=NoFetcher(), store=self.store, stored=stored, bucket=self.bucket, clock=clock)
            return SequentialEngine(stages, BatchSizes(detect=2, embed=8))

        return Indexer(self.index, pack, engine_for, chunk_size=2, writer=self.writer)

    def corrector(self, pack: PackInfo = PACK) -> Corrector:
        return Corrector(self.index, self.writer, self.store, NoFetcher(), self.networks[pack.name], pack)

    def swap(self, pack: PackInfo) -> None:
        assert ReindexJob(self.index, "photos", pack, self.indexer(pack), writer=self.writer).run().done

    def objects(self) -> list[IndexedObject]:
        return self.index.image("photos", self.image_id, vectors=True)

    def state(self) -> dict[int, tuple[str, list[float], str]]:
        """Label, box and author of every object by number."""
        return {obj.number: (obj.label, obj.box.as_list(), obj.corrected_by) for obj in self.objects() if obj.number}

    def expect_vectors_of(self, pack: PackInfo) -> None:
        """Every vector is what the pack makes of the box as it is now."""
        nets, pixels = self.networks[pack.name], scene(("red", LEFT), ("blue", RIGHT), ("green", BELOW))
        assert nets.vit is not None
        for obj in self.objects():
            (vector,) = nets.vit.encode_images([nets.cut(pixels, obj.box)])
            assert obj.vit_vector is not None
            np.testing.assert_allclose(obj.vit_vector, vector, atol=2e-3)  # a record has float16


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_swap, "GRACE_S", 0.0)


@pytest.fixture
def shelf(index: ObjectIndex) -> Shelf:
    return Shelf(index, parts.MemoryStore())


@pytest.fixture
def proxied_shelf(index: ObjectIndex, proxy: httpx.Client, bucket: str) -> Iterator[Shelf]:
    """One whose bytes and records lie behind a minio-proxy, over a folder or the real MinIO."""
    store = ProxyStore(str(proxy.base_url))
    yield Shelf(index, store, bucket)
    store.close()


CORRECTED = {
    1: ("green", [8, 18, 66, 88], "anna"),  # was red: moved, and another class by its Chinese name
    4: ("our Bello", [100, 80, 140, 110], "local"),  # drawn
    3: ("blue", [90, 30, 130, 70], ""),  # as it was detected; 2 was removed
}


def corrected(shelf: Shelf) -> None:
    corrector = shelf.corrector()
    corrector.change("photos", shelf.image_id, 1, label="绿", box=MOVED, by="anna")
    corrector.remove("photos", shelf.image_id, 2, by="anna")
    corrector.add("photos", shelf.image_id, label="our Bello", box=DRAWN)
    assert shelf.state() == CORRECTED
    shelf.expect_vectors_of(PACK)


def test_a_correction_survives_a_second_ingest_a_move_to_another_pack_and_a_rebuild(proxied_shelf: Shelf) -> None:
    shelf = proxied_shelf
    corrected(shelf)
    steps = shelf.objects()[0].corrections
    shelf.indexer(PACK).add(replace(PICTURE, caption="said later"), collection="photos")
    shelf.indexer(PACK).ingest([PICTURE], collection="photos")
    assert (shelf.state(), shelf.objects()[0].image.caption) == (CORRECTED, "said later")
    assert list(Audit(shelf).collection("photos")) == []
    shelf.swap(MIRROR)
    assert shelf.state() == CORRECTED
    shelf.expect_vectors_of(MIRROR)
    shelf.index.drop("photos")  # the index is lost; its records are not
    assert rebuild(shelf.index, shelf.writer, "photos").written == 1
    assert (shelf.state(), shelf.objects()[0].corrections) == (CORRECTED, steps)
    shelf.expect_vectors_of(MIRROR)
    assert list(Audit(shelf).collection("photos")) == []


def test_corrections_are_taken_back_one_by_one_also_with_another_pack(shelf: Shelf) -> None:
    before = shelf.state()
    corrected(shelf)
    shelf.swap(MIRROR)
    corrector = shelf.corrector(MIRROR)
    corrector.undo("photos", shelf.image_id, 1)
    assert shelf.state() == CORRECTED | {1: before[1]}
    corrector.undo("photos", shelf.image_id)
    corrector.undo("photos", shelf.image_id)
    assert shelf.state() == before
    shelf.expect_vectors_of(MIRROR)
    with pytest.raises(Conflict, match="nothing to take back"):
        corrector.undo("photos", shelf.image_id)
    assert list(Audit(shelf).collection("photos")) == []


def test_what_is_corrected_while_a_collection_moves_comes_along(shelf: Shelf) -> None:
    passes = iter(range(2))

    def meanwhile(report: object) -> None:
        match next(passes, None):
            case 0:
                corrected(shelf)
            case 1:
                shelf.corrector().undo("photos", shelf.image_id)

    job = ReindexJob(shelf.index, "photos", MIRROR, shelf.indexer(MIRROR), writer=shelf.writer)
    assert job.run(on_progress=meanwhile).done
    assert shelf.state() == {number: CORRECTED[number] for number in (1, 3)}
    shelf.expect_vectors_of(MIRROR)


def test_of_two_corrections_at_once_one_is_refused_and_none_is_lost(shelf: Shelf) -> None:
    read_before = shelf.objects()
    corrected(shelf)
    with pytest.raises(Conflict, match="changed meanwhile"):
        shelf.writer.correct("photos", read_before, read_before[0].corrections)
    assert shelf.state() == CORRECTED
    assert list(Audit(shelf).collection("photos")) == []


def test_an_ingest_that_read_a_picture_before_it_was_corrected_leaves_the_correction(shelf: Shelf) -> None:
    read_before = shelf.objects()
    corrected(shelf)
    described = [replace(obj, image=replace(obj.image, caption="of a sidecar")) for obj in read_before]
    assert all(result.ok for result in shelf.writer.write("photos", described))
    assert (shelf.state(), shelf.objects()[0].image.caption) == (CORRECTED, "of a sidecar")
    shelf.expect_vectors_of(PACK)
