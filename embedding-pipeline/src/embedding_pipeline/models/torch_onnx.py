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
from embedding_pipeline.models.runtime import OnnxSession

Precision = Literal["int8", "fp32"]
SAME = 0.9999  # cosine that an fp32 export must reach to torch on every row
NEAR = 0.985  # cosine that an int8 network must reach to torch on every row; below it fp32 stays
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Parity:
    """What was written for one network: ``cosine`` is the least of all compared rows to torch.

    ``tried_int8`` is the cosine of the quantised network, None when it was not asked for or is not made for it.
    """

    network: str
    precision: Precision
    cosine: float
    rows: int
    tried_int8: float | None


def need_torch() -> None:
    """Raises ModelMissing naming the extra when torch, timm or cn_clip is not installed."""
    wanted = ("torch", "torchvision", "timm", "cn_clip", "onnx", "onnxscript", "safetensors")
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelMissing(
            f"Exporting networks needs the extra torch; not installed: {', '.join(missing)}.",
            hint="In a checkout: BOXLENS_TORCH=yes ./boxlens …; elsewhere: pip install 'embedding-pipeline[torch]'",
        )


def export(network: Any, inputs: npt.NDArray[Any], target: Path, *, quantise: bool) -> Parity:
    """Write ``network`` (a torch module of one input and one output (n, dims)) as ONNX with a free batch.

    ``inputs``: what it is compared on, in the network's dtype and layout, at least two rows. With ``quantise`` the
    matrix products become int8 where every row keeps a cosine of NEAR. Raises ModelMissing when the file does not
    give what torch gives.
    """
    wanted = _by_torch(network, inputs)
    _write(network, inputs, target)
    cosine = _least_cosine(target, inputs, wanted)
    if cosine < SAME:
        raise ModelMissing(
            f"{target.name} gives other vectors than torch: cosine {cosine:.6f}, at least {SAME} wanted.",
            hint="This network cannot be exported with the installed versions of torch and onnxscript.",
        )
    if not quantise:
        return Parity(target.stem, "fp32", cosine, len(inputs), None)
    smaller = target.with_suffix(".int8.onnx")
    _quantise(target, smaller)
    near = _least_cosine(smaller, inputs, wanted)
    if near < NEAR:
        smaller.unlink()
        return Parity(target.stem, "fp32", cosine, len(inputs), near)
    smaller.replace(target)
    return Parity(target.stem, "int8", near, len(inputs), near)


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


def _quantise(source: Path, target: Path) -> None:
    """Weights of matrix products as int8 per column in 7 bits: 8 bits overflow on processors without VNNI."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )


def _least_cosine(path: Path, inputs: npt.NDArray[Any], wanted: npt.NDArray[np.float32]) -> float:
    session = OnnxSession(path)
    found = np.concatenate([session.run(part)[0] for part in _batches(inputs)]).astype(np.float64)
    if found.shape != wanted.shape:
        return -1.0
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    return float(((found * wanted).sum(axis=1) / np.maximum(lengths, 1e-12)).min())


def _batches(inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    return [inputs[at : at + _BATCH] for at in range(0, len(inputs), _BATCH)]
