"""The command line as people and programs call it, on the real stack."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.servers.stack import Stack
from tests.shared import DATA, PHOTOS, needs_photos

from boxlens.cli import main
from boxlens.index.elasticsearch.client import connect

pytestmark = needs_photos
Run = Callable[..., tuple[int, str, str]]


def environment(stack: Stack) -> dict[str, str]:
    whole = stack.boxlens
    return {
        "BOXLENS_ELASTICSEARCH__URL": whole.addresses.elasticsearch,
        "BOXLENS_PROXY__URL": whole.addresses.proxy,
        "BOXLENS_PACK": whole.settings.pack,
        "BOXLENS_DATA_DIR": str(whole.settings.data_dir),
        "BOXLENS_RUNTIME": whole.settings.runtime,
        "BOXLENS_PIPELINE__OCR": "false",
        "COLUMNS": "160",
    }


@pytest.fixture
def run(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process; its exit code, output and errors."""
    for name, value in environment(stack).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, **more: str) -> tuple[int, str, str]:
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["boxlens", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return call


def read(output: str) -> Any:
    return json.loads(output)


def some_photos(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        shutil.copy(PHOTOS / name, folder / name)
    return folder


def test_conditions_in_the_words_are_read_and_told(run: Run) -> None:
    code, out, err = run("search", "person and dog", "-c", "photos")
    assert code == 0
    assert "read as: person + dog — from 'person and dog'" in err
    code, out, err = run("search", "两只狗 2023年7月", "-c", "photos", "--json")
    assert [reading["read_as"] for reading in read(out)["read_from_text"]] == ["all_of", "filter"]
    key = "all_of:两只狗"
    _, out, err = run("search", "两只狗", "-c", "photos", "--ignore", key, "--json")
    assert read(out)["read_from_text"] == []
    code, _, err = run("search", "dog left of person", "-c", "photos", "--plain")
    assert code == 0
    assert "read as" not in err


def test_dog_in_two_languages(run: Run) -> None:
    code, english, _ = run("search", "dog", "-c", "photos", "--json")
    assert code == 0
    _, chinese, _ = run("search", "狗", "-c", "photos", "--json")
    ids = [[hit["image_id"] for hit in read(out)["hits"]] for out in (english, chinese)]
    assert ids[0] == ids[1]
    assert ids[0]
    code, table, _ = run("search", "狗", "-c", "photos")
    assert code == 0
    assert "000000000790.jpg" in table


def test_a_sheet_with_boxes_is_drawn(run: Run, tmp_path: Path) -> None:
    import cv2

    picture = str(PHOTOS / "000000000790.jpg")
    code, out, _ = run("search", "--image", picture, "--box", "505,343,609,421", "-c", "photos", "--save", "hits.jpg")
    assert code == 0
    assert "000000000790.jpg" in out
    sheet = cv2.imread(str(tmp_path / "hits.jpg"))
    assert sheet is not None
    assert min(sheet.shape[:2]) > 300


def test_a_manifest_in_failures_out_and_fed_back(run: Run, tmp_path: Path) -> None:
    folder = some_photos(tmp_path / "in", "000000000285.jpg", "000000000785.jpg")
    lines = [
        {"uri": "in/000000000285.jpg", "caption": "棕熊 on the grass", "tags": ["zoo"]},
        {"uri": "in/000000000785.jpg"},
        {"uri": "in/later.jpg", "caption": "comes later"},
    ]
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
    code, out, _ = run("ingest", "list.jsonl", "-c", "from-manifest", "--json")
    report = read(out)
    assert code == 0
    assert (report["stored"], report["failed"], report["reasons"]) == (2, 1, {"bad_source": 1})
    failure = json.loads((tmp_path / "failures.jsonl").read_text())
    assert failure["uri"].endswith("later.jpg")
    assert failure["failure"]["code"] == "bad_source"
    shutil.copy(PHOTOS / "000000000872.jpg", folder / "later.jpg")
    code, out, _ = run("ingest", "failures.jsonl", "-c", "from-manifest", "--json")
    assert (code, read(out)["stored"], read(out)["failed"]) == (0, 1, 0)
    _, out, _ = run("search", "comes later", "-c", "from-manifest", "--json")
    assert len(read(out)["hits"]) == 1
    _, out, _ = run("search", "棕熊", "-c", "from-manifest", "--json")
    (hit,) = read(out)["hits"]
    code, out, _ = run("images", "show", hit["image_id"], "-c", "from-manifest", "--json")
    assert (read(out)["caption"], read(out)["tags"]) == ("棕熊 on the grass", ["zoo"])
    code, out, _ = run("images", "tag", hit["image_id"], "keep", "-c", "from-manifest")
    assert (code, "zoo, keep" in out) == (0, True)
    code, _, _ = run("images", "delete", hit["image_id"], "-c", "from-manifest")
    assert code == 0
    code, _, err = run("images", "show", hit["image_id"], "-c", "from-manifest")
    assert (code, hit["image_id"] in err) == (3, True)
    code, out, _ = run("collections", "info", "from-manifest", "--json")
    assert read(out)["images"] == 2
    assert run("collections", "delete", "from-manifest", "--yes")[0] == 0
    assert "from-manifest" not in run("collections", "list")[1]


def test_a_dry_run_takes_nothing_in(run: Run) -> None:
    code, out, _ = run("ingest", str(DATA / "odd_files"), "-c", "never", "--dry-run", "--json")
    assert code == 0
    assert read(out)["files"] == len(list((DATA / "odd_files").iterdir()))
    assert run("collections", "info", "never")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["search"], 3, "nothing to look for"),
        (["search", "dog", "-c", "nowhere"], 3, "nowhere"),
        (["search", "--box", "1,2,3,4"], 3, "--box needs --image"),
        (["search", "--image", "missing.jpg", "-c", "photos"], 3, "missing.jpg"),
        (["search", "dog", "-c", "photos", "--filter", "nonsense:1"], 3, "nonsense"),
        (["search", "dog", "-c", "photos", "--filter", "label:doog"], 3, "Did you mean dog"),
        (["search", "dog", "-k", "0"], 2, "-k"),
        (["search", "--unknown"], 2, "unknown"),
        (["ingest", "nowhere"], 3, "nowhere does not exist"),
        (["ingest", "nowhere", "--shard", "9/3"], 3, "9/3"),
        (["images", "show", "x", "-c", "photos"], 3, "x"),
        (["models", "verify", "nothing"], 4, "nothing"),
    ],
)
def test_wrong_calls_say_what_is_wrong(run: Run, arguments: list[str], code: int, words: str) -> None:
    ended, out, err = run(*arguments)
    assert ended == code
    assert words in out + err
    assert "Traceback" not in out + err


