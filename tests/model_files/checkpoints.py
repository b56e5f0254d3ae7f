"""Checkpoints in the exact formats of timm's hub repositories and of cn_clip, with seeded random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from boxlens.domain.pictures import Pixels

CLIP_TEXT = {
    "vocab_size": 21128,
    "text_attention_probs_dropout_prob": 0.1,
    "text_hidden_act": "gelu",
    "text_hidden_dropout_prob": 0.1,
    "text_hidden_size": 48,
    "text_initializer_range": 0.02,
    "text_intermediate_size": 96,
    "text_max_position_embeddings": 512,
    "text_num_attention_heads": 4,
    "text_num_hidden_layers": 2,
    "text_type_vocab_size": 2,
}
CLIP_KINDS: dict[str, dict[str, Any]] = {
    "vit": {"embed_dim": 32, "image_resolution": 32, "vision_layers": 2, "vision_width": 64, "vision_patch_size": 8},
    "rn50": {
        "embed_dim": 32,
        "image_resolution": 64,
        "vision_layers": "[1,1,1,1]",
        "vision_width": 16,
        "vision_patch_size": None,
    },
}


def timm_folder(folder: Path, name: str = "vit_tiny_patch16_224", **arguments: Any) -> Path:
    """config.json and model.safetensors, as timm itself writes them for its hub."""
    import timm
    import torch
    from timm.models import save_for_hf

    torch.manual_seed(3)
    network = timm.create_model(name, pretrained=False, **arguments)
    save_for_hf(network, str(folder), safe_serialization=True, model_args=arguments)
    return folder


def stirred(network: Any, by: float = 0.03) -> Any:
    """Every weight moved a little, and the numbers of batch norms set, so that none is a zero or a one that hides an
    error."""
    import torch

    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn_like(weight) * by)
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.1)
                part.running_var.uniform_(0.5, 2)
    return network


def clip_checkpoint(file: Path, shape: dict[str, Any], *, stir: bool = False, half: bool = True) -> Path:
    """fp16 weights (or fp32) under "state_dict" with the prefix that training on several devices leaves, and BERT's
    pooler."""
    import torch
    from cn_clip.clip.model import CLIP, convert_weights

    torch.manual_seed(4)
    layers = shape["vision_layers"]
    network = CLIP(**(shape | {"vision_layers": json.loads(layers) if isinstance(layers, str) else layers}))
    if stir:
        stirred(network)
    if half:
        convert_weights(network)
    weights = {f"module.{key}": value for key, value in network.state_dict().items()}
    weights["module.bert.pooler.dense.weight"] = torch.zeros(2, 2)
    torch.save({"epoch": 1, "name": "seeded", "state_dict": weights}, file)
    return file


def small_clip(folder: Path, kind: str) -> tuple[Path, Path]:
    """A checkpoint and the JSON file of its shape."""
    shape = CLIP_KINDS[kind] | CLIP_TEXT
    file = folder / f"{kind}.json"
    file.write_text(json.dumps(shape), "utf-8")
    return clip_checkpoint(folder / f"{kind}.pt", shape), file


def crops_of(pictures: list[Pixels], *, size: int = 5) -> list[Pixels]:
    """Small, large, thin and flat crops of each picture."""
    crops: list[Pixels] = []
    for picture in pictures:
        height, width = picture.shape[:2]
        shapes = [(width, height), (90, 300), (300, 80), (37, 41), (224, 224)][:size]
        for w, h in shapes:
            w, h = min(w, width), min(h, height)
            x, y = (width - w) // 3, (height - h) // 2
            crops.append(picture[y : y + h, x : x + w].copy())
    return crops
