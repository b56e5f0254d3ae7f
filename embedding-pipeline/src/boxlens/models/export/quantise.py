"""An ONNX file with its matrix products in int8, by onnxruntime's own quantisation."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import ModelMissing
from boxlens.models.runtimes.onnx_session import OnnxSession

_KINDS = ["MatMul", "Gemm"]  # convolutions stay: int8 does not make them faster on a processor
_ROWS = 64  # inputs that ranges are measured on
_BATCH = 4


def quantise_file(source: Path, target: Path, inputs: npt.NDArray[Any] | None = None) -> None:
    """Write ``target``: weights int8 per column, values between layers uint8.

    With ``inputs`` (rows in the network's dtype and layout) the ranges of values are fixed as the least and greatest
    met on the first 64 of them ("static"); products between two computed values become int8 as well. Without, each call
    finds its own ranges ("dynamic"); weights then have 7 bits, as 8 overflow on processors without VNNI. Raises
    ModelMissing when onnxruntime cannot quantise this network, whose fp32 file is then what there is.
    """
    try:
        _quantise(source, target, inputs)
    except Exception as error:  # of onnx, onnxruntime and their parts, each with errors of its own
        target.unlink(missing_ok=True)
        raise ModelMissing(f"{source.name} cannot be quantised: {error}", hint="Use it in fp32.") from error


def _quantise(source: Path, target: Path, inputs: npt.NDArray[Any] | None) -> None:
    with _quiet():
        from onnxruntime.quantization import (
            CalibrationMethod,
            QuantFormat,
            QuantType,
            quantize_dynamic,
            quantize_static,
        )
        from onnxruntime.quantization.shape_inference import quant_pre_process

        if inputs is None:
            quantize_dynamic(
                source,
                target,
                op_types_to_quantize=_KINDS,
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
            )
            return
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".quantising-") as folder:
            prepared = Path(folder) / "prepared.onnx"
            quant_pre_process(source, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                target,
                _Reader(OnnxSession(source).input.name, inputs[:_ROWS]),
                quant_format=QuantFormat.QDQ,  # the form that OpenVINO understands too
                op_types_to_quantize=_KINDS,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                # what leaves a product stays float: exacter, and one step less
                extra_options={"OpTypesToExcludeOutputQuantization": _KINDS},
            )


class _Reader:
    """Batches of inputs, as onnxruntime's CalibrationDataReader gives them."""

    def __init__(self, name: str, inputs: npt.NDArray[Any]) -> None:
        self._batches = iter(
            [{name: np.ascontiguousarray(inputs[at : at + _BATCH])} for at in range(0, len(inputs), _BATCH)]
        )

    def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
        return next(self._batches, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser advises through the root logger and through warnings; neither is for users."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