def test_servers_that_are_away_end_with_code_4(run: Run) -> None:
    code, _, err = run("search", "dog", "-c", "photos", BOXLENS_ELASTICSEARCH__URL="http://127.0.0.1:9")
    assert code == 4
    assert "Traceback" not in err
    code, _, err = run("search", "dog", BOXLENS_ELASTICSEARCH__PORT="many")
    assert code == 3
    assert "elasticsearch.port" in err


def test_doctor_names_what_is_off_and_what_is_fine(run: Run) -> None:
    code, out, _ = run("doctor", "--json")
    findings = {f["name"]: f for f in read(out)}
    assert code == 0
    assert findings["elasticsearch"]["good"]
    assert findings["collection photos"]["good"]
    assert findings["pack"]["good"] is None
    assert "clip" in findings["pack"]["detail"]
    code, out, _ = run("doctor", BOXLENS_PROXY__URL="http://127.0.0.1:9")
    assert code == 4
    assert "boxlens proxy" in out


def test_a_pack_is_listed_and_verified(run: Run) -> None:
    code, out, _ = run("models", "list", "--json")
    assert code == 0
    assert "coco-test" in [pack["name"] for pack in read(out)]
    code, out, _ = run("models", "verify", "coco-test", "--json")
    assert code == 0
    assert any(path.endswith("yolox_nano.onnx") for path in read(out)["files"])
    code, out, _ = run("models", "verify", "--json")
    assert code == 0
    assert {"coco-test", "demo"} <= {pack["name"] for pack in read(out)}
    assert all(part["good"] for pack in read(out) for part in pack["parity"])


