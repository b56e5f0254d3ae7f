"""What every object index promises: collections, writing, reading, changing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.contract.objects import PACK, VIT, frame, full, record, same, thing, unit, written

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import BadInput, NotFound, PackMismatch
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import GeoPoint
from boxlens.domain.ports import ObjectIndex
from boxlens.domain.queries import WordQuery


def test_a_collection_is_made_once_and_described(index: ObjectIndex) -> None:
    first = index.create("photos", PACK)
    again = index.create("photos", PACK)
    assert again.index == first.index
    assert (first.name, first.pack, first.pack_revision) == ("photos", "test", "r1")
    assert (first.images, first.objects, first.last_change) == (0, 0, None)
    assert [info.name for info in index.collections()] == ["photos"]


def test_counts_size_and_last_change(index: ObjectIndex, c: str) -> None:
    written(index, c, full())
    info = index.info(c)
    assert (info.images, info.objects) == (1, 2)
    assert info.size_bytes > 0
    assert info.last_change is not None
    assert abs(info.last_change - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize("name", ["", "Photos", "a b", "../x", "-a", "a" * 65, "a,b", "*", "照片"])
def test_names_that_cannot_be(index: ObjectIndex, name: str) -> None:
    with pytest.raises(BadInput):
        index.create(name, PACK)


CALLS: dict[str, Callable[[ObjectIndex, str], object]] = {
    "info": lambda index, name: index.info(name),
    "drop": lambda index, name: index.drop(name),
    "refresh": lambda index, name: index.refresh(name),
    "serving": lambda index, name: index.serving(name, loading=True),
    "merge": lambda index, name: index.merge(name),
    "check_pack": lambda index, name: index.check_pack(name, PACK),
    "write": lambda index, name: list(index.write(name, full())),
    "stored": lambda index, name: index.stored(name, ["x"]),
    "image": lambda index, name: index.image(name, "x"),
    "objects": lambda index, name: index.objects(name, ["x-1"]),
    "delete": lambda index, name: index.delete_image(name, "x"),
    "annotate": lambda index, name: index.annotate(name, "x", tags=["y"]),
    "search": lambda index, name: index.search(name, [WordQuery(("dog",), (), 3)]),
    "matching": lambda index, name: index.matching(name, Filter(), 3),
    "facets": lambda index, name: index.facets(name, Filter()),
}


@pytest.mark.parametrize("call", CALLS)
def test_unknown_collections(index: ObjectIndex, call: str) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        CALLS[call](index, "nowhere")


@pytest.mark.parametrize(
    "other", [PackInfo("other", "r1", VIT, 8), PackInfo("test", "r2", VIT, 8), PackInfo("test", "r1", VIT, None)]
)
def test_another_pack_is_refused_with_both_named(index: ObjectIndex, c: str, other: PackInfo) -> None:
    for call in (index.create, index.check_pack):
        with pytest.raises(PackMismatch) as caught:
            call(c, other)
        assert f"{PACK.name} {PACK.revision}" in caught.value.detail
        assert f"{other.name} {other.revision}" in caught.value.detail
    index.check_pack(c, PACK)


def test_a_vector_of_other_dims_is_refused(index: ObjectIndex, c: str) -> None:
    image = record("wide")
    with pytest.raises(PackMismatch, match="vit"):
        list(index.write(c, [frame(image, vit_vector=unit(1, VIT + 1))]))
    assert index.stored(c, [image.image_id]) == {}


def test_a_pack_without_clip(index: ObjectIndex) -> None:
    index.create("novectors", PackInfo("plain", "1", VIT, None))
    image = record("plain")
    written(index, "novectors", [frame(image, clip_vector=None)])
    with pytest.raises(PackMismatch, match="no clip"):
        list(index.write("novectors", [frame(image)]))


def test_drop(index: ObjectIndex, c: str) -> None:
    written(index, c, full())
    index.drop(c)
    assert index.collections() == []
    index.create(c, PACK)
    assert index.info(c).images == 0


def test_every_field_comes_back(index: ObjectIndex, c: str) -> None:
    objects = full()
    written(index, c, objects)
    back = index.image(c, objects[0].image.image_id, vectors=True)
    assert len(back) == 3
    assert all(same(a, b) for a, b in zip(objects, back, strict=True))
    bare = index.image(c, objects[0].image.image_id)
    assert all(same(a, b, vectors=False) for a, b in zip(objects, bare, strict=True))
    assert all(o.vit_vector is None and o.clip_vector is None for o in bare)


def test_boxes_are_kept_in_whole_pixels(index: ObjectIndex, c: str) -> None:
    image = record("fractions")
    written(index, c, [frame(image), thing(image, 1, box=Box(10.4, 20.6, 99.2, 100.0))])
    assert index.image(c, image.image_id)[1].box == Box(10, 20, 100, 100)


def test_reads_see_what_was_written_before_any_refresh(index: ObjectIndex, c: str) -> None:
    index.serving(c, loading=True)
    objects = full()
    list(index.write(c, objects))
    image_id = objects[0].image.image_id
    assert set(index.stored(c, [image_id, "unknown"])) == {image_id}
    assert len(index.image(c, image_id)) == 3
    index.serving(c, loading=False)
    assert len(index.matching(c, Filter(), 10)) == 3


def test_objects_come_in_the_order_asked_for(index: ObjectIndex, c: str) -> None:
    objects = full()
    written(index, c, objects)
    ids = [objects[2].object_id, "unknown-7", objects[0].object_id, objects[2].object_id]
    back = index.objects(c, ids, vectors=True)
    assert [o.object_id for o in back] == [ids[0], ids[2], ids[3]]
    assert back[0].vit_vector is not None
    assert index.objects(c, []) == []


def test_unknown_images(index: ObjectIndex, c: str) -> None:
    written(index, c, full())
    for call in (index.image, index.delete_image, index.annotate):
        with pytest.raises(NotFound, match="nobody"):
            call(c, "nobody")


def test_writing_twice_changes_nothing(index: ObjectIndex, c: str) -> None:
    objects = full()
    for _ in range(2):
        written(index, c, objects)
    assert len(index.matching(c, Filter(), 100)) == 3
    back = index.image(c, objects[0].image.image_id, vectors=True)
    assert all(same(a, b) for a, b in zip(objects, back, strict=True))


def test_the_same_image_twice_in_one_write(index: ObjectIndex, c: str) -> None:
    image, other = record("again"), record("between")
    first = [frame(image), *(thing(image, n) for n in range(1, 6))]
    results = list(index.write(c, [*first, frame(other), frame(image), thing(image, 2, "cat")]))
    assert len(results) == 9
    assert all(r.ok for r in results)
    assert [(o.number, o.label) for o in index.image(c, image.image_id)] == [(0, ""), (2, "cat")]
    index.refresh(c)
    assert len(index.matching(c, Filter(), 100)) == 3


def test_documents_no_longer_in_the_set_are_deleted(index: ObjectIndex, c: str) -> None:
    image, other = record("shrinks"), record("stays")
    written(index, c, [frame(image), *(thing(image, n) for n in (1, 2, 3)), frame(other), thing(other, 3)])
    written(index, c, [frame(image), thing(image, 2, "cat")])
    assert [o.number for o in index.image(c, image.image_id)] == [0, 2]
    assert len(index.matching(c, Filter(), 100)) == 4
    assert len(index.image(c, other.image_id)) == 2


def test_an_image_without_a_frame_is_not_written(index: ObjectIndex, c: str) -> None:
    image, good = record("headless"), record("good")
    results = list(index.write(c, [thing(image, 1), thing(image, 2), frame(good)]))
    assert [(r.ok, "frame" in r.reason) for r in results] == [(False, True), (False, True), (True, False)]
    assert set(index.stored(c, [image.image_id, good.image_id])) == {good.image_id}


def test_a_refused_object_fails_alone_and_keeps_its_image_from_being_stored(index: ObjectIndex, c: str) -> None:
    image, good = record("long vector"), record("good")
    bad = thing(image, 2, vit_vector=np.full(VIT, 2, dtype=np.float32))
    results = {r.object_id: r for r in index.write(c, [frame(image), thing(image, 1), bad, frame(good)])}
    assert len(results) == 4
    assert results[thing(image, 1).object_id].ok
    assert results[frame(good).object_id].ok
    assert not results[bad.object_id].ok
    assert results[bad.object_id].reason
    assert "1 objects of the image failed" in results[frame(image).object_id].reason
    assert set(index.stored(c, [image.image_id, good.image_id])) == {good.image_id}
    written(index, c, [frame(image), thing(image, 1)])  # the repair
    assert [o.number for o in index.image(c, image.image_id)] == [0, 1]


def test_a_refused_frame(index: ObjectIndex, c: str) -> None:
    image = record("off the globe", location=GeoPoint(123.0, 0.0))
    results = list(index.write(c, [frame(image)]))
    assert [r.ok for r in results] == [False]
    assert results[0].reason
    assert index.stored(c, [image.image_id]) == {}


def test_a_write_left_half_way_counts_as_not_stored_and_is_repaired(index: ObjectIndex, c: str) -> None:
    image, cut = record("before"), record("cut off")

    def dies() -> Iterator[IndexedObject]:
        yield from [frame(image), *(thing(cut, n) for n in range(1, 5))]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(index.write(c, dies()))
    assert index.stored(c, [cut.image_id]) == {}
    written(index, c, [frame(image), frame(cut), thing(cut, 2)])
    assert len(index.matching(c, Filter(), 100)) == 3


def test_annotating_an_image_and_one_object(index: ObjectIndex, c: str) -> None:
    objects = full()
    written(index, c, objects)
    image_id = objects[0].image.image_id
    index.annotate(c, image_id, caption="a new caption", tags=["x", "y", "x"])
    index.annotate(c, image_id, number=2, caption="the right one", tags=["z"])
    back = index.image(c, image_id, vectors=True)
    assert {(o.image.caption, o.image.tags) for o in back} == {("a new caption", ("x", "y"))}
    assert [o.caption for o in back] == [None, "the left one", "the right one"]
    assert [o.tags for o in back] == [(), ("draft",), ("z",)]
    for old, new in zip(objects, back, strict=True):
        assert same(old, replace(new, image=old.image, caption=old.caption, tags=old.tags))
    index.annotate(c, image_id, caption="")
    assert index.image(c, image_id)[0].image.caption is None
    assert index.image(c, image_id)[0].image.tags == ("x", "y")
    with pytest.raises(NotFound, match="no object 9"):
        index.annotate(c, image_id, number=9, caption="?")


def test_an_image_in_albums(index: ObjectIndex, c: str) -> None:
    objects, other = full(), record("other")
    written(index, c, [*objects, frame(other)])
    image_id = objects[0].image.image_id
    index.annotate(c, image_id, albums=["Tuscany", "best of 2023", "Tuscany"])
    back = index.image(c, image_id)
    assert {(obj.image.albums, obj.image.edited) for obj in back} == {(("Tuscany", "best of 2023"), ("albums",))}
    inside = Filter((Condition("albums", any_of=("best of 2023",)),))
    assert {match.image_id for match in index.matching(c, inside, 10)} == {image_id}
    assert index.facets(c, Filter())["album"] == {"Tuscany": 1, "best of 2023": 1}
    index.annotate(c, image_id, albums=[])
    assert index.matching(c, inside, 10) == []


def test_annotations_are_found_at_once(index: ObjectIndex, c: str) -> None:
    objects = full()
    written(index, c, objects)
    index.annotate(c, objects[0].image.image_id, number=1, tags=["zebracrossing"])
    (ranking,) = index.search(c, [WordQuery((), ("zebracrossing",), 5)])
    assert [r.object_id for r in ranking] == [objects[1].object_id]


def test_deleting_an_image(index: ObjectIndex, c: str) -> None:
    objects, other = full(), record("other")
    written(index, c, [*objects, frame(other)])
    assert index.delete_image(c, objects[0].image.image_id) == 3
    assert [r.image_id for r in index.matching(c, Filter(), 10)] == [other.image_id]
    with pytest.raises(NotFound):
        index.image(c, objects[0].image.image_id)
    with pytest.raises(NotFound):
        index.delete_image(c, objects[0].image.image_id)


def test_changes_of_several_images_are_seen_after_one_refresh(index: ObjectIndex, c: str) -> None:
    first, second, third = record("first"), record("second"), record("third")
    written(index, c, [frame(first), thing(first, 1), frame(second), thing(second, 1), frame(third)])
    for image in (first, second):
        index.annotate(c, image.image_id, tags=["sea"], visible=False)
        index.annotate(c, image.image_id, caption="by the sea", visible=False)
    assert index.image(c, first.image_id)[0].image.caption == "by the sea"  # reads by id see it at once
    index.refresh(c)
    by_the_sea = Filter((Condition("tags", any_of=("sea",)),))
    assert {match.image_id for match in index.matching(c, by_the_sea, 10)} == {first.image_id, second.image_id}
    assert [index.delete_image(c, image.image_id, visible=False) for image in (first, second)] == [2, 2]
    assert index.stored(c, [first.image_id, second.image_id]) == {}
    index.refresh(c)
    assert [match.image_id for match in index.matching(c, Filter(), 10)] == [third.image_id]


def test_odd_text_is_stored(index: ObjectIndex, c: str) -> None:
    image = record(
        "odd",
        file_name="odd \ud800 \x00 🐶",
        caption="\x00\x07 🐶 \udcff" + "长" * 5000,
        attributes={"": "x", "a\0b": "\0"},
    )
    tags = ("", "🐶" * 3000, "x" * 40_000)
    written(index, c, [frame(replace(image, tags=tags, camera="y" * 40_000))])
    assert set(index.stored(c, [image.image_id])) == {image.image_id}
