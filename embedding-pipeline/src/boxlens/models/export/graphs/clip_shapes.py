"""The shapes of Chinese-CLIP's five networks, in the words of cn_clip's own configuration files."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.checkpoints.tensors import Tensors

_RBT3 = {
    "vocab_size": 21128,
    "text_attention_probs_dropout_prob": 0.1,
    "text_hidden_act": "gelu",
    "text_hidden_dropout_prob": 0.1,
    "text_hidden_size": 768,
    "text_initializer_range": 0.02,
    "text_intermediate_size": 3072,
    "text_max_position_embeddings": 512,
    "text_num_attention_heads": 12,
    "text_num_hidden_layers": 3,
    "text_type_vocab_size": 2,
}
_BASE = _RBT3 | {"text_num_hidden_layers": 12}
_LARGE = _RBT3 | {
    "text_hidden_size": 1024,
    "text_intermediate_size": 4096,
    "text_num_attention_heads": 16,
    "text_num_hidden_layers": 24,
}
_VIT_L = {
    "embed_dim": 768,
    "image_resolution": 224,
    "vision_layers": 24,
    "vision_width": 1024,
    "vision_patch_size": 14,
}
CLIP_SHAPES: dict[str, dict[str, Any]] = {
    "RN50": {
        "embed_dim": 1024,
        "image_resolution": 224,
        "vision_layers": [3, 4, 6, 3],
        "vision_width": 64,
        "vision_patch_size": None,
        **_RBT3,
    },
    "ViT-B-16": {
        "embed_dim": 512,
        "image_resolution": 224,
        "vision_layers": 12,
        "vision_width": 768,
        "vision_patch_size": 16,
        **_BASE,
    },
    "ViT-L-14": {**_VIT_L, **_BASE},
    "ViT-L-14-336": {**_VIT_L, "image_resolution": 336, **_BASE},
    "ViT-H-14": {
        "embed_dim": 1024,
        "image_resolution": 224,
        "vision_layers": 32,
        "vision_width": 1280,
        "vision_head_width": 80,
        "vision_patch_size": 14,
        **_LARGE,
    },
}


def clip_shape(model: str) -> dict[str, Any]:
    """Arguments of cn_clip's model class: of one of its five, or what a JSON file gives. Raises ModelMissing."""
    if model in CLIP_SHAPES:
        return dict(CLIP_SHAPES[model])
    try:
        shape = json.loads(Path(model).read_text("utf-8"))
        shape["text_num_attention_heads"] = int(shape["text_num_attention_heads"])
        if isinstance(shape["vision_layers"], str):  # "[3,4,6,3]", as cn_clip's own files have it
            shape["vision_layers"] = ast.literal_eval(shape["vision_layers"])
        if shape.get("text_hidden_act", "gelu") != "gelu":
            raise ValueError("its text_hidden_act is not gelu")
        return dict(shape)
    except (OSError, ValueError, KeyError, SyntaxError, TypeError) as error:
        raise ModelMissing(
            f"{model} is neither a Chinese-CLIP model nor a JSON file with the shape of one: {error}",
            hint=f"Models: {', '.join(CLIP_SHAPES)}.",
        ) from error


def check_shape(tensors: Tensors, shape: dict[str, Any]) -> None:
    """Raises ModelMissing when a checkpoint holds another network than ``shape`` says."""
    for name, value in _shape_of(tensors).items():
        if shape.get(name) != value:
            raise tensors.unfit(f"its {name} is {value}, wanted is {shape.get(name)}")


def _shape_of(tensors: Tensors) -> dict[str, Any]:
    """What the tensors show of a shape."""
    words, width = tensors.shape("bert.embeddings.word_embeddings.weight")
    text = {
        "embed_dim": tensors.shape("text_projection")[1],
        "vocab_size": words,
        "text_hidden_size": width,
        "text_num_hidden_layers": tensors.count("bert.encoder.layer."),
    }
    if "visual.attnpool.positional_embedding" in tensors:
        places = tensors.shape("visual.attnpool.positional_embedding")[0]
        layers = [tensors.count(f"visual.layer{stage}.") for stage in range(1, 5)]
        side = 32 * round((places - 1) ** 0.5)
        return text | {"vision_layers": layers, "image_resolution": side}
    vision_width, _, patch, _ = tensors.shape("visual.conv1.weight")
    places = tensors.shape("visual.positional_embedding")[0]
    return text | {
        "vision_layers": tensors.count("visual.transformer.resblocks."),
        "vision_width": vision_width,
        "vision_patch_size": patch,
        "image_resolution": patch * round((places - 1) ** 0.5),
    }
