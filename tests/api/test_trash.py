"""Deleting, restoring, and what is swept away when its time is over."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from embedding_pipeline.api import pictures, trash
from embedding_pipeline.domain import Box, GeoPoint, ImageRecord, ImageRef, IndexedObject

C = "/v1/collections/photos"


def test_a_deleted_image_comes_back_as_it_was(client: TestClient, world: World) -> None:
    image_id = world.add(1, tags=("a",), caption="two dogs")
    before = client.get(f"{C}/images/{image_id}").json()
    vectors = [each.vit_vector for each in world.index.image("photos", image_id, vectors=True)]
    assert client.delete(f"{C}/images/{image_id}").status_code == 204
    assert client.get(f"{C}/images/{image_id}").status_code == 404
    assert client.get(f"{C}/search", params={"q": "dogs"}).json()["hits"] == []
    assert len(list(world.store.keys("pictures"))) == 1
    restored = client.post(f"{C}/images/{image_id}/restore")
    assert (restored.status_code, restored.json()) == (200, before)
    assert client.get(f"{C}/search", params={"q": "dogs"}).json()["hits"][0]["image_id"] == image_id
    after = [each.vit_vector for each in world.index.image("photos", image_id, vectors=True)]
    assert all(np.array_equal(a, b) for a, b in zip(vectors, after, strict=True))
    assert list(world.store.keys("trash")) == []


def test_what_stands_or_is_gone_is_not_restored(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    assert client.post(f"{C}/images/{image_id}/restore").json()["code"] == "conflict"
    client.delete(f"{C}/images/{image_id}")
    assert client.delete(f"{C}/images/{image_id}").json()["code"] == "not_found"
    world.add(1)
    assert client.post(f"{C}/images/{image_id}/restore").status_code == 409
    client.delete(f"{C}/images/{image_id}")
    assert client.post(f"{C}/images/{image_id}/restore").status_code == 200


def test_vectors_of_another_pack_are_not_restored(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    client.delete(f"{C}/images/{image_id}")
    world.pack = replace(world.pack, revision="2" * 64)
    world.index.drop("photos")
    world.index.create("photos", world.pack)
    assert client.post(f"{C}/images/{image_id}/restore").status_code == 404


def test_the_sweep_forgets_after_an_hour_and_not_before(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    client.delete(f"{C}/images/{image_id}")
    now = datetime.now(UTC)
    assert trash.sweep(world, now + timedelta(minutes=59)) == 0
    assert trash.sweep(world, now + timedelta(minutes=61)) == 1
    assert world.files() == set()
    assert client.post(f"{C}/images/{image_id}/restore").status_code == 404


def test_the_sweep_keeps_bytes_that_are_still_needed(client: TestClient, world: World) -> None:
    world.index.create("second", world.pack)
    image_id = world.add(1)
    assert world.add(1, collection="second") == image_id
    client.delete(f"{C}/images/{image_id}")
    later = datetime.now(UTC) + timedelta(hours=2)
    assert trash.sweep(world, later) == 1
    assert len(list(world.store.keys("pictures"))) == 1  # the other collection shows it
    client.delete(f"/v1/collections/second/images/{image_id}")
    assert trash.sweep(world, later) == 1
    assert list(world.store.keys("pictures")) == []


def test_the_sweep_leaves_a_picture_that_is_just_being_taken_in_again(
    client: TestClient, world: World, tmp_path: Path
) -> None:
    """Ingest keeps the bytes before the objects are written: until then no collection holds the picture."""
    client.delete(f"{C}/images/{world.add(1)}")
    (file,) = (path for path in (tmp_path / "objects" / "pictures").rglob("*") if path.is_file())
    later = datetime.now(UTC) + timedelta(hours=2)
    again = (later - timedelta(minutes=1)).timestamp()
    os.utime(file, (again, again))
    assert trash.sweep(world, later) == 0
    assert len(list(world.store.keys("pictures"))) == 1
    assert trash.sweep(world, later + timedelta(hours=1)) == 1
    assert world.files() == set()


def test_the_sweep_passes_over_what_it_did_not_write(client: TestClient, world: World) -> None:
    world.store.put("trash", "a/broken.json", b"{", "application/json")
    world.store.put("trash", "a/other.json", b'{"x": []}', "application/json")
    client.delete(f"{C}/images/{world.add(1)}")
    assert trash.sweep(world, datetime.now(UTC) + timedelta(hours=2)) == 1
    assert list(world.store.keys("trash")) == ["a/broken.json", "a/other.json"]


def test_referenced_pictures_are_never_deleted(client: TestClient, world: World) -> None:
    world.store.put("archive", "a/1.png", picture_bytes(), "image/png")
    reference = ImageRef("bucket://archive/a/1.png", reference=True)
    objects, _ = world.indexer.add(reference, collection="photos")
    image = client.get(f"{C}/images/{objects[0].image.image_id}").json()
    assert image["image_url"] == "http://pictures.test/file/archive/a/1.png"
    client.delete(f"{C}/images/{image['image_id']}")
    assert trash.sweep(world, datetime.now(UTC) + timedelta(hours=2)) == 1
    assert world.store.put_at("archive", "a/1.png")


def test_uploads_last_for_their_time(client: TestClient, world: World) -> None:
    seen = client.post("/v1/detect", files={"file": picture_bytes()}).json()
    world.store.put("uploads", "something/else", b"x", "text/plain")
    ttl = world.settings.api.upload_ttl_s
    assert pictures.sweep_uploads(world, time.time() + ttl - 60) == 0
    assert pictures.kept_upload(world, seen["upload_id"]) == picture_bytes()
    assert pictures.sweep_uploads(world, time.time() + ttl + 3700) == 1
    answer = client.post(f"{C}/search", json={"clauses": [{"upload_id": seen["upload_id"]}]})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert list(world.store.keys("uploads")) == ["something/else"]


@pytest.mark.parametrize("full", [True, False])
def test_packing_keeps_every_value(full: bool) -> None:
    record = ImageRecord(
        image_id="ab" * 32,
        bucket="images",
        image_key="k",
        source_uri="file:图",
        file_name="图.jpg",
        width=10,
        height=20,
        bytes=5,
        format="jpeg",
        md5="m",
        taken_at=datetime(2023, 5, 1, 12, 30, tzinfo=UTC) if full else None,
        camera="Canon" if full else None,
        location=GeoPoint(31.2, 121.5) if full else None,
        caption="海边" if full else None,
        tags=("a", "b") if full else (),
        attributes={"shop": "12"} if full else {},
    )
    vector = np.array([0.6, 0.8, 1e-8], np.float32)
    stored = IndexedObject(
        record,
        3,
        "object",
        Box(1, 2.5, 3, 4),
        "狗",
        0.5,
        vector if full else None,
        None,
        ("AB 12",) if full else (),
        ("red",) if full else (),
        "x" if full else None,
        ("t",) if full else (),
        ("dog", "狗") if full else (),
    )
    at = datetime(2024, 1, 1, tzinfo=UTC)
    (back,), revision, deleted_at = trash.unpack(trash.pack([stored], "7", at))
    assert (back.image, revision, deleted_at) == (record, "7", at)
    for name in (
        "number",
        "kind",
        "box",
        "label",
        "box_score",
        "ocr_text",
        "colours",
        "caption",
        "tags",
        "label_names",
    ):
        assert getattr(back, name) == getattr(stored, name)
    assert back.label_names == stored.label_names
    assert (back.vit_vector is None) is not full
    assert not full or np.array_equal(back.vit_vector, vector)
    assert back.clip_vector is None
