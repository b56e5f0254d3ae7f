"""The graphs that are built from tensors alone, against timm and cn_clip themselves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.model_files.checkpoints import clip_checkpoint, stirred, timm_folder
from tests.model_files.torch_extra import needs_torch

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.checkpoints.tensors import Tensors
from boxlens.models.export.clip_model import ClipSource, load_clip, write_towers
from boxlens.models.export.graphs import graph
from boxlens.models.export.graphs.clip_shapes import CLIP_SHAPES, clip_shape
from boxlens.models.export.graphs.vit_graph import VitShape, vit_shape, write_vit
from boxlens.models.export.making import Making, features
from boxlens.models.export.pack import PackSources, export_pack
from boxlens.models.export.timm_model import TimmSource, load_timm
from boxlens.models.export.torch_onnx import torch_features
from boxlens.models.image_encoder import cosines
from boxlens.models.packs.pack import load_pack
from boxlens.models.packs.spec import MIN_FP32_COSINE
from boxlens.models.runtimes.torch_session import text_half
from boxlens.models.text_encoder import SENTENCES, WordPieces

pytestmark = needs_torch
# every part a timm ViT may have: registers, layer scale, positions without tokens, mean of patches, norms before and
# after, the activation of CLIP
VITS: dict[str, dict[str, Any]] = {
    "vit_tiny_patch16_224": {"img_size": 64, "depth": 3},
    "vit_small_patch14_reg4_dinov2": {"img_size": 56, "depth": 2},
    "vit_small_patch14_dinov2": {"img_size": 56, "depth": 2},
    "vit_little_patch16_reg4_gap_256": {"img_size": 64, "depth": 2},
    "vit_medium_patch16_gap_256": {"img_size": 64, "depth": 2},
    "vit_base_patch16_gap_224": {"img_size": 64, "depth": 1},
    "vit_base_patch32_clip_224": {"img_size": 64, "depth": 2},
    "vit_base_patch16_clip_quickgelu_224": {"img_size": 64, "depth": 2},
    "deit3_small_patch16_224": {"img_size": 64, "depth": 2},
}
# of each network of Chinese-CLIP the real widths and heads, with fewer layers
FEW: dict[str, dict[str, Any]] = {
    "RN50": {"vision_layers": [2, 1, 2, 1], "text_num_hidden_layers": 1, "image_resolution": 96},
    "ViT-B-16": {"vision_layers": 2, "text_num_hidden_layers": 2},
    "ViT-L-14": {"vision_layers": 2, "text_num_hidden_layers": 1},
    "ViT-L-14-336": {"vision_layers": 1, "text_num_hidden_layers": 1},
    "ViT-H-14": {"vision_layers": 2, "text_num_hidden_layers": 2},
}


def pictures(side: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(3, 3, side, side)).astype(np.float32)


def assert_same(vectors: np.ndarray, reference: np.ndarray) -> None:
    assert vectors.shape == reference.shape
    assert cosines(vectors, reference).min() >= MIN_FP32_COSINE
    assert np.abs(vectors - reference).max() <= 1e-3 * np.abs(reference).max()


@pytest.mark.parametrize("name", VITS)
def test_a_timm_vit_gives_timm_s_features(name: str, tmp_path: Path) -> None:
    import timm
    import torch

    torch.manual_seed(1)
    network = stirred(timm.create_model(name, num_classes=7, **VITS[name])).eval()
    state = {key: value.numpy() for key, value in network.state_dict().items()}
    shape = vit_shape(name)
    assert shape is not None
    written = write_vit(Tensors(state, name), shape, tmp_path / "vit.onnx")
    network.reset_classifier(0)
    batch = pictures(written.side)
    assert written.side == VITS[name]["img_size"]
    assert written.dims == network.num_features
    assert_same(features(tmp_path / "vit.onnx", batch), torch_features(network, batch))


def test_what_names_say_is_what_timm_builds() -> None:
    """Heads, epsilon, activation and pooling of every model that is built here."""
    import timm
    import torch
    from timm.models.vision_transformer import VisionTransformer

    names = [name for name in timm.list_models(["vit_*", "deit*"]) if vit_shape(name)]
    assert len(names) > 80
    for name in names:
        with torch.device("meta"):
            network = timm.create_model(name)
        assert type(network) is VisionTransformer, name
        block = network.blocks[0]
        activation = type(block.mlp.act).__name__
        assert activation in ("GELU", "QuickGELU"), name
        theirs = VitShape(block.attn.num_heads, block.norm1.eps, activation == "QuickGELU", network.global_pool)
        assert (name, theirs) == (name, vit_shape(name))


@pytest.mark.parametrize(
    "name", ["resnet50", "vit_base_patch16_siglip_224", "vit_relpos_base_patch16_224", "vit_giant_patch14_dinov2"]
)
def test_other_networks_are_left_to_timm(name: str) -> None:
    assert vit_shape(name) is None


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> WordPieces:
    from boxlens.models.export.vocabulary import copy_vocabulary

    file = tmp_path_factory.mktemp("words") / "vocab.txt"
    copy_vocabulary(file)
    return WordPieces(file)


@pytest.mark.parametrize(("model", "half"), [*((model, False) for model in FEW), ("ViT-B-16", True)])
def test_both_towers_give_cn_clip_s_features(model: str, half: bool, pieces: WordPieces, tmp_path: Path) -> None:
    shape = clip_shape(model) | FEW[model]
    file = tmp_path / "shape.json"
    file.write_text(json.dumps(shape), "utf-8")
    checkpoint = clip_checkpoint(tmp_path / "clip.pt", shape, stir=True, half=half)
    image, text = write_towers(checkpoint, clip_shape(str(file)), tmp_path)
    assert (image.side, image.dims, text.dims) == (shape["image_resolution"], shape["embed_dim"], shape["embed_dim"])
    network = load_clip(ClipSource(checkpoint, str(file)))
    batch, words = pictures(image.side), pieces(SENTENCES)
    assert_same(features(tmp_path / "clip_image.onnx", batch), torch_features(network.visual, batch))
    assert_same(features(tmp_path / "clip_text.onnx", words), torch_features(text_half(network), words))


def test_the_shapes_are_those_of_cn_clip_s_own_files() -> None:
    import cn_clip.clip
    from cn_clip.clip.utils import _MODEL_INFO

    configs = Path(cn_clip.clip.__file__).parent / "model_configs"
    assert CLIP_SHAPES.keys() == _MODEL_INFO.keys()
    for model, info in _MODEL_INFO.items():
        theirs: dict[str, Any] = {}
        for part in info["struct"].split("@"):
            theirs |= json.loads((configs / f"{part}.json").read_text("utf-8"))
        if isinstance(theirs["vision_layers"], str):
            theirs["vision_layers"] = json.loads(theirs["vision_layers"])
        assert theirs == CLIP_SHAPES[model]


def test_the_vocabulary_is_cn_clip_s_own(tmp_path: Path) -> None:
    from cn_clip.clip.bert_tokenizer import default_vocab

    from boxlens.models.export.vocabulary import copy_vocabulary

    copy_vocabulary(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes() == Path(default_vocab()).read_bytes()


@pytest.fixture(scope="module")
def vit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return timm_folder(tmp_path_factory.mktemp("weights"), img_size=64, depth=2)


def changed(folder: Path, target: Path, change: Any) -> Path:
    """A copy of a timm folder with other tensors."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(folder, target)
    state = load_file(target / "model.safetensors")
    change(state)
    save_file(state, target / "model.safetensors", {"format": "pt"})
    return target


