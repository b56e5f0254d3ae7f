"""Downloads from a loopback server with a hub's layout: resume, hashes, refusals, and a whole pull."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests.checkpoints import small_clip, timm_folder
from tests.servers.files import FileServer, file_server
from tests.shared import DATA
from tests.torch_extra import needs_torch

from embedding_pipeline.cli import main
from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models import hub
from embedding_pipeline.models.hub import download, hub_url
from embedding_pipeline.models.photo_pack import VIT_REPO, PhotoChoice, Places, pull_photo

BYTES = np.random.default_rng(2).bytes(300_000)
SHA = hashlib.sha256(BYTES).hexdigest()
PATH = "/org/model/resolve/main/weights.bin"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr(hub, "PAUSE_S", 0.0)
    with file_server() as server:
        server.files[PATH] = BYTES
        server.headers[PATH] = {"ETag": f'"{SHA}"'}
        yield server


def bring(server: FileServer, target: Path, **more: str) -> Path:
    with httpx.Client(follow_redirects=True, timeout=10) as client:
        return download(client, hub_url(server.url, "org/model", "weights.bin"), target, **more)


def test_a_file_comes_whole_and_is_not_fetched_twice(server: FileServer, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with httpx.Client(timeout=10) as client:
        download(
            client,
            hub_url(server.url, "org/model", "weights.bin"),
            tmp_path / "w",
            at=lambda name, done, size: told.append((name, done, size)),
        )
    assert (tmp_path / "w").read_bytes() == BYTES
    assert told[-1] == ("w", len(BYTES), len(BYTES))
    stamp = (tmp_path / "w").stat().st_mtime_ns
    bring(server, tmp_path / "w")
    assert (tmp_path / "w").stat().st_mtime_ns == stamp
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


def test_a_broken_download_goes_on_where_it_stopped(server: FileServer, tmp_path: Path) -> None:
    server.break_after[PATH] = 100_000
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    first, second = server.requests
    assert first == (PATH, None)
    assert second[1] is not None
    assert 0 < int(second[1].removeprefix("bytes=").rstrip("-")) <= 100_000


def test_the_next_run_goes_on_too(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "ATTEMPTS", 1)
    server.break_after[PATH] = 100_000
    with pytest.raises(ModelMissing) as caught:
        bring(server, tmp_path / "w")
    assert "goes on where it stopped" in caught.value.hint
    assert not (tmp_path / "w").exists()
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    assert server.requests[-1][1] is not None


def test_a_server_without_ranges_starts_over(server: FileServer, tmp_path: Path) -> None:
    server.ranges = False
    server.break_after[PATH] = 100_000
    assert bring(server, tmp_path / "w").read_bytes() == BYTES


def test_without_a_hash_nothing_is_pieced_together(server: FileServer, tmp_path: Path) -> None:
    server.headers.clear()
    (tmp_path / "w.part").write_bytes(b"of another file")
    assert bring(server, tmp_path / "w").read_bytes() == BYTES


def test_the_hash_of_the_first_answer_counts_behind_a_redirect(server: FileServer, tmp_path: Path) -> None:
    server.files["/cdn/blob"] = BYTES
    server.redirects[PATH] = "/cdn/blob"
    server.headers[PATH] = {"X-Linked-Etag": f'"{SHA}"'}
    server.headers["/cdn/blob"] = {"ETag": '"something"'}
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    server.files["/cdn/blob"] = b"another"
    (tmp_path / "w").unlink()
    with pytest.raises(ModelMissing, match=SHA):
        bring(server, tmp_path / "w")


def test_small_files_are_held_to_the_git_hash(server: FileServer, tmp_path: Path) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(BYTES) + BYTES).hexdigest()
    server.headers[PATH] = {"ETag": f'"{blob}"'}
    assert bring(server, tmp_path / "w").read_bytes() == BYTES
    server.headers[PATH] = {"ETag": f'"{"0" * 40}"'}
    with pytest.raises(ModelMissing, match="another file"):
        bring(server, tmp_path / "x")


def test_a_wrong_file_is_refused_and_thrown_away(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="f" * 64) as caught:
        bring(server, tmp_path / "w", sha256="f" * 64)
    assert SHA in caught.value.detail
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_exist_is_said_at_once(server: FileServer, tmp_path: Path) -> None:
    server.files.clear()
    with pytest.raises(ModelMissing, match="does not exist") as caught:
        bring(server, tmp_path / "w")
    assert "HF_ENDPOINT" in caught.value.hint
    assert len(server.requests) == 1


def test_a_server_that_is_away(tmp_path: Path, server: FileServer) -> None:
    with httpx.Client(timeout=2) as client, pytest.raises(ModelMissing, match="could not be fetched"):
        download(client, "http://127.0.0.1:1/x", tmp_path / "w")


@pytest.fixture
def filled(server: FileServer, tmp_path: Path) -> FileServer:
    """The hub with a small timm repository under the real name, and a small Chinese-CLIP under its own."""
    folder = timm_folder(tmp_path / "timm", img_size=64, depth=2)
    checkpoint, _ = small_clip(tmp_path, "vit")
    clip = "/OFA-Sys/chinese-clip-vit-base-patch16/resolve/main/clip_cn_vit-b-16.pt"
    names = {f"/{VIT_REPO}/resolve/main/{file.name}": file for file in folder.iterdir()} | {clip: checkpoint}
    for path, file in names.items():
        server.files[path] = file.read_bytes()
        server.headers[path] = {"ETag": f'"{hashlib.sha256(server.files[path]).hexdigest()}"'}
    return server


@needs_torch
def test_a_whole_pull(filled: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = DATA / "models" / "yolox_nano.onnx"
    if not detector.is_file():
        pytest.skip(f"{detector} is not there: set BOXLENS_SHARED_DATA")
    (weights,) = (path for path in filled.files if path.endswith("safetensors"))
    filled.break_after[weights] = 50_000
    # the weights served are small, so the model's shape is given in place of its name
    checkpoint = tmp_path / "vit.pt"
    choice = PhotoChoice(str(detector), clip=str(tmp_path / "vit.json"), clip_weights=checkpoint)
    places = Places(tmp_path / "downloads", tmp_path / "packs", filled.url)
    pack, parities = pull_photo(choice, places)
    assert pack.info.name == "photo"
    assert pack.missing == ()
    assert (pack.info.vit_dims, pack.info.clip_dims) == (192, 32)
    assert {parity.network for parity in parities} == {"vit", "clip_image", "clip_text"}
    assert [asked for path, asked in filled.requests if path == weights][1] is not None
    pack.warm_up()


@needs_torch
def test_the_clip_of_a_name_is_looked_for_where_cn_clip_looks(
    filled: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing detector file is said before anything is downloaded."""
    monkeypatch.setenv("HF_ENDPOINT", filled.url)
    monkeypatch.setenv("BOXLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    detector = tmp_path / "no.onnx"
    monkeypatch.setattr("sys.argv", ["boxlens", "models", "pull", "photo", "--detector", str(detector)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 4
    assert "no.onnx" in capsys.readouterr().err
    assert filled.requests == []
    from cn_clip.clip.utils import _MODELS

    from embedding_pipeline.models.photo_pack import CLIP_FILES

    assert {name: (f"OFA-Sys/{repo}", file) for name, (repo, file) in _MODELS.items()} == CLIP_FILES


@needs_torch
def test_the_command_exports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, shape = small_clip(tmp_path, "vit")
    monkeypatch.setenv("BOXLENS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    arguments = ["models", "export", "mine", "--clip", str(checkpoint), "--clip-model", str(shape), "--json"]
    monkeypatch.setattr("sys.argv", ["boxlens", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "mine"
    assert [parity["network"] for parity in told["parity"]] == ["clip_image", "clip_text"]
    assert (tmp_path / "data" / "packs" / "mine" / "clip_text.onnx").is_file()
