"""Writes the demo pack from the checkpoints: ONNX files, parity with torch, vocabulary, pack.json."""

from __future__ import annotations

import copy
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import cn_clip.clip
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from boxlens.models.image_encoder import Preprocess
from boxlens.models.packs.files import sha256
from boxlens.models.packs.spec import ClassSpec, ClipSpec, DetectorSpec, FileSpec, PackSpec, ParitySpec, VitSpec
from boxlens.samples.names import things
from training.learning.calibrate_bn import calibrate_detector, calibrate_encoders
from training.material.augment import SIDE
from training.material.batches import normalised, tokens_of
from training.networks import CLIP_SHAPE, CONTEXT, MEAN, STD, VIT_SHAPE, Encoders, Trunk
from training.yolox import INPUT, Yolox

LOG = logging.getLogger("training")
OPSET = 18
SOURCE = "trained by embedding-pipeline/training on emoji artwork; see MODEL_CARD.md"
LEAST_COSINE = 0.9999


class WholeVit(nn.Module):
    """The trunk and the transformer on it: pixels to vectors."""

    def __init__(self, net: Encoders) -> None:
        super().__init__()
        self.trunk = Trunk(copy.deepcopy(net.clip.visual))
        self.vit = net.vit

    def forward(self, pixels: Tensor) -> Tensor:
        return self.vit(self.trunk(pixels))


class TextTower(nn.Module):
    """cn_clip's encode_text alone."""

    def __init__(self, net: Encoders) -> None:
        super().__init__()
        self.clip = net.clip

    def forward(self, tokens: Tensor) -> Tensor:
        return self.clip.encode_text(tokens)


def export(folder: Path, target: Path) -> dict[str, float]:
    """Write the pack of the checkpoints in ``folder`` into ``target``; the least cosine of each file to torch.

    Without a checkpoint of the detector the one that ``target`` holds is kept.
    """
    target.mkdir(parents=True, exist_ok=True)
    encoders = load_encoders(folder)
    calibrate_encoders(encoders)
    pixels = normalised(torch.rand(5, 3, SIDE, SIDE))
    tokens = _padded(tokens_of([t.zh[0] for t in things()[:40]] + [t.en[0] for t in things()[:40]]))
    parity = {
        "vit.onnx": _write(WholeVit(encoders), pixels, target / "vit.onnx", "pixels", "vectors"),
        "clip_image.onnx": _write(encoders.clip.visual, pixels, target / "clip_image.onnx", "pixels", "vectors"),
        "clip_text.onnx": _write(TextTower(encoders), tokens, target / "clip_text.onnx", "tokens", "vectors"),
    }
    if (folder / "detector.pt").exists():
        scene = torch.randint(0, 256, (2, 3, INPUT, INPUT)).float()
        detector = calibrate_detector(load_detector(folder))
        parity["detector.onnx"] = _write(detector, scene, target / "detector.onnx", "images", "output")
    elif not (target / "detector.onnx").exists():
        raise SystemExit(f"no detector: neither {folder / 'detector.pt'} nor {target / 'detector.onnx'}; train one")
    low = {name: value for name, value in parity.items() if value < LEAST_COSINE}
    if low:
        raise SystemExit(f"the exported files differ from torch: {low}")
    shutil.copyfile(Path(cn_clip.clip.__file__).parent / "vocab.txt", target / "vocab.txt")
    rows = {"vit.onnx": len(pixels), "clip_image.onnx": len(pixels), "clip_text.onnx": len(tokens)}
    specs = {name: ParitySpec(cosine=min(parity[name], 1.0), rows=count) for name, count in rows.items()}
    text = json.dumps(_spec(target, specs).model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1)
    (target / "pack.json").write_text(text + "\n", encoding="utf-8")
    size = sum(p.stat().st_size for p in target.iterdir() if p.is_file())
    LOG.info("pack of %.1f MB, least cosines %s", size / 1e6, parity)
    return parity


def load_encoders(folder: Path) -> Encoders:
    """The averaged weights of the checkpoint, ready to run."""
    encoders = Encoders(len(things()))
    encoders.load_state_dict(_steady(folder / "encoders.pt"))
    encoders.eval()
    return encoders


