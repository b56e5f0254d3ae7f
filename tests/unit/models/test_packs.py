"""Packs: how one runs, is found, added, and verified."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.model_files.networks import entry, image_network
from tests.model_files.packs import assert_refused, pictures, read, tiny_pack, write
from typer.testing import CliRunner

from boxlens.cli import output
from boxlens.cli.models import app as models_app
from boxlens.domain.errors import ModelMissing
from boxlens.models.coco_labels import COCO
from boxlens.models.packs.files import SIDECAR
from boxlens.models.packs.pack import RunOptions, add_pack, find_pack, list_packs, load_pack
from boxlens.models.runtimes.backends import BackendRequest
from boxlens.models.runtimes.parity import check_parity
from boxlens.models.runtimes.session_factory import RunSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_pack(tmp_path / "packs")


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


def test_int8_files_and_torch_weights_belong_to_the_same_revision(folder: Path) -> None:
    before = load_pack(folder).info.revision
    spec = read(folder)
    image_network(folder / "vit.int8.onnx", 12, seed=5)
    (folder / "vit.safetensors").write_bytes(b"weights")
    spec["vit"] |= {
        "parity": {"cosine": 0.99999, "rows": 12},
        "int8": {"file": entry(folder / "vit.int8.onnx"), "method": "static", "cosine": 0.99, "rows": 12},
        "torch": {"file": entry(folder / "vit.safetensors"), "model": "vit_tiny_patch16_224"},
    }
    write(folder, spec)
    pack = load_pack(folder)
    assert pack.info.revision == before
    assert {"vit.int8.onnx", "vit.safetensors"} <= {file.path for file in pack.spec.files()}
    assert pack.files["vit"].int8 == folder / "vit.int8.onnx"
    assert pack.files["vit"].load is not None
    (folder / "vit.int8.onnx").write_bytes(b"damaged")
    assert_refused(folder, "vit.int8.onnx")


def test_an_int8_file_that_is_too_far_is_refused(folder: Path) -> None:
    spec = read(folder)
    spec["vit"]["int8"] = {"file": entry(folder / "vit.onnx"), "method": "dynamic", "cosine": 0.98, "rows": 12}
    write(folder, spec)
    assert_refused(folder, "vit.int8.cosine", "0.985")


def test_verify_finds_an_int8_file_that_is_far_from_fp32(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.console, "width", 200)  # set by COLUMNS only where it stood at the first import
    spec = read(folder)
    image_network(folder / "vit.int8.onnx", 12, seed=5)
    spec["vit"]["int8"] = {"file": entry(folder / "vit.int8.onnx"), "method": "static", "cosine": 0.99, "rows": 12}
    spec["clip"]["text_parity"] = {"cosine": 0.99999, "rows": 11}
    write(folder, spec)
    settings = {"BOXLENS_PACKS_DIR": str(folder.parent), "COLUMNS": "200"}
    outcome = CliRunner().invoke(models_app, ["verify", "tiny"], env=settings)
    assert outcome.exit_code == 4
    assert "tiny: vit int8 (static) is too far from fp32" in outcome.output
    near = {n.network: n for n in check_parity(load_pack(folder), pictures(4))}
    assert near.keys() == {"vit", "clip_text"}
    assert not near["vit"].good
    assert (near["vit"].recorded, near["vit"].rows) == (0.99, 4)
    assert near["clip_text"].good
    assert (near["clip_text"].cosine, near["clip_text"].recorded) == (None, 0.99999), "there are no weights to run"
    image_network(folder / "vit.int8.onnx", 12)
    spec["vit"]["int8"]["file"] = entry(folder / "vit.int8.onnx")
    write(folder, spec)
    outcome = CliRunner().invoke(models_app, ["verify", "tiny"], env=settings)
    assert outcome.exit_code == 0
    assert entry(folder / "vit.int8.onnx")["sha256"] in outcome.output


def test_the_settings_choose_the_file(folder: Path) -> None:
    spec = read(folder)
    image_network(folder / "vit.int8.onnx", 12, seed=5)
    spec["vit"]["int8"] = {"file": entry(folder / "vit.int8.onnx"), "method": "static", "cosine": 0.99, "rows": 12}
    write(folder, spec)
    by: dict[str, np.ndarray] = {}
    for precision in ("fp32", "int8"):
        request = BackendRequest("onnx", precision)
        pack = load_pack(folder, RunOptions(RunSettings(request)))
        pack.warm_up()
        assert pack.vit is not None
        by[precision] = pack.vit.encode_images(pictures(2))
        assert pack.sessions["vit"].described() == f"onnx {precision}, the only way open to it"
        assert pack.sessions["detector"].described() == "onnx fp32, the only way open to it"
    assert not np.allclose(by["fp32"], by["int8"])


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
        assert "boxlens models add" in caught.value.hint


def test_one_pack_serves_many_threads(folder: Path) -> None:
    pack = load_pack(folder, RunOptions(RunSettings(threads=1)))
    assert pack.vit is not None
    assert pack.clip_text is not None
    crops = pictures(6)
    expected = load_pack(folder).vit.encode_images(crops)  # type: ignore[union-attr]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(5):
            if not np.allclose(pack.vit.encode_images(crops), expected, atol=1e-6):  # type: ignore[union-attr]
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


def test_a_pack_is_added_whole_and_replaces_its_forerunner(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    first = add_pack(folder, mine)
    assert first.folder == mine / "tiny"
    assert first.vit is not None
    spec = read(folder)
    spec["description"] = "the second"
    write(folder, spec)
    assert add_pack(folder, mine).spec.description == "the second"
    assert [path.name for path in mine.iterdir()] == ["tiny"]


def test_a_damaged_pack_is_not_added(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    add_pack(folder, mine)
    (folder / "vit.onnx").write_bytes(b"damaged")
    with pytest.raises(ModelMissing):
        add_pack(folder, mine)
    assert load_pack(mine / "tiny", verify=True).vit is not None


def test_a_pack_over_files_elsewhere_cannot_be_added(folder: Path, tmp_path: Path) -> None:
    spec = read(folder)
    elsewhere = tmp_path / "vit.onnx"
    (folder / "vit.onnx").rename(elsewhere)
    spec["vit"]["model"] |= {"path": str(elsewhere), "place": "outside"}
    write(folder, spec)
    with pytest.raises(ModelMissing, match="outside"):
        add_pack(folder, tmp_path / "mine")
