"""A timm image model as the ViT of a pack, with the data config it was trained with.

The plain ViTs of timm are built here from their tensors; every other network is exported by timm and torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boxlens.domain.errors import ModelMissing
from boxlens.domain.pictures import Pixels
from boxlens.models.export.checkpoints.weights import read_weights
from boxlens.models.export.graphs.vit_graph import write_vit
from boxlens.models.export.making import Making, Parity, finish
from boxlens.models.export.timm_config import preprocess_of, read_config
from boxlens.models.export.torch_onnx import need_torch, torch_features, write_by_torch
from boxlens.models.image_encoder import Preprocess
from boxlens.models.packs.files import measured
from boxlens.models.packs.spec import TorchSpec, VitSpec
from boxlens.models.runtimes.torch_session import save_weights, timm_arguments

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # as timm's repositories name them


@dataclass(frozen=True, slots=True)
class TimmSource:
    """``weights``: a folder as timm's hub repositories are (config.json and model.safetensors), or, with ``name``,
    one checkpoint file of that timm model, which needs the extra ``torch``."""

    weights: Path
    name: str = ""


def export_timm(source: TimmSource, folder: Path, pictures: Sequence[Pixels], making: Making) -> tuple[VitSpec, Parity]:
    """Write vit.onnx into ``folder``, and what ``making`` asks for beside it; say what pack.json says of them.

    Raises ModelMissing.
    """
    config = read_config(source.weights)
    shape = config.shape if config else None
    if config is None or shape is None:
        return _by_timm(source, folder, pictures, making)
    target = folder / "vit.onnx"
    written = write_vit(read_weights(_file(source.weights)), shape, target)
    evaluation = config.pretrained_cfg
    preprocess = preprocess_of(evaluation.model_dump(), (written.side, written.side))
    batch = preprocess.batch(pictures)
    network = load_timm(source) if making.torch else None
    expected = None if network is None else torch_features(network, batch)
    parity, int8 = finish(
        target,
        batch,
        expected,
        quantise=making.precision == "int8",
        calibrate=making.real and written.data is None,
    )
    part = VitSpec(
        model=measured(target),
        model_data=measured(written.data) if written.data else None,
        parity=parity.spec,
        int8=int8,
        torch=None if network is None else _weights(network, source, folder),
        preprocess=preprocess,
        dims=written.dims,
        licence=evaluation.license or "see the source",
        source=evaluation.hf_hub_id or f"timm {config.architecture}",
    )
    return part, parity


def built_here(folder: Path) -> bool:
    """Whether a timm folder holds a network that needs no torch. Raises ModelMissing."""
    config = read_config(folder)
    return config is not None and config.shape is not None


def _file(folder: Path) -> Path:
    return next((folder / name for name in _WEIGHTS if (folder / name).is_file()), folder / _WEIGHTS[0])


def _by_timm(source: TimmSource, folder: Path, pictures: Sequence[Pixels], making: Making) -> tuple[VitSpec, Parity]:
    """The same by torch, for networks that are not built here."""
    network = load_timm(source)
    preprocess = data_config(network)
    target = folder / "vit.onnx"
    batch = preprocess.batch(pictures)
    write_by_torch(network, batch, target)
    expected = torch_features(network, batch)
    parity, int8 = finish(target, batch, expected, quantise=making.precision == "int8", calibrate=making.real)
    config = network.pretrained_cfg
    part = VitSpec(
        model=measured(target),
        parity=parity.spec,
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
    if not source.weights.exists():
        raise ModelMissing(f"{source.weights} is not there.", hint="Give the folder or the file of the timm weights.")
    need_torch()
    import timm

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

    config = timm.data.resolve_model_data_config(network)
    return preprocess_of(config, tuple(config["input_size"][1:]))
