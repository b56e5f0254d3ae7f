"""``boxlens models pull photo`` from a loopback hub, in a process that has no torch, to a pack that finds things."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.model_files.checkpoints import clip_checkpoint, timm_folder
from tests.model_files.torch_extra import needs_torch
from tests.servers.hub import COMMIT, Hub, hub_server
from tests.shared import DATA, PHOTOS, needs_photos

from boxlens.domain.errors import DiskFull, ModelMissing
from boxlens.domain.queries import PictureClause, Query
from boxlens.domain.references import ImageRef
from boxlens.fetch import patience
from boxlens.models.export.graphs.clip_shapes import CLIP_SHAPES
from boxlens.models.packs import photo
from boxlens.models.packs.hub import Hubs
from boxlens.models.packs.pack import BUNDLED, find_pack
from boxlens.models.packs.photo import CLIP_FILES, VIT_REPO, PhotoChoice, Places, pull_photo
from boxlens.servers import Addresses, embedded_proxy
from boxlens.settings import ElasticsearchSettings, Settings
from boxlens.wiring import Boxlens

DETECTOR = DATA / "models" / "yolox_nano.onnx"
pytestmark = [needs_photos, pytest.mark.skipif(not DETECTOR.is_file(), reason=f"{DETECTOR} is not there")]
# what the default install does not have
_WITHOUT = "torch torchvision timm cn_clip onnxscript safetensors".split()
_MAIN = f"""
import sys
for name in {_WITHOUT}:
    sys.modules[name] = None  # an import of it fails as if it were not installed
from boxlens.cli import main
main()
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ViT as timm's repositories are, and a whole RN50 of Chinese-CLIP in fp16, weights as initialised."""
    folder = tmp_path_factory.mktemp("weights")
    timm_folder(folder / "vit", img_size=64, depth=2)
    clip_checkpoint(folder / "clip.pt", CLIP_SHAPES["RN50"])
    return folder


