"""What an ingest notices and mends, waits for, and leaves: lost bytes, crops without a vector, memory, deletions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from tests.parts import COLOURS, HistogramEncoder, MemoryStore, Shelf, indexer, networks, png, scene

from boxlens.domain.boxes import Box
from boxlens.domain.filters import Filter
from boxlens.domain.objects import Vector
from boxlens.domain.pictures import Pixels, image_id_of
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure
from boxlens.index.memory.index import InMemoryIndex
from boxlens.library.deletion import delete_image, restore_image
from boxlens.library.removal import remove_collection
from boxlens.models.image_encoder import unit

RED, BLUE = ("red", Box(10, 20, 60, 80)), ("blue", Box(90, 30, 130, 70))


@pytest.mark.parametrize("damage", ["lost", "cut"])
def test_stored_bytes_that_are_lost_or_cut_are_put_again(damage: str) -> None:
    index, store = InMemoryIndex(), MemoryStore()
    work = indexer(index, networks(), store)
    refs = [ImageRef(f"{n}.png", data=png(scene(RED, seed=n))) for n in range(3)]
    work.ingest(refs, collection="c")
    whole = dict(store.held)
    place = min(whole)
    if damage == "lost":
        del store.held[place]
    else:
        store.held[place] = store.held[place][:50]
    report = work.ingest(refs, collection="c")
    assert (report.repaired, report.unchanged, report.objects) == (1, 2, 0)
    assert store.held == whole
    assert work.ingest(refs, collection="c").unchanged == 3


class NoVectorOfBlue(HistogramEncoder):
    """As a network that has no vector for some crops."""

    def encode_images(self, pictures: Sequence[Pixels]) -> Vector:
        rows = super().encode_images(pictures)
        blue = [bool((picture == COLOURS["blue"]).all(axis=2).any()) for picture in pictures]
        return unit(np.where(np.array(blue)[:, None], 0, rows).astype(np.float32), self.dims, "vit")


def test_a_crop_without_a_vector_fails_its_picture_alone() -> None:
    failures: list[Failure] = []
    refs = [ImageRef(f"{n}.png", data=png(scene(RED, *([BLUE] if n == 2 else []), seed=n))) for n in range(5)]
    report = indexer(InMemoryIndex(), networks(vit=NoVectorOfBlue()), MemoryStore()).ingest(
        refs, collection="c", on_failure=lambda ref, failure: failures.append(failure)
    )
    assert (report.stored, report.failed) == (4, 1)
    assert [(failure.uri, failure.stage) for failure in failures] == [("2.png", "vit")]


def test_what_was_deleted_stays_deleted_unless_asked_for() -> None:
    index, store = InMemoryIndex(), MemoryStore()
    work, shelf = indexer(index, networks(), store), Shelf(index, store)
    refs = [ImageRef(f"{n}.png", data=png(scene(RED, seed=n))) for n in range(3)]
    work.ingest(refs, collection="c")
    image_id = min(match.image_id for match in index.matching("c", Filter(), 10))
    delete_image(shelf, "c", image_id)
    again = work.ingest(refs, collection="c")
    assert (again.stored, again.unchanged, again.deleted, again.images) == (0, 2, 1, 3)
    assert index.info("c").images == 2
    other = work.ingest(refs, collection="another")
    assert other.stored == 3
    asked = work.ingest([replace(ref, undelete=True) for ref in refs], collection="c")
    assert (asked.stored, asked.unchanged, asked.deleted) == (1, 2, 0)
    delete_image(shelf, "c", image_id)
    restore_image(shelf, "c", image_id)
    index.delete_image("c", image_id)
    assert work.ingest(refs, collection="c").stored == 1
    delete_image(shelf, "c", image_id)
    lost = next(ref for ref in refs if image_id_of(ref.data or b"") == image_id)
    assert work.add(lost, collection="c")[1]  # who sends one picture asks for it
    assert work.ingest(refs, collection="c").unchanged == 3
    delete_image(shelf, "c", image_id)
    remove_collection(shelf, "c", pictures=False)
    assert work.ingest(refs, collection="c").stored == 3
