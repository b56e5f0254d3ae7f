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
from boxlens.models.packs.spec import ClassSpec, ClipSpec, DetectorSpec, PackSpec, ParitySpec, VitSpec
from training.photographs import certainty
from training.photographs.learn_detector import watched
from training.photographs.learn_encoders import Both
from training.photographs.material.canvases import SIDE as CANVAS
from training.photographs.material.pairs import load
from training.photographs.networks import looks_lite, looks_vit
from training.photographs.networks.backbone import MEAN_01, SIDE, STD_01, Deep
from training.photographs.networks.looks_lite import LiteLooks
from training.photographs.networks.looks_vit import WholeVit, build, steady_both
from training.photographs.networks.student import Student
from training.photographs.networks.towers import CONTEXT, SPACE
from training.photographs.pack_files import Form, write

LOG = logging.getLogger("training")
LICENCE = "for evaluation and research only: learned from photographs given for research (MODEL_CARD.md)"
SOURCE = "trained by embedding-pipeline/training on EfficientNet-Lite0 (Apache-2.0); see MODEL_CARD.md"
LEAST_COSINE = 0.99  # of the small weights to torch
PADDING = 0.15


class ImageTower(nn.Module):
    """Normalised RGB (n, 3, 224, 224) to CLIP vectors (n, SPACE)."""

    def __init__(self, both: Both) -> None:
        super().__init__()
        deep = Deep()
        self.stem, self.blocks, self.last, self.head = deep.stem, deep.blocks[:6], both.last, both.head

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(self.head(self.last(self.blocks(self.stem(x)))), dim=-1)


def export(folder: Path, vocabulary: Path, target: Path, *, name: str) -> None:
    """Write the pack of the checkpoints in ``folder`` into ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    both = steady_both(folder / "encoders.pt")
    looks, dims = _looks(folder)
    student = student_of(folder / "detector.pt")
    power = certainty.power(student, watched(folder / "canvases"))
    LOG.info("unsure places are lifted by the power of %.2f", power)
    detector = certainty.Detector(student, power)
    pixels = torch.from_numpy(np.random.default_rng(1).normal(0, 0.8, (4, 3, SIDE, SIDE)).astype(np.float32))
    canvas = torch.nn.functional.interpolate(pixels[:2], CANVAS) * 100 + 127
    tokens = torch.zeros(8, CONTEXT, dtype=torch.long)
    tokens[:, :6] = torch.randint(100, 20000, (8, 6), generator=torch.Generator().manual_seed(1))
    parity = {
        "clip_image.onnx": write(ImageTower(both), pixels, target / "clip_image.onnx", "pixels", "vectors", _form),
        "clip_text.onnx": write(both.text, tokens, target / "clip_text.onnx", "tokens", "vectors", _form),
        "vit.onnx": write(looks, pixels, target / "vit.onnx", "pixels", "vectors", _form),
        "detector.onnx": write(detector, canvas, target / "detector.onnx", "images", "output", _form),
    }
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
    (target / "pack.json").write_text(text + "\n", encoding="utf-8")
    LOG.info("pack of %.1f MB", sum(p.stat().st_size for p in target.iterdir() if p.is_file()) / 1e6)


def _looks(folder: Path) -> tuple[nn.Module, int]:
    """The network of the ViT role and its dims: the ViT where one was trained, else EfficientNet-Lite0 itself."""
    if not (folder / "vit.pt").exists():
        return LiteLooks(load(folder / "views").pooled), looks_lite.OUT
    vit = build()
    vit.load_state_dict(torch.load(folder / "vit.pt", weights_only=True))
    return WholeVit(vit), looks_vit.OUT


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