@pytest.fixture
def hub(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(patience, "PAUSE_S", 0.0)
    with hub_server() as hub:
        hub.add(VIT_REPO, "config.json", (weights / "vit" / "config.json").read_bytes(), large=False)
        hub.add(VIT_REPO, "model.safetensors", weights / "vit" / "model.safetensors")
        repo, file = CLIP_FILES["RN50"]
        hub.add(repo, file, weights / "clip.pt")
        yield hub


def boxlens(arguments: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {"BOXLENS_DATA_DIR": str(folder / "data"), "HF_HOME": str(folder / "hf"), "COLUMNS": "300"}
    return subprocess.run(
        [sys.executable, "-c", _MAIN, *arguments],
        env=os.environ | settings | environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def pulled(hub: Hub, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = ["models", "pull", "photo", "--clip", "RN50", "--detector", str(DETECTOR), *more]
    return boxlens(arguments, folder, HF_ENDPOINT=hub.site.url, MODELSCOPE_ENDPOINT=hub.modelscope.url)


@needs_torch
def test_a_whole_pull_without_torch(hub: Hub, tmp_path: Path, elasticsearch_url: str) -> None:
    stored = {len(path.read_bytes()): name for name, path in hub.cdn.files.items() if isinstance(path, Path)}
    clip = stored[max(stored)]
    hub.cdn.break_after[clip] = 50_000_000
    hub.cdn.busy[clip] = [(429, {"Retry-After": "1"})]
    done = pulled(hub, tmp_path)
    assert done.returncode == 0, done.stderr
    output = done.stdout + done.stderr
    before, after = output.split("Building the ViT", 1)
    # what, from where, how large, under which licence
    for words in (hub.site.url, COMMIT, "MIT", f"here: {DETECTOR}", "To be fetched: "):
        assert words in before
    assert "built without torch" in after
    assert "Peak memory" in after
    assert "boxlens collections swap default --pack photo" in after
    assert [asked for path, asked in hub.cdn.requests if path == clip][-1] is not None
    search_with(tmp_path / "data", elasticsearch_url)
    again = pulled(hub, tmp_path, "--json")
    assert again.returncode == 0, again.stderr
    row = json.loads(again.stdout)
    assert row["peak_mb"] > 100
    assert row["disk_mb"] > 100
    assert [result["network"] for result in row["parity"]] == ["vit", "clip_image", "clip_text"]
    assert len([path for path, _ in hub.cdn.requests if path == clip]) == 3  # busy, broken, whole; and not again


def search_with(data_dir: Path, elasticsearch_url: str) -> None:
    """The pack finds a picture among others by its vectors."""
    settings = Settings(
        data_dir=data_dir,
        pack="photo",
        runtime="onnx",
        elasticsearch=ElasticsearchSettings(url=elasticsearch_url),
        collection="pulled",
    )
    files = sorted(PHOTOS.iterdir())[:3]
    with embedded_proxy(settings, 0) as proxy:
        whole = Boxlens(settings, Addresses(elasticsearch_url, proxy))
        try:
            given = [ImageRef(file.name, data=file.read_bytes()) for file in files]
            report = whole.indexer.ingest(given, collection="pulled")
            assert report.failed == 0, report.reasons
            picture = whole.decode(files[1].read_bytes()).pixels
            answer = whole.searcher.search("pulled", Query((PictureClause(picture),)))
            assert answer.hits[0].image.file_name == files[1].name
        finally:
            whole.close()


def test_the_detector_alone_takes_the_bundled_encoders(tmp_path: Path) -> None:
    done = boxlens(["models", "pull", "photo", "--size", "detector", "--detector", str(DETECTOR), "--json"], tmp_path)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert row["roles"] == ["detector", "vit", "clip", "ocr"]
    bundled = find_pack(str(Settings.model_fields["pack"].default), BUNDLED)
    spec, theirs = (json.loads((at / "pack.json").read_text()) for at in (Path(row["folder"]), bundled))
    assert spec["vit"] == theirs["vit"]
    assert spec["clip"] == theirs["clip"]
    assert len(spec["detector"]["classes"]) == 80


def test_the_detector_comes_from_its_release_at_its_pinned_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_server() as hub:
        hub.site.files["/yolox_nano.onnx"] = DETECTOR
        places = Places(tmp_path / "downloads", tmp_path / "packs", releases=hub.site.url)
        choice = PhotoChoice("detector", "nano", encoders=find_pack("demo", BUNDLED))
        monkeypatch.setitem(photo.YOLOX, "nano", "f" * 64)
        with pytest.raises(ModelMissing, match="f" * 64):
            pull_photo(choice, places)
        monkeypatch.setitem(photo.YOLOX, "nano", sha256(DETECTOR))
        seen: list[photo.Plan] = []
        pack, parities = pull_photo(choice, places, planned=seen.append)
        assert seen[0].to_fetch == DETECTOR.stat().st_size
        assert (pack.info.name, parities) == ("photo", [])
        pack.warm_up()


def sha256(path: Path) -> str:
    from boxlens.models.packs.files import sha256

    return sha256(path)


def quiet(hub: Hub, folder: Path, **more: Any) -> Any:
    """A pull that fails, and the error."""
    hubs = Hubs(hub.site.url, hub.modelscope.url)
    with pytest.raises((ModelMissing, DiskFull)) as caught:
        pull_photo(PhotoChoice(**({"detector": str(DETECTOR)} | more)), Places(folder / "d", folder / "p", hubs))
    return caught.value


def test_local_files_that_are_not_there_are_said_before_anyone_is_asked(tmp_path: Path) -> None:
    with hub_server() as hub:
        assert "no.onnx" in quiet(hub, tmp_path, detector=str(tmp_path / "no.onnx")).detail
        assert "no.pt" in quiet(hub, tmp_path, clip_weights=tmp_path / "no.pt").detail
        assert "no Chinese-CLIP named" in quiet(hub, tmp_path, clip="ViT-G").detail
        assert hub.site.asked == []


def test_a_network_that_needs_torch_is_said_before_its_weights_come(tmp_path: Path) -> None:
    config = {"architecture": "resnet50", "pretrained_cfg": {"input_size": [3, 224, 224]}}
    with hub_server() as hub:
        hub.add("timm/resnet50", "config.json", json.dumps(config).encode(), large=False)
        hub.add("timm/resnet50", "model.safetensors", b"x" * 1000)
        hub.add(*CLIP_FILES["ViT-B-16"], b"x" * 1000)
        arguments = ["models", "pull", "photo", "--vit", "timm/resnet50", "--detector", str(DETECTOR)]
        done = boxlens(arguments, tmp_path, HF_ENDPOINT=hub.site.url)
        assert done.returncode == 4
        assert "needs the extra torch" in " ".join(done.stderr.split())
        assert hub.cdn.asked == []


def test_a_full_disk_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    with hub_server() as hub:
        hub.add(VIT_REPO, "config.json", b"{}", large=False)
        hub.add(VIT_REPO, "model.safetensors", b"x" * 1000)
        path = hub.add(*CLIP_FILES["ViT-H-14"], b"x" * 1000)
        for revision in ("main", COMMIT):
            at = f"/{CLIP_FILES['ViT-H-14'][0]}/resolve/{revision}/{CLIP_FILES['ViT-H-14'][1]}"
            hub.site.headers[at]["X-Linked-Size"] = str(1 << 50)
        assert "MB are free" in quiet(hub, tmp_path, size="huge").detail
        assert path not in [request.path for request in hub.cdn.asked]


@needs_torch
def test_the_files_are_those_that_cn_clip_asks_for() -> None:
    from cn_clip.clip.utils import _MODELS

    assert {name: (f"OFA-Sys/{repo}", file) for name, (repo, file) in _MODELS.items()} == CLIP_FILES


@needs_torch
def test_export_needs_no_torch_for_what_is_built_here(weights: Path, tmp_path: Path) -> None:
    arguments = ["models", "export", "mine", "--vit", str(weights / "vit"), "--detector", str(DETECTOR), "--json"]
    done = boxlens(arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert row["roles"] == ["detector", "vit", "ocr"]
    assert row["parity"][0]["cosine"] is None
    help_text = boxlens(["models", "export", "--help"], tmp_path).stdout
    assert "No torch is needed" in " ".join(help_text.split())
