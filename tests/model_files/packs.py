"""A whole pack of real tiny networks in a folder, for tests to use or to spoil."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.model_files.networks import detector_network, entry, image_network, text_network

from boxlens.domain.errors import ModelMissing
from boxlens.models.packs.pack import PACK_FILE, load_pack

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "狗", "红", "色", "dog", "red", "##s"]
PREPROCESS = {"size": [8, 8]}
ORIGIN = {"licence": "MIT", "source": "made by this test"}


def tiny_pack(packs: Path) -> Path:
    """A whole pack named tiny, without OCR, in a folder of its own among ``packs``."""
    place = packs / "tiny"
    place.mkdir(parents=True)
    detector_network(place / "detector.onnx", np.array([[32, 32, 20, 20, 0.9, 0.1]]).T)
    image_network(place / "vit.onnx", 12)
    image_network(place / "clip_image.onnx", 6)
    text_network(place / "clip_text.onnx", 6, len(VOCABULARY))
    (place / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    spec = {
        "name": "tiny",
        "detector": {
            "model": entry(place / "detector.onnx"),
            "head": "yolov8",
            "size": [64, 64],
            "classes": [{"id": "car", "en": ["car"], "zh": ["汽车"]}, {"id": "dog", "en": ["dog"], "zh": ["狗"]}],
            **ORIGIN,
        },
        "vit": {"model": entry(place / "vit.onnx"), "preprocess": PREPROCESS, "dims": 12, **ORIGIN},
        "clip": {
            "image": entry(place / "clip_image.onnx"),
            "text": entry(place / "clip_text.onnx"),
            "vocabulary": entry(place / "vocab.txt"),
            "preprocess": PREPROCESS,
            "dims": 6,
            **ORIGIN,
        },
    }
    write(place, spec)
    return place


def read(folder: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads((folder / PACK_FILE).read_text("utf-8"))
    return spec


def write(folder: Path, spec: dict[str, Any]) -> None:
    (folder / PACK_FILE).write_text(json.dumps(spec), "utf-8")


def pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 255, (20 + i, 30, 3)).astype(np.uint8) for i in range(count)]


def assert_refused(folder: Path, *words: str) -> None:
    with pytest.raises(ModelMissing) as caught:
        load_pack(folder).warm_up()
    for word in words:
        assert word in caught.value.detail
    assert "boxlens models" in caught.value.hint
