"""Any timm image model as the ViT of a pack, with the data config it was trained with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedding_pipeline.domain import Pixels
from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.pack_files import measured
from embedding_pipeline.models.pack_spec import ParitySpec, TorchSpec, VitSpec
from embedding_pipeline.models.torch_onnx import Making, Parity, export, need_torch
from embedding_pipeline.models.torch_session import save_weights, timm_arguments
from embedding_pipeline.models.vit import Preprocess

_FITS = {"center": "centre", "squash": "squash"}


@dataclass(frozen=True, slots=True)
class TimmSource:
    """``weights``: a folder as timm's hub repositories are (config.json and model.safetensors), or, with ``name``,
    one checkpoint file of that timm model."""

    weights: Path
    name: str = ""


def export_timm(source: TimmSource, folder: Path, pictures: Sequence[Pixels], making: Making) -> tuple[VitSpec, Parity]:
    """Write vit.onnx into ``folder``, and what ``making`` asks for beside it; say what pack.json says of them.

    Raises ModelMissing.
    """
    network = load_timm(source)
    preprocess = data_config(network)
    target = folder / "vit.onnx"
    parity, int8 = export(
        network, preprocess.batch(pictures), target, quantise=making.precision == "int8", calibrate=making.real
    )
    config = network.pretrained_cfg
    part = VitSpec(
        model=measured(target),
        parity=ParitySpec(cosine=parity.cosine, rows=parity.rows),
        int8=int8,
        torch=_weights(network, source, folder) if making.torch else None,
        preprocess=preprocess,
        dims=network.num_features,
        licence=config.get("license") or "see the source",
        source=config.get("hf_hub_id") or f"timm {config.get('architecture') or source.name}",
    )
    return part, parity


def _weights(network: Any, source: TimmSource, folder: Path) -> TorchSpec:
    file = folder / "vit.safetensors"
    save_weights(network, file)
    config = network.pretrained_cfg
    return TorchSpec(
        file=measured(file), model=config.get("architecture") or source.name, arguments=timm_arguments(source.weights)
    )


def load_timm(source: TimmSource) -> Any:
    """The torch network without its classifier, in fp32. Raises ModelMissing when the weights do not fit."""
    need_torch()
    import timm

    if not source.weights.exists():
        raise ModelMissing(f"{source.weights} is not there.", hint="Give the folder or the file of the timm weights.")
    try:
        if source.weights.is_dir():
            network = timm.create_model(f"local-dir:{source.weights}", pretrained=True, num_classes=0)
        elif source.name:
            # timm reads safetensors by their suffix and anything else with weights_only
            overlay = {"file": str(source.weights)}
            network = timm.create_model(source.name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=0)
        else:
            raise ValueError("one file of weights needs the name of its timm model")
    except Exception as error:
        raise ModelMissing(
            f"The weights {source.weights} cannot be used by timm: {error}",
            hint="Give a folder with config.json and model.safetensors, or a file and the name of its timm model.",
        ) from error
    return network.float().eval()


def data_config(network: Any) -> Preprocess:
    """The numbers of timm's own evaluation transform. Raises ModelMissing for a way to crop that is not ours."""
    import timm.data

    found = timm.data.resolve_model_data_config(network)
    fit = _FITS.get(found["crop_mode"])
    whole = fit == "centre" or found["crop_pct"] == 1.0
    if fit is None or not whole or found["interpolation"] not in ("bicubic", "bilinear", "lanczos"):
        raise ModelMissing(
            f"Its data config cannot be followed: crop_mode {found['crop_mode']}, crop_pct {found['crop_pct']}, "
            f"interpolation {found['interpolation']}.",
            hint="Take a model with crop_mode center, or squash with crop_pct 1.",
        )
    return Preprocess.model_validate(
        {
            "size": found["input_size"][1:],
            "mean": found["mean"],
            "std": found["std"],
            "interpolation": found["interpolation"],
            "fit": fit,
            "crop_pct": found["crop_pct"] if fit == "centre" else 1.0,
        }
    )
