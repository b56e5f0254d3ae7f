"""onnxruntime, OpenVINO and torch over one pack: the same vectors, whichever runs it."""

from __future__ import annotations

import importlib.util
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.model_files.checkpoints import crops_of, small_clip, timm_folder
from tests.model_files.networks import image_network
from tests.model_files.torch_extra import needs_torch
from tests.shared import PHOTOS, needs_photos

from boxlens.domain.errors import ModelMissing
from boxlens.domain.pictures import Pixels
from boxlens.models.export.clip_model import ClipSource
from boxlens.models.export.making import Making
from boxlens.models.export.pack import PackSources, export_pack
from boxlens.models.export.timm_model import TimmSource
from boxlens.models.packs.pack import PACK_FILE, Pack, RunOptions, load_pack
from boxlens.models.packs.spec import MIN_FP32_COSINE, MIN_INT8_COSINE
from boxlens.models.runtimes.backends import BackendRequest
from boxlens.models.runtimes.onnx_session import OnnxSession
from boxlens.models.runtimes.openvino_session import OpenVinoSession
from boxlens.models.runtimes.parity import bench, check_parity
from boxlens.models.runtimes.session_factory import RunSettings
from boxlens.settings import Settings
from boxlens.wiring import pack_places, running

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="the extra openvino is not installed (BOXLENS_TORCH=no)"
)
SENTENCES = ["一只狗", "a red apple 苹果", "", "雨天行人打着伞走在街道上"]


@pytest.fixture(scope="module")
def photos() -> list[Pixels]:
    return [np.asarray(Image.open(file).convert("RGB")) for file in sorted(PHOTOS.iterdir())[:5]]


