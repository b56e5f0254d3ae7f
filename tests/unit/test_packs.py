"""Packs: real tiny networks in a folder, and everything that can be wrong with one."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.networks import detector_network, entry, image_network, text_network

from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.coco import COCO
from embedding_pipeline.models.pack_files import SIDECAR, sha256
from embedding_pipeline.models.packs import PACK_FILE, RunOptions, find_pack, list_packs, load_pack

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "狗", "红", "色", "dog", "red", "##s"]
PREPROCESS = {"size": [8, 8]}
ORIGIN = {"licence": "MIT", "source": "made by this test"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole pack named tiny, without OCR."""
    place = tmp_path / "packs" / "tiny"
    place.mkdir(parents=True)
    detector_network(place / "detector.onnx", np.array([[32, 32, 20, 20, 0.9, 0.1]]).T)
    image_network(place / "vit.onnx", 12)
    image_network(place / "clip_image.onnx", 6)
    text_network(place / "clip_text.onnx", 6, len(VOCABULARY))
    (place / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    spec = {
        "name": "tiny",
        "detector": {
            "model": entry(place / "detector.onnx"),
            "head": "yolov8",
            "size": [64, 64],
            "classes": [{"id": "car", "en": ["car"], "zh": ["汽车"]}, {"id": "dog", "en": ["dog"], "zh": ["狗"]}],
            **ORIGIN,
        },
        "vit": {"model": entry(place / "vit.onnx"), "preprocess": PREPROCESS, "dims": 12, **ORIGIN},
        "clip": {
            "image": entry(place / "clip_image.onnx"),
            "text": entry(place / "clip_text.onnx"),
            "vocabulary": entry(place / "vocab.txt"),
            "preprocess": PREPROCESS,
            "dims": 6,
            **ORIGIN,
        },
    }
    write(place, spec)
    return place


def read(folder: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads((folder / PACK_FILE).read_text("utf-8"))
    return spec


def write(folder: Path, spec: dict[str, Any]) -> None:
    (folder / PACK_FILE).write_text(json.dumps(spec), "utf-8")


def pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 255, (20 + i, 30, 3)).astype(np.uint8) for i in range(count)]


def test_a_whole_pack_runs(folder: Path) -> None:
    pack = load_pack(folder)
    pack.warm_up()
    assert (pack.info.name, pack.info.vit_dims, pack.info.clip_dims) == ("tiny", 12, 6)
    assert pack.missing == ("ocr",)
    assert pack.ocr is None
    assert [label.zh for label in pack.labels] == [("汽车",), ("狗",)]
    assert {part.role for part in pack.licences} == {"detector", "vit", "clip"}
    assert pack.detector is not None
    assert pack.vit is not None
    assert pack.clip_text is not None
    assert [d.label for d in pack.detector.detect(pictures(1))[0]] == ["car"]
    vectors = pack.vit.encode_images(pictures(5))
    assert vectors.shape == (5, 12)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert pack.clip_text.encode_texts(["红色 dogs", "狗"]).shape == (2, 6)
    assert pack.vit.encode_images([]).shape == (0, 12)
    assert pack.clip_text.encode_texts([]).shape == (0, 6)


def test_a_role_may_be_missing(folder: Path) -> None:
    spec = read(folder)
    del spec["clip"], spec["detector"]
    write(folder, spec)
    pack = load_pack(folder)
    assert pack.missing == ("detector", "clip", "ocr")
    assert pack.info.clip_dims is None
    assert (pack.detector, pack.clip_image, pack.clip_text) == (None, None, None)
    assert pack.labels == ()


def test_the_revision_follows_what_shapes_vectors(folder: Path) -> None:
    before = load_pack(folder).info.revision
    spec = read(folder)
    spec["vit"]["licence"] = "Apache-2.0"
    spec["detector"]["classes"][0]["zh"] = ["小汽车"]
    write(folder, spec)
    assert load_pack(folder).info.revision == before
    spec["vit"]["preprocess"]["mean"] = [0.1, 0.2, 0.3]
    write(folder, spec)
    numbers = load_pack(folder).info.revision
    image_network(folder / "vit.onnx", 12, seed=9)
    spec["vit"]["model"] = entry(folder / "vit.onnx")
    write(folder, spec)
    assert len({before, numbers, load_pack(folder).info.revision}) == 3
    spec["revision"] = "2026-11"
    write(folder, spec)
    assert load_pack(folder).info.revision == "2026-11"


