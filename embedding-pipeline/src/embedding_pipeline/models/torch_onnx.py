"""From a torch network to an ONNX file that gives the same vectors. Only this needs the extra ``torch``."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from embedding_pipeline.errors import ModelMissing
from embedding_pipeline.models.pack_files import measured
from embedding_pipeline.models.pack_spec import NEAR, SAME, Int8Spec, Method
from embedding_pipeline.models.quantise import quantise_file
from embedding_pipeline.models.runtime import OnnxSession
from embedding_pipeline.models.vit import cosines

Precision = Literal["int8", "fp32"]
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Making:
    """What is written beside the fp32 file: int8 files when ``precision`` says so, the ``torch`` weights.

    ``real``: the pictures to compare on are such as the pack is for, so that ranges of int8 may be measured on them.
    """

    precision: Precision = "int8"
    torch: bool = False
    real: bool = False


@dataclass(frozen=True, slots=True)
class Parity:
    """What was written for one network: ``cosine`` is the least of all compared rows of its fp32 file to torch.

    ``int8`` is that of the int8 file to torch, with its ``method``; None where none was written. ``tried_int8`` is the
    best that was reached, None when int8 was not asked for or is not made for this network.
    """

    network: str
    cosine: float
    rows: int
    int8: float | None = None
    method: Method | None = None
    tried_int8: float | None = None


def need_torch() -> None:
    """Raises ModelMissing naming the extra when torch, timm or cn_clip is not installed."""
    wanted = ("torch", "torchvision", "timm", "cn_clip", "onnx", "onnxscript", "safetensors")
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelMissing(
            f"Exporting networks needs the extra torch; not installed: {', '.join(missing)}.",
            hint="In a checkout: BOXLENS_TORCH=yes ./boxlens …; elsewhere: pip install 'embedding-pipeline[torch]'",
        )


def export(
    network: Any, inputs: npt.NDArray[Any], target: Path, *, quantise: bool, calibrate: bool
) -> tuple[Parity, Int8Spec | None]:
    """Write ``network`` (a torch module of one input and one output (n, dims)) as ONNX with a free batch.

    ``inputs``: what it is compared on, in the network's dtype and layout, at least two rows. With ``quantise`` a second
    file stands beside it, its matrix products in int8, where every row keeps a cosine of NEAR: with ranges measured on
    every other input when they are real (``calibrate``), or, where that is not near enough, found at each call. Raises
    ModelMissing when the fp32 file does not give what torch gives.
    """
    wanted = _by_torch(network, inputs)
    _write(network, inputs, target)
    cosine = _least_cosine(target, inputs, wanted)
    if cosine < SAME:
        raise ModelMissing(
            f"{target.name} gives other vectors than torch: cosine {cosine:.6f}, at least {SAME} wanted.",
            hint="This network cannot be exported with the installed versions of torch and onnxscript.",
        )
    tried = None
    methods: tuple[Method, ...] = ("static", "dynamic") if calibrate else ("dynamic",)
    for method in methods if quantise else ():
        smaller = target.with_suffix(".int8.onnx")
        try:
            quantise_file(target, smaller, inputs[::2] if method == "static" else None)
        except ModelMissing:
            continue
        near = _least_cosine(smaller, inputs, wanted)
        tried = max(near, tried or -1.0)
        if near >= NEAR:
            part = Int8Spec(file=measured(smaller), method=method, cosine=min(near, 1.0), rows=len(inputs))
            return Parity(target.stem, cosine, len(inputs), near, method, tried), part
        smaller.unlink()
    return Parity(target.stem, cosine, len(inputs), tried_int8=tried), None


def _by_torch(network: Any, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    import torch

    network.eval()
    with torch.inference_mode():
        parts = [network(torch.from_numpy(part)).numpy() for part in _batches(inputs)]
    return np.concatenate(parts)


def _write(network: Any, inputs: npt.NDArray[Any], target: Path) -> None:
    import torch

    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # its fused operator has no ONNX form
    name = "text" if inputs.dtype == np.int64 else "image"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own parts
            torch.onnx.export(
                network,
                (torch.from_numpy(inputs[:2]),),
                str(target),
                dynamo=True,
                input_names=[name],
                output_names=["features"],
                dynamic_shapes=({0: torch.export.Dim("n")},),
                external_data=False,
                verbose=False,
            )
    except Exception as error:
        raise ModelMissing(
            f"{target.name} cannot be exported: {error}",
            hint="ONNX files end at 2 GB: take a smaller network; else check the versions of torch and onnxscript.",
        ) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _least_cosine(path: Path, inputs: npt.NDArray[Any], wanted: npt.NDArray[np.float32]) -> float:
    session = OnnxSession(path)
    found = np.concatenate([session.run(part)[0] for part in _batches(inputs)])
    return float(cosines(found, wanted).min()) if found.shape == wanted.shape else -1.0


def _batches(inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    return [inputs[at : at + _BATCH] for at in range(0, len(inputs), _BATCH)]
