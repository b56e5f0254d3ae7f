"""timm and cn_clip against our path through ONNX: preprocessing, vectors, and what must be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.model_files.checkpoints import crops_of, small_clip, timm_folder
from tests.model_files.torch_extra import needs_torch
from tests.shared import PHOTOS, needs_photos

from boxlens.domain.errors import ModelMissing
from boxlens.domain.pictures import Pixels
from boxlens.models.export.clip_model import ClipSource, clip_preprocess, load_clip
from boxlens.models.export.making import Making, Parity
from boxlens.models.export.pack import PackSources, export_pack
from boxlens.models.export.timm_model import TimmSource, data_config, load_timm
from boxlens.models.image_encoder import Preprocess
from boxlens.models.packs.pack import Pack
from boxlens.models.packs.spec import MIN_FP32_COSINE, MIN_INT8_COSINE

pytestmark = [needs_torch, needs_photos]
TIMM: dict[str, Any] = {"img_size": 64, "depth": 3}
SENTENCES = ["一只狗", "a red apple 苹果", "", "雨天行人打着伞走在街道上"]


@pytest.fixture(scope="module")
def crops() -> list[Pixels]:
    files = sorted(PHOTOS.iterdir())[:4]
    return crops_of([np.asarray(Image.open(file).convert("RGB")) for file in files])


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    timm_folder(folder / "timm", **TIMM)
    for kind in ("vit", "rn50"):
        small_clip(folder, kind)
    return folder


@pytest.fixture(scope="module", params=["vit", "rn50"])
def exported(
    request: pytest.FixtureRequest, weights: Path, crops: list[Pixels], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Pack, list[Parity]]:
    """A pack with a CLIP of each kind; a ViT only once, it is the same."""
    kind = request.param
    sources = PackSources(
        vit=TimmSource(weights / "timm") if kind == "vit" else None,
        clip=ClipSource(weights / f"{kind}.pt", str(weights / f"{kind}.json")),
        ocr=False,
    )
    packs = tmp_path_factory.mktemp("packs")
    pack, parities = export_pack(sources, packs, name=kind, making=Making("fp32"), pictures=crops)
    return kind, pack, parities


def by_library(transform: Any, crops: list[Pixels]) -> Any:
    import torch

    return torch.stack([transform(Image.fromarray(crop)) for crop in crops])


def unscaled(batch: np.ndarray, preprocess: Preprocess) -> np.ndarray:
    std, mean = (np.array(numbers).reshape(1, 3, 1, 1) for numbers in (preprocess.std, preprocess.mean))
    pixels: np.ndarray = batch * std + mean
    return pixels


def assert_close(rows: np.ndarray, expected: np.ndarray, least: float) -> None:
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    assert rows.shape == expected.shape
    assert (rows * expected).sum(axis=1).min() >= least


@pytest.mark.parametrize("crop_pct", [0.9, 0.875, 1.0])
def test_crops_are_prepared_as_timm_prepares_them(weights: Path, crops: list[Pixels], crop_pct: float) -> None:
    from timm.data import create_transform, resolve_model_data_config

    network = load_timm(TimmSource(weights / "timm"))
    network.pretrained_cfg["crop_pct"] = crop_pct
    preprocess = data_config(network)
    assert (preprocess.fit, preprocess.crop_pct, preprocess.size) == ("centre", crop_pct, (64, 64))
    expected = by_library(create_transform(**resolve_model_data_config(network)), crops).numpy()
    off = np.abs(unscaled(preprocess.batch(crops), preprocess) - unscaled(expected, preprocess))
    assert off.max() <= 1 / 255 + 1e-5


@pytest.mark.parametrize("side", [64, 224])
def test_crops_are_prepared_as_cn_clip_prepares_them(crops: list[Pixels], side: int) -> None:
    from cn_clip.clip import image_transform

    preprocess = clip_preprocess(side)
    expected = by_library(image_transform(side), crops).numpy()
    off = np.abs(unscaled(preprocess.batch(crops), preprocess) - unscaled(expected, preprocess))
    assert off.max() <= 1 / 255 + 1e-5


def test_the_exported_pack_gives_the_library_s_vectors(
    exported: tuple[str, Pack, list[Parity]], weights: Path, crops: list[Pixels]
) -> None:
    import torch
    from cn_clip.clip import image_transform, tokenize
    from timm.data import create_transform, resolve_model_data_config

    kind, pack, parities = exported
    assert all(parity.cosine is None and parity.int8 is None for parity in parities)
    theirs = load_clip(ClipSource(weights / f"{kind}.pt", str(weights / f"{kind}.json")))
    assert pack.clip_image is not None
    assert pack.clip_text is not None
    with torch.inference_mode():
        images = theirs.encode_image(by_library(image_transform(theirs.visual.input_resolution), crops)).numpy()
        texts = theirs.encode_text(tokenize(SENTENCES)).numpy()
    assert_close(pack.clip_image.encode_images(crops), images, MIN_FP32_COSINE)
    assert_close(pack.clip_text.encode_texts(SENTENCES), texts, MIN_FP32_COSINE)
    if pack.vit is None:
        return
    network = load_timm(TimmSource(weights / "timm"))
    with torch.inference_mode():
        features = network(by_library(create_transform(**resolve_model_data_config(network)), crops)).numpy()
    assert_close(pack.vit.encode_images(crops), features, MIN_FP32_COSINE)
    assert pack.info.vit_dims == network.num_features


def test_weights_are_those_cn_clip_s_own_loader_gives(weights: Path) -> None:
    import torch
    from cn_clip.clip.model import CLIP, convert_weights

    shape = json.loads((weights / "vit.json").read_text("utf-8"))
    theirs = CLIP(**shape)
    convert_weights(theirs)
    saved = torch.load(weights / "vit.pt", weights_only=True)["state_dict"]
    theirs.load_state_dict({k.removeprefix("module."): v for k, v in saved.items() if "bert.pooler" not in k})
    ours = load_clip(ClipSource(weights / "vit.pt", str(weights / "vit.json"))).state_dict()
    assert all(torch.equal(value.float(), ours[key]) for key, value in theirs.state_dict().items())


def test_int8_is_kept_only_where_it_is_near(weights: Path, crops: list[Pixels], tmp_path: Path) -> None:
    sources = PackSources(vit=TimmSource(weights / "timm"), ocr=False)
    pack, (parity,) = export_pack(sources, tmp_path, name="small", pictures=crops)
    assert parity.tried_int8 is not None
    assert (parity.int8 is not None) == (parity.tried_int8 >= MIN_INT8_COSINE)
    assert pack.spec.vit is not None
    assert (pack.spec.vit.int8 is not None) == (parity.int8 is not None)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


@pytest.mark.parametrize("wrong", ["nothing here", "another shape", "not tensors alone", "no name"])
def test_weights_that_do_not_fit_are_refused(wrong: str, weights: Path, tmp_path: Path) -> None:
    import torch

    file = tmp_path / "weights.pt"
    torch.save({"state_dict": {"x": Path("code")}} if wrong == "not tensors alone" else {"state_dict": {}}, file)
    sources = {
        "nothing here": PackSources(vit=TimmSource(tmp_path / "absent")),
        "another shape": PackSources(clip=ClipSource(weights / "vit.pt", str(weights / "rn50.json"))),
        "not tensors alone": PackSources(clip=ClipSource(file, "ViT-B-16")),
        "no name": PackSources(vit=TimmSource(file)),
    }
    with pytest.raises(ModelMissing) as caught:
        export_pack(sources[wrong], tmp_path / "packs", name="never")
    assert caught.value.hint
    if wrong == "not tensors alone":
        assert "it holds pathlib." in caught.value.detail
    assert list((tmp_path / "packs").iterdir()) == []
