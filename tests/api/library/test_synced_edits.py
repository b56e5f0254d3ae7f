"""A followed folder beside people who edit, delete and restore over HTTP: what a sync finds, whose words stand."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from boxlens.domain.pictures import image_id_of
from boxlens.library.following.folders import SyncReport
from boxlens.library.following.sync import FolderSync, SyncOptions

C = "/v1/collections/photos"


class Album:
    """A folder that the collection follows, and the API beside it."""

    def __init__(self, folder: Path, world: World, client: TestClient) -> None:
        self.folder, self.world, self.client = folder, world, client
        folder.mkdir()

    def put(self, name: str, seed: int, **words: Any) -> str:
        """A picture, with a sidecar where there are words; its image id."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture_bytes(seed))
        if words:
            self.say(name, **words)
        return image_id_of(picture_bytes(seed))

    def say(self, name: str, **words: Any) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(words))

    def sync(self, **options: Any) -> SyncReport:
        entry = self.world.following.follow("photos", str(self.folder))
        syncing = FolderSync(self.world, self.world.indexer, self.world.following, lambda: time.time_ns() + 10**11)
        return syncing.run(entry, SyncOptions("trash", **options))

    def edit(self, image_id: str, **words: Any) -> None:
        self.client.patch(f"{C}/images/{image_id}", json=words).raise_for_status()

    def words(self, image_id: str) -> tuple[str | None, list[str]]:
        image = self.client.get(f"{C}/images/{image_id}").raise_for_status().json()
        return image["caption"], image["tags"]

    def place(self, image_id: str) -> str:
        image = self.client.get(f"{C}/images/{image_id}").raise_for_status().json()
        return str(Path(image["source_uri"]).relative_to(self.folder))


@pytest.fixture
def album(tmp_path: Path, world: World, client: TestClient) -> Album:
    return Album(tmp_path / "album", world, client)


def test_what_a_person_took_away_does_not_come_back_with_a_sidecar(album: Album) -> None:
    first = album.put("a.png", 1, description="of the sidecar", tags=["one", "two"])
    second = album.put("b.png", 2, description="of the sidecar", tags=["one"])
    assert album.sync().changes == {"new": 2}
    album.edit(first, tags=["one"])
    album.edit(second, caption="", tags=[])
    assert album.sync().updated == 0
    for name in ("a.png", "b.png"):
        album.say(name, description="said anew", tags=["one", "two", "three"])
    report = album.sync()
    assert (report.changes, report.failed) == ({}, 0)
    assert album.words(first) == ("said anew", ["one"])
    assert album.words(second) == (None, [])
    assert album.sync().updated == 0


def test_edits_go_with_a_picture_into_another_folder_and_under_another_name(album: Album) -> None:
    image = album.put("a.png", 1, description="of the sidecar", tags=["one"])
    album.sync()
    album.edit(image, caption="mine")
    (album.folder / "trip").mkdir()
    for suffix in ("", ".json"):
        (album.folder / f"a.png{suffix}").rename(album.folder / "trip" / f"b.png{suffix}")
    report = album.sync()
    assert (report.changes, report.failed) == ({"moved": 1}, 0)
    assert (album.words(image), album.place(image)) == (("mine", ["one"]), "trip/b.png")
    (album.folder / "trip").rename(album.folder / "Trip")
    assert album.sync().changes == {"moved": 1}
    assert (album.words(image), album.place(image)) == (("mine", ["one"]), "Trip/b.png")
    names = album.client.get(f"{C}/search", params={"q": "a.png"}).json()["hits"]
    assert [hit["image_id"] for hit in names] == [image]


@pytest.mark.parametrize("again", ["renamed", "copied", "touched", "linked"])
def test_what_was_deleted_stays_deleted_under_any_name(album: Album, again: str) -> None:
    image, path = album.put("a.png", 1), album.folder / "a.png"
    album.put("b.png", 2)
    album.sync()
    album.client.delete(f"{C}/images/{image}").raise_for_status()
    match again:
        case "renamed":
            path.rename(album.folder / "c.png")
        case "copied":
            (album.folder / "c.png").write_bytes(path.read_bytes())
        case "touched":
            os.utime(path, (1e9, 1e9))
        case "linked":
            os.link(path, album.folder / "c.png")
    for _ in range(2):
        report = album.sync()
        assert report.failed == 0
        assert album.world.images() == {image_id_of(picture_bytes(2))}
    assert album.sync(take_deleted=True).failed == 0
    assert image in album.world.images()