def test_a_pack_is_measured_in_every_way_there_is(run: Run) -> None:
    code, out, _ = run("models", "bench", "coco-test", "--rounds", "1", "--batch", "2", "--json")
    assert code == 0
    content = read(out)
    assert content["pack"].startswith("coco-test ")
    (plain,) = [way for way in content["ways"] if way["way"] == "onnx fp32"]
    assert plain["network"] == "vit"
    assert plain["rate"] > 0
    assert plain["cosine_min"] == pytest.approx(1)
    code, out, _ = run("models", "bench", "coco-test", "--rounds", "1")
    assert code == 0
    assert "onnx fp32" in out


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"BOXLENS_RUNTIME": "torch"}, 4, "torch"),
        ({"BOXLENS_RUNTIME": "onnx", "BOXLENS_PRECISION": "bf16"}, 3, "bf16"),
        ({"BOXLENS_RUNTIME": "openvino", "BOXLENS_DEVICE": "cuda"}, 3, "GPU"),
        ({"BOXLENS_RUNTIME": "tensorrt"}, 3, "runtime"),
    ],
)
def test_a_runtime_that_cannot_be_had_is_said(run: Run, settings: dict[str, str], code: int, message: str) -> None:
    exit_code, _, err = run("search", "dog", "-c", "photos", **settings)
    assert (exit_code, message in err) == (code, True), err
    assert "Traceback" not in err


def test_doctor_names_runtimes_and_how_each_network_runs(run: Run) -> None:
    code, out, _ = run("doctor", "--json", BOXLENS_RUNTIME="onnx")
    assert code == 0
    findings = {f["name"]: f["detail"] for f in read(out)}
    assert findings["runtimes"].startswith("onnx ")
    assert findings["network vit"] == "onnx fp32, the only way open to it"
    assert "gpu" in findings


def test_a_collection_is_exported_line_by_line(run: Run, tmp_path: Path) -> None:
    code, _, _ = run("collections", "export", "photos", "--to", "photos.jsonl")
    assert code == 0
    lines = [json.loads(line) for line in (tmp_path / "photos.jsonl").read_text("utf-8").splitlines()]
    assert {line["file_name"] for line in lines} == {path.name for path in PHOTOS.iterdir()}
    assert all(line["objects"][0]["kind"] == "frame" for line in lines)
    assert run("collections", "export", "nowhere")[0] == 3


def test_ctrl_c_ends_after_the_batch_with_a_summary(stack: Stack, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "boxlens", "ingest", str(PHOTOS), "-c", "interrupted", "--json"],
        cwd=tmp_path,
        env=os.environ | environment(stack) | {"BOXLENS_PIPELINE__SLAB": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    index = stack.boxlens.index
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and child.poll() is None:
        names = {info.name for info in index.collections()}
        if "interrupted" in names:
            index.refresh("interrupted")
            if index.info("interrupted").images:
                break
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    report = json.loads(out)
    assert child.returncode == 130, err
    assert report["interrupted"]
    assert 0 < report["stored"] < 111
    assert index.info("interrupted").images == report["stored"]
    index.drop("interrupted")


def test_every_command_has_help_with_an_example(run: Run) -> None:
    commands = ["demo", "serve", "proxy", "ingest", "search", "doctor"]
    nested = [
        "collections list",
        "collections info",
        "collections create",
        "collections delete",
        "images show",
        "collections export",
        "collections renew",
    ]
    nested += [
        "images tag",
        "images delete",
        "models list",
        "models verify",
        "models bench",
        "bench ingest",
        "es start",
        "es stop",
    ]
    for command in [*commands, *nested, "es status"]:
        code, out, _ = run(*command.split(), "--help")
        assert code == 0
        assert "Example:" in out, command


def test_a_collection_of_an_older_program_is_told_of_and_renewed(run: Run, stack: Stack) -> None:
    (photo, *_) = sorted(PHOTOS.iterdir())
    assert run("ingest", str(photo), "-c", "aged")[0] == 0
    with connect(stack.boxlens.addresses.elasticsearch, stack.boxlens.settings.elasticsearch) as client:
        for hit in client.search(index="boxlens-aged", size=100)["hits"]["hits"]:
            new = ("aspect", "center_x", "center_y", "position", "objects", "label_counts")
            older = {name: value for name, value in hit["_source"].items() if name not in new}
            client.index(index="boxlens-aged", id=hit["_id"], routing=hit["_routing"], document=older, refresh=True)

    def collection_status() -> Any:
        (line,) = [line for line in read(run("doctor", "--json")[1]) if line["name"] == "collection aged"]
        return line

    assert collection_status()["good"] is None
    assert "boxlens collections renew aged" in collection_status()["repair"]
    by_count = ("search", "--filter", "objects>=0", "-c", "aged", "--json")
    assert read(run(*by_count)[1])["hits"] == []
    code, out, _ = run("collections", "renew", "aged")
    assert (code, out.strip()) == (0, "aged: 1 images renewed.")
    assert len(read(run(*by_count)[1])["hits"]) == 1
    assert collection_status()["good"] is True
    assert run("collections", "delete", "aged", "--yes")[0] == 0
    assert run("collections", "renew", "aged")[0] == 3
