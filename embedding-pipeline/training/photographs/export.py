"""Writes the photo pack from the checkpoints: four ONNX files held to torch, the vocabulary, pack.json."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from boxlens.models.coco_labels import COCO
from boxlens.models.image_encoder import Preprocess
from boxlens.models.packs.files import measured
from boxlens.models.packs.pack import PACK_FILE
from boxlens.models.packs.spec import ClassSpec, ClipSpec, DetectorSpec, PackSpec, ParitySpec, VitSpec
from training.photographs import certainty
from training.photographs.learn_detector import watched
from training.photographs.learn_encoders import Both
from training.photographs.material.canvases import SIDE as CANVAS
from training.photographs.material.pairs import load
from training.photographs.networks import looks_lite, looks_vit
from training.photographs.networks.backbone import MEAN_01, SIDE, STD_01, Deep
from training.photographs.networks.looks_lite import LiteLooks
from training.photographs.networks.looks_vit import WholeVit, build
from training.photographs.networks.student import Student
from training.photographs.networks.towers import CONTEXT, SPACE
from training.photographs.pack_files import Form, write

LOG = logging.getLogger("training")
LICENCE = "for evaluation and research only: learned from photographs given for research (MODEL_CARD.md)"
SOURCE = "trained by embedding-pipeline/training on EfficientNet-Lite0 (Apache-2.0); see MODEL_CARD.md"
LEAST_COSINE = 0.99  # of the small weights to torch
PADDING = 0.15
FILES = frozenset({"clip_image.onnx", "clip_text.onnx", "vit.onnx", "detector.onnx"})


class ImageTower(nn.Module):
    """Normalised RGB (n, 3, 224, 224) to CLIP vectors (n, SPACE)."""

    def __init__(self, both: Both) -> None:
        super().__init__()
        deep = Deep()
        self.stem, self.blocks, self.last, self.head = deep.stem, deep.blocks[:6], both.last, both.head

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(self.head(self.last(self.blocks(self.stem(x)))), dim=-1)


def export(folder: Path, vocabulary: Path, target: Path, *, name: str, begin: Path | None = None) -> None:
    """Write the pack of the checkpoints in ``folder`` into ``target``; networks without one come from ``begin``."""
    target.mkdir(parents=True, exist_ok=True)
    made = _made(folder)
    parity, dims = _taken(begin, target) if begin else ({}, 0)
    if missing := FILES - made.keys() - parity.keys():
        raise SystemExit(f"{folder} has no checkpoints for {', '.join(sorted(missing))}, and --from-pack names no pack")
    for file, (net, example, source, out) in made.items():
        parity[file] = write(net, example, target / file, source, out, _form)
        if file == "vit.onnx":
            dims = looks_vit.OUT if isinstance(net, WholeVit) else looks_lite.OUT
    LOG.info("least cosines to torch with small weights: %s", parity)
    low = {name: value for name, value in parity.items() if value < LEAST_COSINE}
    if low:
        raise SystemExit(f"small weights lose too much: {low}")
    shutil.copyfile(vocabulary, target / "vocab.txt")
    parities = {
        key: ParitySpec(cosine=min(value, 1.0), rows=8 if "text" in key else 4) for key, value in parity.items()
    }
    text = json.dumps(
        spec(target, name, parities, dims).model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1
    )
    (target / PACK_FILE).write_text(text + "\n", encoding="utf-8")
    LOG.info("pack of %.1f MB", sum(p.stat().st_size for p in target.iterdir() if p.is_file()) / 1e6)


def _made(folder: Path) -> dict[str, tuple[nn.Module, Tensor, str, str]]:
    """What ``folder`` has checkpoints for: by file the network, an example, the names of its input and output."""
    pixels = torch.from_numpy(np.random.default_rng(1).normal(0, 0.8, (4, 3, SIDE, SIDE)).astype(np.float32))
    made: dict[str, tuple[nn.Module, Tensor, str, str]] = {}
    if (folder / "encoders.pt").exists():
        both = _steady(folder / "encoders.pt")
        tokens = torch.zeros(8, CONTEXT, dtype=torch.long)
        tokens[:, :6] = torch.randint(100, 20000, (8, 6), generator=torch.Generator().manual_seed(1))
        made["clip_image.onnx"] = (ImageTower(both), pixels, "pixels", "vectors")
        made["clip_text.onnx"] = (both.text, tokens, "tokens", "vectors")
    if (folder / "vit.pt").exists():
        vit = build()
        vit.load_state_dict(torch.load(folder / "vit.pt", weights_only=True))
        made["vit.onnx"] = (WholeVit(vit), pixels, "pixels", "vectors")
    elif any((folder / "views").glob("*/views.jsonl")):
        made["vit.onnx"] = (LiteLooks(load(folder / "views").pooled), pixels, "pixels", "vectors")
    if (folder / "detector.pt").exists():
        student = student_of(folder / "detector.pt")
        power = certainty.power(student, watched(folder / "canvases"))
        LOG.info("unsure places are lifted by the power of %.2f", power)
        canvas = torch.nn.functional.interpolate(pixels[:2], CANVAS) * 100 + 127
        made["detector.onnx"] = (certainty.Detector(student, power), canvas, "images", "output")
    return made


def _taken(begin: Path, target: Path) -> tuple[dict[str, float], int]:
    """Copy the networks of the photo pack ``begin``; their parity with torch, and the dims of its ViT role."""
    before = PackSpec.model_validate_json((begin / PACK_FILE).read_text("utf-8"))
    for file in FILES:
        shutil.copyfile(begin / file, target / file)
    assert before.vit is not None
    assert before.clip is not None
    parts = {
        "clip_image.onnx": before.clip.image_parity,
        "clip_text.onnx": before.clip.text_parity,
        "vit.onnx": before.vit.parity,
    }
    return {"detector.onnx": 1.0} | {key: part.cosine for key, part in parts.items() if part}, before.vit.dims


def _steady(path: Path) -> Both:
    """The averaged towers of a checkpoint, ready to run."""
    both = Both()
    state = torch.load(path, weights_only=True)["steady"]
    both.load_state_dict({k.removeprefix("module."): v for k, v in state.items() if k.startswith("module.")})
    both.eval()
    return both


def _form(name: str, dims: tuple[int, ...]) -> Form:
    """Depthwise convolutions and the first one keep more digits; their files are small anyway."""
    depthwise = len(dims) == 4 and dims[1] in (1, 3)
    return "float16" if depthwise else "int8"


def student_of(path: Path) -> Student:
    """The moving average of the detector's weights, ready to run."""
    student = Student()
    steady = AveragedModel(student, use_buffers=True)
    steady.load_state_dict(torch.load(path, weights_only=True)["steady"])
    student.load_state_dict(steady.module.state_dict())
    student.eval()
    return student