@pytest.fixture(scope="module")
def folder(photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of a small timm ViT and a small Chinese-CLIP with int8 files and torch weights."""
    weights = tmp_path_factory.mktemp("weights")
    sources = PackSources(
        vit=TimmSource(timm_folder(weights / "timm", img_size=64, depth=3)),
        clip=clip_source(weights),
        ocr=False,
    )
    packs = tmp_path_factory.mktemp("packs")
    pack, parities = export_pack(sources, packs, name="three", making=Making("int8", torch=True), pictures=photos)
    methods = {p.network: p.method for p in parities}
    assert methods["clip_text"] == "dynamic"
    # processors without int8 instructions of their own lose too much by fixed ranges in networks this small
    assert {methods["vit"], methods["clip_image"]} <= {"static", "dynamic"}
    return pack.folder


def clip_source(weights: Path) -> ClipSource:
    checkpoint, shape = small_clip(weights, "vit")
    return ClipSource(checkpoint, str(shape))


def vectors(pack: Pack, photos: list[Pixels]) -> list[np.ndarray]:
    assert pack.vit is not None
    assert pack.clip_image is not None
    assert pack.clip_text is not None
    crops = crops_of(photos)
    return [
        pack.vit.encode_images(crops),
        pack.clip_image.encode_images(crops),
        pack.clip_text.encode_texts(SENTENCES),
    ]


def loaded(folder: Path, request: BackendRequest) -> Pack:
    return load_pack(folder, RunOptions(RunSettings(request)))


@needs_torch
@needs_photos
@needs_openvino
@pytest.mark.parametrize(
    ("backend", "min_cosine"),
    [
        (BackendRequest("onnx", "int8"), MIN_INT8_COSINE),
        (BackendRequest("openvino", "fp32"), MIN_FP32_COSINE),
        (BackendRequest("openvino", "int8"), MIN_INT8_COSINE),
        (BackendRequest("openvino", "bf16"), 0.999),
        (BackendRequest("torch", "fp32"), MIN_FP32_COSINE),
        (BackendRequest("torch", "bf16"), 0.999),
    ],
)
def test_every_backend_gives_the_vectors_of_plain_fp32(
    folder: Path, photos: list[Pixels], backend: BackendRequest, min_cosine: float
) -> None:
    plain, other = loaded(folder, BackendRequest()), loaded(folder, backend)
    assert plain.info == other.info
    for ours, theirs in zip(vectors(other, photos), vectors(plain, photos), strict=True):
        assert ours.dtype == np.float32
        assert (ours * theirs).sum(axis=1).min() >= min_cosine


@needs_torch
@needs_photos
def test_parity_is_recorded_and_found_again(folder: Path, photos: list[Pixels]) -> None:
    near = {(n.network, n.what.split()[0]): n for n in check_parity(load_pack(folder), crops_of(photos))}
    assert near.keys() == {(n, w) for n in ("vit", "clip_image", "clip_text") for w in ("torch", "int8")}
    for result in near.values():
        assert result.good
        assert result.cosine is not None
        assert result.recorded is not None
        assert min(result.cosine, result.recorded) >= result.minimum
    assert near["vit", "torch"].cosine != near["vit", "int8"].cosine


@needs_torch
@needs_photos
def test_the_bench_holds_every_way_beside_plain_fp32(folder: Path, photos: list[Pixels]) -> None:
    speeds = bench(load_pack(folder), photos, batch=2, rounds=1)
    assert not [speed.failed for speed in speeds if speed.failed]
    measured = {(speed.network, str(speed.backend)) for speed in speeds}
    for network in ("vit", "clip_image", "clip_text"):
        assert {(network, backend) for backend in ("onnx fp32", "onnx int8", "torch fp32", "torch bf16")} <= measured
    for speed in speeds:
        assert speed.rate is not None
        assert speed.rate > 0
        assert speed.cosine_min is not None
        assert speed.cosine_mean is not None
        assert MIN_INT8_COSINE <= speed.cosine_min <= speed.cosine_mean <= 1.000001


@needs_torch
@needs_photos
def test_weights_of_another_network_are_refused(folder: Path, tmp_path: Path) -> None:
    import shutil

    other = tmp_path / "three"
    shutil.copytree(folder, other)
    spec = json.loads((other / PACK_FILE).read_text("utf-8"))
    spec["vit"]["torch"]["arguments"]["depth"] = 2
    (other / PACK_FILE).write_text(json.dumps(spec), "utf-8")
    with pytest.raises(ModelMissing, match="do not fit") as caught:
        loaded(other, BackendRequest("torch")).warm_up()
    assert "boxlens models" in caught.value.hint


@needs_openvino
@pytest.mark.parametrize("batch", ["n", 4])
def test_openvino_runs_what_onnxruntime_runs(tmp_path: Path, batch: int | str) -> None:
    path = image_network(tmp_path / "net.onnx", 12, batch=batch)
    plain, other = OnnxSession(path), OpenVinoSession(path, threads=1)
    assert (other.input, other.outputs) == (plain.input, plain.outputs)
    rng = np.random.default_rng(0)
    for rows in (0, 1, 4, 6):
        inputs = rng.normal(size=(rows, 3, 8, 8)).astype(np.float32)
        assert np.allclose(other.run(inputs)[0], plain.run(inputs)[0], atol=1e-4)


@needs_openvino
def test_openvino_serves_many_threads(tmp_path: Path) -> None:
    path = image_network(tmp_path / "net.onnx", 12)
    session, plain = OpenVinoSession(path), OnnxSession(path)
    right: list[bool] = []

    def work(seed: int) -> None:
        for rows in (1, 3, 2):
            batch = np.random.default_rng(seed).normal(size=(rows, 3, 8, 8)).astype(np.float32)
            right.append(np.allclose(session.run(batch)[0], plain.run(batch)[0], atol=1e-4))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert right == [True] * 12


@needs_openvino
def test_what_openvino_cannot_take_is_named(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_text("these are words")
    for name, message in (("net.onnx", "cannot take"), ("absent.onnx", "not there")):
        with pytest.raises(ModelMissing, match=message):
            _ = OpenVinoSession(tmp_path / name).input


@needs_openvino
@pytest.mark.parametrize("pack", ["demo", "photos"])
def test_a_bundled_pack_runs_by_openvino(pack: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, runtime="openvino", precision="fp32")
    (bundled,) = (place / pack for place in pack_places(settings) if (place / pack).is_dir())
    plain, other = load_pack(bundled), load_pack(bundled, RunOptions(running(settings)))
    assert plain.detector is not None
    assert other.detector is not None
    picture = np.random.default_rng(1).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    for ours, theirs in zip(vectors(other, [picture]), vectors(plain, [picture]), strict=True):
        assert (ours * theirs).sum(axis=1).min() >= MIN_FP32_COSINE
    assert len(other.detector.detect([picture])[0]) == len(plain.detector.detect([picture])[0])
    assert not settings.choices.exists(), "one way was open: nothing was measured"