CHANGES = {
    "a tensor more": (lambda state: state.update({"blocks.0.attn.q_norm.weight": state["norm.weight"]}), "q_norm"),
    "a tensor less": (lambda state: state.pop("blocks.1.attn.proj.weight"), "attn.proj.weight is not in it"),
    "another shape": (lambda state: state.update({"norm.weight": state["norm.weight"][:5]}), "wanted are floats"),
    "no square": (lambda state: state.update({"pos_embed": state["pos_embed"][:, :-2]}), "no square"),
    "whole numbers": (lambda state: state.update({"norm.bias": state["norm.bias"].astype(np.int64)}), "int64"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_network_that_is_another_is_refused(kind: str, vit_folder: Path, tmp_path: Path) -> None:
    change, words = CHANGES[kind]
    source = TimmSource(changed(vit_folder, tmp_path / "weights", change))
    with pytest.raises(ModelMissing, match=words) as caught:
        export_pack(PackSources(vit=source, ocr=False), tmp_path / "packs", name="never")
    assert caught.value.hint


def test_numbers_that_are_none_are_refused(vit_folder: Path, tmp_path: Path) -> None:
    source = TimmSource(changed(vit_folder, tmp_path / "weights", lambda state: state["norm.bias"].fill(np.nan)))
    with pytest.raises(ModelMissing, match="no numbers"):
        export_pack(PackSources(vit=source, ocr=False), tmp_path / "packs", name="never")


def test_weights_too_large_for_one_file_get_a_second(
    vit_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    single, _ = export_pack(PackSources(vit=TimmSource(vit_folder), ocr=False), tmp_path / "one", name="vit")
    monkeypatch.setattr(graph, "INLINE_LIMIT", 1000)
    split, (parity,) = export_pack(PackSources(vit=TimmSource(vit_folder), ocr=False), tmp_path / "two", name="vit")
    assert split.spec.vit is not None
    assert split.spec.vit.model_data is not None
    assert split.spec.vit.model.bytes < 100_000
    assert parity.int8 is not None
    crops = [np.random.default_rng(1).integers(0, 256, (70, 80, 3)).astype(np.uint8)]
    assert single.vit is not None
    assert split.vit is not None
    assert np.array_equal(single.vit.encode_images(crops), split.vit.encode_images(crops))
    assert single.info.revision != split.info.revision
    data = split.folder / "vit.onnx.data"
    raw = bytearray(data.read_bytes())
    raw[-1] ^= 1
    data.write_bytes(raw)
    with pytest.raises(ModelMissing, match=r"vit\.onnx\.data"):
        load_pack(split.folder, verify=True)


def test_with_torch_each_network_is_held_to_it(vit_folder: Path, tmp_path: Path) -> None:
    sources = PackSources(vit=TimmSource(vit_folder), ocr=False)
    pack, (parity,) = export_pack(sources, tmp_path, name="both", making=Making("fp32", torch=True))
    assert parity.cosine is not None
    assert parity.cosine >= MIN_FP32_COSINE
    assert pack.spec.vit is not None
    assert pack.spec.vit.parity is not None
    assert load_timm(TimmSource(vit_folder)).num_features == pack.spec.vit.dims
