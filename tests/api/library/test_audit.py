"""Everything that can come apart between index, records and bytes is told, and mended from what is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from boxlens.domain.errors import NotFound
from boxlens.domain.filters import Filter
from boxlens.domain.objects import object_id
from boxlens.domain.references import ImageRef
from boxlens.index.memory.index import InMemoryIndex
from boxlens.library.audit import Audit, Finding
from boxlens.library.deletion import delete_image
from boxlens.library.rebuild import rebuild
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.records.records import BUCKET

C = "/v1/collections/photos"


def findings(world: World, **options: bool) -> list[Finding]:
    audit = Audit(world, **options)
    return [*audit.collection("photos"), *audit.bytes()]


def kinds(world: World, **options: bool) -> list[str]:
    return [finding.kind for finding in findings(world, **options)]


def record_key(world: World, image_id: str) -> str:
    (key,) = (key for key in world.store.keys(BUCKET) if key.endswith(f"{image_id}.json"))
    return key


def snapshot(world: World, image_id: str) -> object:
    return [
        (obj.image, obj.number, obj.box, obj.label, obj.box_score, obj.caption, obj.tags)
        for obj in world.index.image("photos", image_id)
    ]


def test_what_was_taken_in_edited_deleted_and_restored_agrees(client: TestClient, world: World) -> None:
    first, second, third = (world.add(seed, caption="a picture", tags=("t",)) for seed in (1, 2, 3))
    client.patch(f"{C}/images/{first}", json={"caption": "mine", "tags": ["x"]}).raise_for_status()
    client.patch(f"{C}/images/{first}", json={"number": 1, "caption": "left"}).raise_for_status()
    client.delete(f"{C}/images/{second}")
    client.delete(f"{C}/images/{third}")
    client.post(f"{C}/images/{third}/restore").raise_for_status()
    assert findings(world) == []
    recorded = world.writer.records.get("photos", world.pack, first)
    assert [(edit.field, edit.number) for edit in recorded.edits] == [("caption", None), ("tags", None), ("caption", 1)]
    with pytest.raises(NotFound):
        world.writer.records.get("photos", world.pack, second)


def test_what_a_person_said_is_recorded_through_a_later_ingest(world: World) -> None:
    image_id = world.add(1, caption="from the source")
    world.writer.annotate("photos", image_id, caption="mine", by="anna")
    world.add(1, caption="another source", tags=("new",))
    recorded = world.writer.records.get("photos", world.pack, image_id)
    assert (recorded.objects[0].image.caption, recorded.objects[0].image.tags) == ("mine", ("new",))
    assert [(edit.field, edit.by) for edit in recorded.edits] == [("caption", "anna")]
    assert findings(world) == []


def lose_frame(world: World, image_id: str) -> None:
    """Lose one document of the index, as a damaged disk would."""
    assert isinstance(world.index, InMemoryIndex)
    del world.index._collections["photos"].objects[object_id(image_id, 0)]


def lose_image(world: World, image_id: str) -> None:
    world.index.delete_image("photos", image_id)


def lose_record(world: World, image_id: str) -> None:
    world.store.delete(BUCKET, record_key(world, image_id))


def damage_record(world: World, image_id: str) -> None:
    world.store.put(BUCKET, record_key(world, image_id), b'{"format": 2', "application/json")


def edit_past_the_record(world: World, image_id: str) -> None:
    world.index.annotate("photos", image_id, caption="changed")


@pytest.mark.parametrize(
    ("lose", "kind"),
    [
        (lose_frame, "stray_objects"),
        (lose_image, "no_image"),
        (lose_record, "no_record"),
        (damage_record, "no_record"),
        (edit_past_the_record, "other_record"),
    ],
)
def test_what_came_apart_is_told_and_mended(world: World, lose: Callable[[World, str], None], kind: str) -> None:
    image_id, other = world.add(1, caption="a picture"), world.add(2)
    lose(world, image_id)
    after = snapshot(world, image_id) if kind == "other_record" else None
    (finding,) = findings(world)
    assert (finding.kind, finding.image_id, finding.mended) == (kind, image_id, False)
    assert [f.mended for f in findings(world, repair=True)] == [True]
    assert findings(world) == []
    assert len(world.index.image("photos", image_id)) == 3
    assert after is None or snapshot(world, image_id) == after
    assert len(world.index.image("photos", other)) == 3


def test_strays_without_a_record_go(world: World) -> None:
    image_id = world.add(1)
    lose_frame(world, image_id)
    lose_record(world, image_id)
    (finding,) = [f for f in findings(world, repair=True) if f.kind == "stray_objects"]
    assert finding.mended
    assert world.index.matching("photos", Filter(), 10) == []


def test_a_deletion_that_was_cut_short_is_ended(world: World) -> None:
    image_id = world.add(1)
    recorded = world.writer.records.get("photos", world.pack, image_id)
    delete_image(world, "photos", image_id)
    world.writer.records.put("photos", recorded)  # as if killed before this
    assert kinds(world) == ["deleted_image"]
    assert [f.mended for f in findings(world, repair=True)] == [True]
    assert findings(world) == []
    assert world.index.stored("photos", [image_id]) == {}


@pytest.mark.parametrize("damaged", [True, False])
def test_bytes_are_mended_from_where_they_came_from(world: World, tmp_path: Path, damaged: bool) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture_bytes(5))
    objects, _ = world.indexer.add(ImageRef(str(file)), collection="photos")
    image = objects[0].image
    if damaged:
        world.store.put(image.bucket, image.image_key, picture_bytes(5)[:-9], "image/png")
    else:
        world.store.delete(image.bucket, image.image_key)
    assert kinds(world) == ["damaged_bytes" if damaged else "no_bytes"]
    assert kinds(world, read=False) == ([] if damaged else ["no_bytes"])
    file.write_bytes(picture_bytes(6))
    (finding,) = findings(world, repair=True)
    assert not finding.mended
    assert "another picture" in finding.remark
    file.write_bytes(picture_bytes(5))
    assert [f.mended for f in findings(world, repair=True)] == [True]
    assert findings(world) == []


def test_bytes_that_nobody_holds_go_when_asked_for_and_those_of_others_never(world: World) -> None:
    image_id = world.add(1)
    (key,) = world.store.keys("pictures")
    stray = f"ab/{'ab' * 32}.png"
    world.store.put("pictures", stray, picture_bytes(9), "image/png")
    world.store.put("pictures", "holiday/1.png", picture_bytes(8), "image/png")
    assert findings(world) == []  # it may just be being taken in
    audit = Audit(world, prune=True)
    audit._just_put = lambda key: False  # type: ignore[method-assign]
    (finding,) = audit.bytes()
    assert (finding.kind, finding.mended) == ("unheld_bytes", True)
    assert set(world.store.keys("pictures")) == {key, "holiday/1.png"}
    assert world.index.stored("photos", [image_id])


def test_an_index_is_made_again_from_the_records_alone(client: TestClient, world: World) -> None:
    first, second = world.add(1, caption="two things", tags=("a",)), world.add(2, left="green")
    client.patch(f"{C}/images/{first}", json={"number": 1, "caption": "left"}).raise_for_status()
    client.put(C, json={"score_threshold": 0.4}).raise_for_status()
    before = {image_id: snapshot(world, image_id) for image_id in (first, second)}
    vectors = {o.object_id: o.vit_vector for o in world.index.image("photos", first, vectors=True)}
    ingested = client.get(f"{C}/images/{first}").json()
    fresh = InMemoryIndex()
    report = rebuild(fresh, RecordedWriter(fresh, world.writer.records), "photos")
    assert (report.written, report.standing, report.failed, report.objects) == (2, 0, 0, 6)
    world.index = fresh
    world.writer = RecordedWriter(fresh, world.writer.records)
    assert {image_id: snapshot(world, image_id) for image_id in (first, second)} == before
    for obj in fresh.image("photos", first, vectors=True):
        vector = vectors[obj.object_id]
        assert obj.vit_vector is not None
        assert vector is not None
        assert float(obj.vit_vector @ vector) > 0.9999
    assert client.get(f"{C}/images/{first}").json() == ingested
    assert fresh.setup("photos").settings.score_threshold == 0.4
    again = rebuild(fresh, world.writer, "photos")
    assert (again.written, again.standing) == (0, 2)
    assert findings(world) == []


def test_a_rebuild_keeps_when_a_picture_was_first_taken_in(world: World) -> None:
    image_id = world.add(1)
    past = datetime(2020, 1, 2, tzinfo=UTC)
    recorded = replace(world.writer.records.get("photos", world.pack, image_id), ingested_at=past)
    world.writer.records.put("photos", recorded)
    fresh = InMemoryIndex()
    rebuild(fresh, RecordedWriter(fresh, world.writer.records), "photos")
    assert fresh._collections["photos"].objects[object_id(image_id, 0)].ingested_at == past


def test_a_record_of_no_use_is_counted_and_the_others_come(world: World) -> None:
    image_id, other = world.add(1), world.add(2)
    damage_record(world, image_id)
    fresh = InMemoryIndex()
    report = rebuild(fresh, RecordedWriter(fresh, world.writer.records), "photos")
    assert (report.written, report.failed) == (1, 1)
    assert image_id in report.reason
    assert list(fresh.stored("photos", [image_id, other])) == [other]


def test_without_records_a_rebuild_says_so(world: World) -> None:
    with pytest.raises(NotFound, match="no records"):
        rebuild(world.index, world.writer, "nowhere")


def test_a_deleted_collection_leaves_no_records(client: TestClient, world: World) -> None:
    world.add(1)
    assert client.delete(C).status_code == 204
    assert list(world.store.keys(BUCKET)) == []
