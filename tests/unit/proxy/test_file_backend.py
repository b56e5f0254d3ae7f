"""The folder backend alone: what a file system does that S3 does not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from minio_proxy.backends.file import FileBackend
from minio_proxy.errors import Conflict, DiskFull, NotFound


def put(store: FileBackend, tmp_path: Path, key: str, data: bytes) -> str:
    source = tmp_path / "source"
    source.write_bytes(data)
    return store.store("photos", key, source, "").etag


@pytest.fixture
def store(tmp_path: Path) -> FileBackend:
    return FileBackend(tmp_path / "root")


def test_a_key_cannot_lie_inside_another(store: FileBackend, tmp_path: Path) -> None:
    put(store, tmp_path, "a", b"file")
    with pytest.raises(Conflict):
        put(store, tmp_path, "a/b", b"inside")
    put(store, tmp_path, "c/d", b"inside")
    with pytest.raises(Conflict):
        put(store, tmp_path, "c", b"file")
    assert [entry.key for entry in store.entries("photos", "", "", 10)] == ["a", "c/d"]


@pytest.mark.parametrize("link", ["link", "folder/link", "linked/secret"])
def test_links_lead_nowhere(store: FileBackend, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    put(store, tmp_path, "folder/k", b"1")
    bucket = tmp_path / "root" / "photos"
    (bucket / "link").symlink_to(outside / "secret")
    (bucket / "folder" / "link").symlink_to(outside / "secret")
    (bucket / "linked").symlink_to(outside)
    with pytest.raises(NotFound):
        store.open("photos", link)
    assert [entry.key for entry in store.entries("photos", "", "", 10)] == ["folder/k"]
    if link.startswith("linked"):
        with pytest.raises(Conflict):
            put(store, tmp_path, "linked/new", b"2")
        store.delete("photos", link)
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_reader_keeps_the_version_it_opened(store: FileBackend, tmp_path: Path) -> None:
    first = put(store, tmp_path, "k", b"one")
    with store.open("photos", "k") as reader:
        assert put(store, tmp_path, "k", b"two") != first
        assert b"".join(reader.chunks(0, 3)) == b"one"
        assert reader.info.etag == first


def test_a_full_disk_is_named_and_the_old_bytes_stay(
    store: FileBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, tmp_path, "k", b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(DiskFull):
            put(store, tmp_path, "k", b"new")
    with store.open("photos", "k") as reader:
        assert b"".join(reader.chunks(0, 3)) == b"old"


def test_files_put_there_by_hand_are_served(store: FileBackend, tmp_path: Path) -> None:
    folder = tmp_path / "root" / "photos" / "trip"
    folder.mkdir(parents=True)
    (folder / "x.gif").write_bytes(b"GIF89a")
    (folder / os.fsdecode(b"\xff\xfe")).write_bytes(b"no text")
    os.mkfifo(folder / "pipe")
    assert [entry.key for entry in store.entries("photos", "", "", 10)] == ["trip/x.gif"]
    with store.open("photos", "trip/x.gif") as reader:
        assert reader.info.content_type == "image/gif"
    with pytest.raises(NotFound):
        store.open("photos", "trip/pipe")
    with pytest.raises(NotFound):
        store.open("photos", "trip")
