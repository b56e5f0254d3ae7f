"""Deleting, restoring, and what is swept away when its time is over."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from boxlens.domain.references import ImageRef
from boxlens.library.deletion import sweep_deleted
from boxlens.library.uploads import load_upload, sweep_uploads

C = "/v1/collections/photos"


def vit_vectors(world: World, image_id: str) -> list[list[float] | None]:
    """Of every object of an image, as stored."""
    vectors = (obj.vit_vector for obj in world.index.image("photos", image_id, vectors=True))
    return [None if vector is None else vector.tolist() for vector in vectors]


def test_a_deleted_image_comes_back_as_it_was(client: TestClient, world: World) -> None:
    image_id = world.add(1, tags=("a",), caption="two dogs")
    before = client.get(f"{C}/images/{image_id}").json()
    vectors = vit_vectors(world, image_id)
    assert client.delete(f"{C}/images/{image_id}").status_code == 204
    assert client.get(f"{C}/images/{image_id}").status_code == 404
    assert client.get(f"{C}/search", params={"q": "dogs"}).json()["hits"] == []
    assert len(list(world.store.keys("pictures"))) == 1
    restored = client.post(f"{C}/images/{image_id}/restore")
    assert (restored.status_code, restored.json()) == (200, before)
    assert client.get(f"{C}/search", params={"q": "dogs"}).json()["hits"][0]["image_id"] == image_id
    assert vit_vectors(world, image_id) == vectors
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
    assert sweep_deleted(world, now + timedelta(minutes=59)) == 0
    assert sweep_deleted(world, now + timedelta(minutes=61)) == 1
    assert world.files() == set()
    assert client.post(f"{C}/images/{image_id}/restore").status_code == 404


def test_the_sweep_keeps_bytes_that_are_still_needed(client: TestClient, world: World) -> None:
    world.index.create("second", world.pack)
    image_id = world.add(1)
    assert world.add(1, collection="second") == image_id
    client.delete(f"{C}/images/{image_id}")
    later = datetime.now(UTC) + timedelta(hours=2)
    assert sweep_deleted(world, later) == 1
    assert len(list(world.store.keys("pictures"))) == 1  # the other collection shows it
    client.delete(f"/v1/collections/second/images/{image_id}")
    assert sweep_deleted(world, later) == 1
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
    assert sweep_deleted(world, later) == 0
    assert len(list(world.store.keys("pictures"))) == 1
    assert sweep_deleted(world, later + timedelta(hours=1)) == 1
    assert world.files() == set()


def test_the_sweep_passes_over_what_it_did_not_write(client: TestClient, world: World) -> None:
    world.store.put("trash", "a/broken.json", b"{", "application/json")
    world.store.put("trash", "a/other.json", b'{"x": []}', "application/json")
    client.delete(f"{C}/images/{world.add(1)}")
    assert sweep_deleted(world, datetime.now(UTC) + timedelta(hours=2)) == 1
    assert list(world.store.keys("trash")) == ["a/broken.json", "a/other.json"]


def test_referenced_pictures_are_never_deleted(client: TestClient, world: World) -> None:
    world.store.put("archive", "a/1.png", picture_bytes(), "image/png")
    reference = ImageRef("bucket://archive/a/1.png", reference=True)
    objects, _ = world.indexer.add(reference, collection="photos")
    image = client.get(f"{C}/images/{objects[0].image.image_id}").json()
    assert image["image_url"] == "http://pictures.test/file/archive/a/1.png"
    client.delete(f"{C}/images/{image['image_id']}")
    assert sweep_deleted(world, datetime.now(UTC) + timedelta(hours=2)) == 1
    assert world.store.stat("archive", "a/1.png")


def test_uploads_last_for_their_time(client: TestClient, world: World) -> None:
    seen = client.post("/v1/detect", files={"file": picture_bytes()}).json()
    world.store.put("uploads", "something/else", b"x", "text/plain")
    ttl = world.settings.api.upload_ttl_s
    assert sweep_uploads(world.store, time.time() + ttl - 60) == 0
    assert load_upload(world.store, seen["upload_id"], now=time.time()) == picture_bytes()
    assert sweep_uploads(world.store, time.time() + ttl + 3700) == 1
    answer = client.post(f"{C}/search", json={"clauses": [{"upload_id": seen["upload_id"]}]})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert list(world.store.keys("uploads")) == ["something/else"]
