"""config.json of a timm repository: which model it is, and how pictures are prepared for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.graphs.vit_graph import VitShape, vit_shape
from boxlens.models.image_encoder import Preprocess

_FITS = {"center": "centre", "squash": "squash"}
# arguments of timm's model functions that the tensors show, or that have no part in features
_SHOWN = frozenset(
    "img_size patch_size embed_dim depth in_chans num_classes global_pool class_token init_values mlp_ratio "
    "reg_tokens no_embed_class pre_norm final_norm fc_norm qkv_bias dynamic_img_size num_heads".split()
)
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class Evaluation(BaseModel):
    """How pictures were prepared when the network was evaluated; what is left out is timm's own default."""

    input_size: tuple[int, int, int]
    mean: tuple[float, float, float] = _IMAGENET_MEAN
    std: tuple[float, float, float] = _IMAGENET_STD
    interpolation: str = "bicubic"
    crop_pct: float = 0.875
    crop_mode: str = "center"
    license: str | None = None
    hf_hub_id: str | None = None


class TimmConfig(BaseModel):
    """What is read of config.json."""

    model_config = ConfigDict(protected_namespaces=())  # timm calls one of its fields model_args

    architecture: str
    global_pool: str | None = None
    model_args: dict[str, Any] = {}
    pretrained_cfg: Evaluation

    @property
    def shape(self) -> VitShape | None:
        """What is to be built; None for a network that only timm itself builds."""
        shape = vit_shape(self.architecture)
        pool = self.model_args.get("global_pool") or self.global_pool or (shape.pool if shape else "")
        if shape is None or self.model_args.keys() - _SHOWN or pool not in ("token", "avg"):
            return None
        return VitShape(self.model_args.get("num_heads", shape.heads), shape.eps, shape.quick_gelu, pool)


def read_config(folder: Path) -> TimmConfig | None:
    """What config.json of a folder says; None where there is none. Raises ModelMissing when it cannot be."""
    file = folder / "config.json"
    if not file.is_file():
        return None
    try:
        return TimmConfig.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelMissing(
            f"{file} cannot be used: {'.'.join(map(str, first['loc']))}: {first['msg']}.",
            hint="Give a folder as timm's repositories are: config.json and model.safetensors.",
        ) from error


def preprocess_of(config: Mapping[str, Any], side: tuple[int, int]) -> Preprocess:
    """The numbers of timm's own evaluation transform, from a data config, for pictures of ``side`` (height, width).

    Raises ModelMissing for a way to crop that is not ours.
    """
    fit = _FITS.get(config["crop_mode"])
    whole = fit == "centre" or config["crop_pct"] == 1.0
    if fit is None or not whole or config["interpolation"] not in ("bicubic", "bilinear", "lanczos"):
        raise ModelMissing(
            f"Its data config cannot be followed: crop_mode {config['crop_mode']}, crop_pct {config['crop_pct']}, "
            f"interpolation {config['interpolation']}.",
            hint="Take a model with crop_mode center, or squash with crop_pct 1.",
        )
    return Preprocess.model_validate(
        {
            "size": side,
            "mean": config["mean"],
            "std": config["std"],
            "interpolation": config["interpolation"],
            "fit": fit,
            "crop_pct": config["crop_pct"] if fit == "centre" else 1.0,
        }
    )