def test_what_was_deleted_and_restored_is_as_it_was(album: Album) -> None:
    image = album.put("a.png", 1, description="of the sidecar")
    album.sync()
    album.edit(image, tags=["mine"])
    album.client.delete(f"{C}/images/{image}").raise_for_status()
    album.sync()
    album.client.post(f"{C}/images/{image}/restore").raise_for_status()
    report = album.sync()
    assert (report.changes, report.updated, album.words(image)) == ({}, 0, ("of the sidecar", ["mine"]))
    (album.folder / "a.png").unlink()
    album.put("b.png", 2)
    assert album.sync().changes == {"new": 1, "gone": 1}
    assert image not in album.world.images()


@pytest.mark.parametrize("with_sidecars", [False, True])
def test_names_that_are_swapped(album: Album, with_sidecars: bool) -> None:
    """A sidecar speaks of what lies under its name."""
    first = album.put("a.png", 1, description="first")
    second = album.put("b.png", 2, description="second")
    album.sync()
    for suffix in ("", ".json") if with_sidecars else ("",):
        a, b, between = (album.folder / f"{name}{suffix}" for name in ("a.png", "b.png", "between"))
        a.rename(between)
        b.rename(a)
        between.rename(b)
    report = album.sync()
    assert (report.changes, report.failed) == ({"changed": 2}, 0)
    assert (album.place(first), album.place(second)) == ("b.png", "a.png")
    captions = [album.words(image)[0] for image in (first, second)]
    assert captions == (["first", "second"] if with_sidecars else ["second", "first"])
    assert album.sync().changes == {}


@pytest.mark.parametrize("other", ["text", "empty", "folder", "fifo", "loop", "nowhere"])
def test_a_picture_that_is_something_else_by_now(album: Album, other: str) -> None:
    """What cannot be read is not gone; a folder in its place is no file any more. When it comes back, all is well."""
    image, path = album.put("a.png", 1), album.folder / "a.png"
    album.put("b.png", 2)
    album.sync()
    path.unlink()
    match other:
        case "text":
            path.write_text("no picture any more")
        case "empty":
            path.write_bytes(b"")
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "loop":
            path.symlink_to(path)
        case "nowhere":
            path.symlink_to(album.folder / "away.png")
    report = album.sync()
    assert report.failed == (other != "folder")
    assert (image in album.world.images()) == (other != "folder")
    path.rmdir() if other == "folder" else path.unlink()
    album.put("a.png", 1)
    report = album.sync()
    assert report.failed == 0
    assert image in album.world.images()
    assert album.sync().changes == {}


def test_a_hard_link_is_a_copy_and_the_last_name_counts(album: Album) -> None:
    image, path = album.put("a.png", 1), album.folder / "a.png"
    album.put("z.png", 2)
    album.sync()
    os.link(path, album.folder / "b.png")
    assert album.sync().changes == {"copied": 1}
    path.unlink()
    assert album.sync().changes == {"name_gone": 1}
    assert (album.place(image), image in album.world.images()) == ("b.png", True)
    (album.folder / "b.png").unlink()
    assert album.sync().changes == {"gone": 1}
    assert image not in album.world.images()


def test_a_touched_file_and_a_name_in_other_letters_are_the_same_picture(album: Album) -> None:
    image, path = album.put("Beach.png", 1), album.folder / "Beach.png"
    album.sync()
    os.utime(path, (1e9, 1e9))
    path.chmod(0o600)
    report = album.sync()
    assert (report.changes, report.updated, report.failed) == ({}, 0, 0)
    path.rename(album.folder / "BEACH.PNG")
    assert album.sync().changes == {"moved": 1}
    assert album.place(image) == "BEACH.PNG"


def test_a_sidecar_that_goes_takes_no_words_of_people_with_it(album: Album) -> None:
    image = album.put("a.png", 1, description="of the sidecar", tags=["one"])
    album.sync()
    album.edit(image, tags=["mine"])
    (album.folder / "a.png.json").unlink()
    album.sync()
    assert album.words(image)[1] == ["mine"]
    album.say("a.png", description="another", tags=["two"])
    album.sync()
    assert album.words(image) == ("another", ["mine"])
