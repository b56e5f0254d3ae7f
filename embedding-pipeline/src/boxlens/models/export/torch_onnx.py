"""The reference and the way for all other networks: torch itself, the extra ``torch``."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.making import batches


def need_torch() -> None:
    """Raises ModelMissing naming the extra when torch, timm or cn_clip is not installed."""
    packages = ("torch", "torchvision", "timm", "cn_clip", "onnxscript", "safetensors")
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelMissing(
            f"This network needs the extra torch; not installed: {', '.join(missing)}.",
            hint="In a checkout: BOXLENS_TORCH=yes ./boxlens …; elsewhere: pip install 'boxlens[torch]'",
        )


def torch_features(network: Any, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """What a torch module makes of the inputs, (n, dims)."""
    import torch

    network.eval()
    with torch.inference_mode():
        parts = [network(torch.from_numpy(part)).numpy() for part in batches(inputs)]
    return np.concatenate(parts)


def write_by_torch(network: Any, inputs: npt.NDArray[Any], target: Path) -> None:
    """Write a torch module of one input and one output (n, dims) as ONNX with a free batch. Raises ModelMissing."""
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
            hint="Files of this way end at 2 GB: take a smaller network; else check the versions of torch and "
            "onnxscript.",
        ) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
