"""Everything that can be wrong with a pack is refused, named, and says what to do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.model_files.networks import entry
from tests.model_files.packs import assert_refused, read, tiny_pack, write

from boxlens.domain.errors import ModelMissing
from boxlens.models.packs.files import sha256
from boxlens.models.packs.pack import PACK_FILE, load_pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_pack(tmp_path / "packs")


def test_a_missing_file_is_named_with_its_size(folder: Path) -> None:
    size = (folder / "vit.onnx").stat().st_size
    (folder / "vit.onnx").unlink()
    assert_refused(folder, "vit.onnx", f"{size} bytes wanted", "none found")


def test_a_cut_file_is_named_with_both_sizes(folder: Path) -> None:
    data = (folder / "vit.onnx").read_bytes()
    (folder / "vit.onnx").write_bytes(data[:100])
    assert_refused(folder, f"{len(data)} bytes wanted", "100 found")


def test_another_file_of_the_same_size_is_named_with_both_hashes(folder: Path) -> None:
    load_pack(folder)  # so that the sidecar knows the right one
    path = folder / "vit.onnx"
    expected = sha256(path)
    path.write_bytes(path.read_bytes()[:-1] + b"\xee")
    assert_refused(folder, expected, sha256(path))


def test_other_dims_than_declared_are_named(folder: Path) -> None:
    spec = read(folder)
    spec["vit"]["dims"] = 13
    write(folder, spec)
    assert_refused(folder, "12", "13")


def test_a_detector_with_other_classes_is_refused(folder: Path) -> None:
    spec = read(folder)
    spec["detector"]["classes"].append({"id": "cat"})
    write(folder, spec)
    assert_refused(folder, "3 classes")


@pytest.mark.parametrize("place", ["pack", "outside"])
def test_a_path_that_is_no_file_is_refused(folder: Path, place: str) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (folder / "self").symlink_to("self")
    spec = read(folder)
    for name, word in (("inner", "a folder"), ("self", "self"), ("a\0b", "path")):
        path = name if place == "pack" else f"{folder}/{name}"
        spec["vit"]["model"] |= {"path": path, "place": place, "bytes": inner.stat().st_size}
        write(folder, spec)
        assert_refused(folder, word)


@pytest.mark.parametrize("name", ["vit.onnx", PACK_FILE])
def test_a_file_that_may_not_be_read_is_named(name: str) -> None:
    with tempfile.TemporaryDirectory() as root, as_a_stranger(Path(root)):
        folder = tiny_pack(Path(root))
        (folder / name).chmod(0)
        assert_refused(folder, name, "Permission denied")


@contextmanager
def as_a_stranger(root: Path) -> Iterator[None]:
    """Without the right of the superuser to read everything; ``root`` belongs to that other user."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(root, 65534, -1)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_is_no_network_is_refused(folder: Path) -> None:
    (folder / "vit.onnx").write_bytes(b"these are words")
    spec = read(folder)
    spec["vit"]["model"] = entry(folder / "vit.onnx")
    write(folder, spec)
    assert_refused(folder, "vit.onnx", "cannot be loaded")


def test_a_vocabulary_without_its_marks_is_refused(folder: Path) -> None:
    (folder / "vocab.txt").write_text("dog\n", "utf-8")
    spec = read(folder)
    spec["clip"]["vocabulary"] = entry(folder / "vocab.txt")
    write(folder, spec)
    assert_refused(folder, "vocab.txt")


def test_a_path_cannot_leave_the_pack(folder: Path) -> None:
    outside = folder.parent / "vit.onnx"
    (folder / "vit.onnx").rename(outside)
    spec = read(folder)
    for path in ("../vit.onnx", str(outside)):
        spec["vit"]["model"]["path"] = path
        write(folder, spec)
        with pytest.raises(ModelMissing, match="leads out"):
            load_pack(folder)
    (folder / "vit.onnx").symlink_to(outside)
    spec["vit"]["model"]["path"] = "vit.onnx"
    write(folder, spec)
    with pytest.raises(ModelMissing, match="leads out"):
        load_pack(folder)
    spec["vit"]["model"] |= {"path": str(outside), "place": "outside"}
    write(folder, spec)
    load_pack(folder).warm_up()
    spec["vit"]["model"]["path"] = "../vit.onnx"
    write(folder, spec)
    assert_refused(folder, "absolute")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "../up"}, "name"),
        ({"format": 2}, "format"),
        ({"surprise": 1}, "surprise"),
        ({"crop_padding": -1}, "crop_padding"),
    ],
)
def test_what_pack_json_cannot_say(folder: Path, change: dict[str, Any], word: str) -> None:
    write(folder, read(folder) | change)
    assert_refused(folder, word)


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_a_damaged_pack_json(folder: Path, text: str) -> None:
    (folder / PACK_FILE).write_bytes(text.encode("latin-1"))
    assert_refused(folder, PACK_FILE)


def test_two_classes_with_one_id_are_refused(folder: Path) -> None:
    spec = read(folder)
    spec["detector"]["classes"][1]["id"] = "car"
    write(folder, spec)
    assert_refused(folder, "same id")