def assert_refused(folder: Path, *words: str) -> None:
    with pytest.raises(ModelMissing) as caught:
        load_pack(folder).warm_up()
    for word in words:
        assert word in caught.value.detail
    assert "boxlens models" in caught.value.hint


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
    wanted = sha256(path)
    path.write_bytes(path.read_bytes()[:-1] + b"\xee")
    assert_refused(folder, wanted, sha256(path))


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


def test_hashes_are_remembered_until_a_file_changes(folder: Path) -> None:
    load_pack(folder)
    sidecar = folder / SIDECAR
    assert json.loads(sidecar.read_text("utf-8")).keys() == {
        str(folder / name) for name in ("detector.onnx", "vit.onnx", "clip_image.onnx", "clip_text.onnx", "vocab.txt")
    }
    before = sidecar.stat().st_mtime_ns
    load_pack(folder)
    assert sidecar.stat().st_mtime_ns == before
    # same size, time and inode, other bytes: only a forced check can see it
    path = folder / "vit.onnx"
    status = path.stat()
    data = path.read_bytes()
    with path.open("r+b") as stream:
        stream.write(data[:-1] + b"\xee")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    load_pack(folder)
    with pytest.raises(ModelMissing, match="another file"):
        load_pack(folder, verify=True)


@pytest.mark.parametrize("text", ["{", "[1]", '{"x": 3}'])
def test_a_damaged_sidecar_is_passed_over(folder: Path, text: str) -> None:
    (folder / SIDECAR).write_text(text, "utf-8")
    assert load_pack(folder).vit is not None


def test_packs_are_found_by_name(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "nothing here"
    assert find_pack("tiny", empty, folder.parent) == folder
    assert list_packs(empty, folder.parent) == [folder]
    for name in ("huge", "../packs/tiny", ""):
        with pytest.raises(ModelMissing, match="tiny") as caught:
            find_pack(name, folder.parent)
        assert "boxlens models pull" in caught.value.hint


def test_one_pack_serves_many_threads(folder: Path) -> None:
    pack = load_pack(folder, RunOptions(threads=1))
    assert pack.vit is not None
    assert pack.clip_text is not None
    crops = pictures(6)
    wanted = load_pack(folder).vit.encode_images(crops)  # type: ignore[union-attr]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(5):
            if not np.allclose(pack.vit.encode_images(crops), wanted, atol=1e-6):  # type: ignore[union-attr]
                wrong.append("other vectors")
            pack.clip_text.encode_texts(["红狗"])  # type: ignore[union-attr]

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert not any(thread.is_alive() for thread in threads)


def test_a_fixed_batch_gives_what_a_free_one_gives(folder: Path) -> None:
    free = load_pack(folder).vit
    image_network(folder / "vit.onnx", 12, batch=4)
    spec = read(folder)
    spec["vit"]["model"] = entry(folder / "vit.onnx")
    write(folder, spec)
    fixed = load_pack(folder).vit
    assert free is not None
    assert fixed is not None
    for count in (0, 1, 4, 6, 9):
        assert np.allclose(fixed.encode_images(pictures(count)), free.encode_images(pictures(count)), atol=1e-6)


def test_no_name_stands_for_two_coco_classes() -> None:
    assert len(COCO) == 80
    for language in ("en", "zh"):
        names = [name for label in COCO for name in getattr(label, language)]
        assert len(names) == len(set(names))
    assert all(label.en and label.zh and label.id == label.en[0] for label in COCO)
    by_id = {label.id: label for label in COCO}
    assert by_id["dog"].zh[0] == "狗"
    assert by_id["hot dog"].zh[0] == "热狗"