def spec(folder: Path, name: str, parity: dict[str, ParitySpec], dims: int) -> PackSpec:
    preprocess = Preprocess(size=(SIDE, SIDE), mean=MEAN_01, std=STD_01, interpolation="bicubic", fit="squash")
    return PackSpec(
        name=name,
        description="Photographs: 80 COCO classes, looks by EfficientNet-Lite0, CLIP for words in Chinese and English",
        crop_padding=PADDING,
        detector=DetectorSpec(
            model=measured(folder / "detector.onnx"),
            head="yolox",
            threshold=0.4,  # by how often counts are right: python -m benchmarks.boxes
            size=(CANVAS, CANVAS),
            classes=tuple(ClassSpec(id=c.id, en=c.en, zh=c.zh) for c in COCO),
            licence=LICENCE,
            source=SOURCE,
        ),
        vit=VitSpec(
            model=measured(folder / "vit.onnx"),
            preprocess=preprocess,
            dims=dims,
            parity=parity["vit.onnx"],
            licence=LICENCE,
            source=SOURCE,
        ),
        clip=ClipSpec(
            image=measured(folder / "clip_image.onnx"),
            text=measured(folder / "clip_text.onnx"),
            vocabulary=measured(folder / "vocab.txt"),
            preprocess=preprocess,
            dims=SPACE,
            image_parity=parity["clip_image.onnx"],
            text_parity=parity["clip_text.onnx"],
            context_length=CONTEXT,
            licence=f"{LICENCE}; vocab.txt: MIT (cn_clip), from BERT-Base Chinese, Apache-2.0",
            source=SOURCE,
        ),
    )