def load_detector(folder: Path) -> Yolox:
    """The averaged weights of the checkpoint, ready to run."""
    detector = Yolox()
    detector.load_state_dict(_steady(folder / "detector.pt"))
    detector.eval()
    return detector


def _steady(path: Path) -> dict[str, Any]:
    state = torch.load(path, weights_only=True, map_location="cpu")["steady"]
    return {k.removeprefix("module."): v for k, v in state.items() if k.startswith("module.")}


def _padded(tokens: Tensor) -> Tensor:
    return nn.functional.pad(tokens, (0, CONTEXT - tokens.shape[1])).long()


def _write(net: nn.Module, example: Tensor, path: Path, source: str, out: str) -> float:
    net = copy.deepcopy(net).eval().to(memory_format=torch.contiguous_format)
    program = torch.onnx.export(
        net,
        (example.contiguous(),),
        dynamo=True,
        input_names=[source],
        output_names=[out],
        opset_version=OPSET,
        dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
        verbose=False,
    )
    if program is None:
        raise SystemExit(f"nothing was exported to {path}")
    model = program.model_proto
    _halve_tables(model)
    model.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
    with torch.no_grad():
        expected = net(example).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs = np.asarray(session.run(None, {source: example.numpy()})[0])
    alone = np.asarray(session.run(None, {source: example[:1].numpy()})[0])
    if alone.shape[0] != 1:
        raise SystemExit(f"{path} has a fixed batch")
    return _least_cosine(expected, outputs)


def _least_cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def _halve_tables(model: Any) -> None:
    """Keep embedding tables as float16 and cast the rows that are looked up: half the file, plain ONNX."""
    tables = {t.name: t for t in model.graph.initializer if t.data_type == TensorProto.FLOAT and t.dims[:1] == [21128]}
    for node in list(model.graph.node):
        if node.op_type != "Gather" or node.input[0] not in tables:
            continue
        table = tables[node.input[0]]
        values = numpy_helper.to_array(table).astype(np.float16)
        table.CopyFrom(numpy_helper.from_array(values, table.name))
        rows = node.output[0]
        node.output[0] = rows + "_half"
        place = list(model.graph.node).index(node) + 1
        model.graph.node.insert(place, helper.make_node("Cast", [rows + "_half"], [rows], to=TensorProto.FLOAT))
    for value in list(model.graph.value_info):
        if value.name in tables:
            model.graph.value_info.remove(value)


def _spec(folder: Path, parity: dict[str, ParitySpec]) -> PackSpec:
    preprocess = Preprocess(size=(SIDE, SIDE), mean=MEAN, std=STD, interpolation="bicubic", fit="squash")
    return PackSpec(
        name="demo",
        description="Small YOLOX, timm ViT and Chinese-CLIP networks that know everyday things drawn in emoji artwork",
        crop_padding=0.0,
        detector=DetectorSpec(
            model=_file(folder, "detector.onnx"),
            head="yolox",
            size=(INPUT, INPUT),
            classes=(ClassSpec(id="thing", en=("thing", "object"), zh=("物品", "东西")),),
            licence="Apache-2.0",
            source=SOURCE,
        ),
        vit=VitSpec(
            model=_file(folder, "vit.onnx"),
            preprocess=preprocess,
            dims=VIT_SHAPE["embed_dim"],
            parity=parity["vit.onnx"],
            licence="Apache-2.0",
            source=SOURCE,
        ),
        clip=ClipSpec(
            image=_file(folder, "clip_image.onnx"),
            text=_file(folder, "clip_text.onnx"),
            vocabulary=_file(folder, "vocab.txt"),
            preprocess=preprocess,
            dims=CLIP_SHAPE["embed_dim"],
            image_parity=parity["clip_image.onnx"],
            text_parity=parity["clip_text.onnx"],
            context_length=CONTEXT,
            licence="Apache-2.0; vocab.txt: MIT (cn_clip), from BERT-Base Chinese, Apache-2.0",
            source=SOURCE,
        ),
    )


def _file(folder: Path, name: str) -> FileSpec:
    path = folder / name
    return FileSpec(path=name, sha256=sha256(path), bytes=path.stat().st_size)
