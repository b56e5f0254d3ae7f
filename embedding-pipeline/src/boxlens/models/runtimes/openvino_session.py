"""The Session port by OpenVINO, the extra ``openvino``. It reads the same ONNX files as onnxruntime."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from boxlens.domain.errors import ModelMissing
from boxlens.models.runtimes.backends import install, missing_packages
from boxlens.models.runtimes.session import Array, TensorSpec, in_chunks

_HINTS = {"fp32": "f32", "bf16": "bf16"}


class OpenVinoSession:
    """An ONNX file run by OpenVINO on the processor, loaded at first use; may be called from many threads at once.

    ``precision`` bf16 computes a plain file in bf16. An int8 file is run with "fp32": its own int8 parts stay int8.
    Raises ModelMissing when OpenVINO is not installed or cannot take the file.
    """

    def __init__(self, path: Path, *, threads: int = 0, precision: Literal["fp32", "bf16"] = "fp32") -> None:
        self.path = path
        self._threads = threads
        self._precision = precision
        self._lock = threading.Lock()
        self._compiled: Any = None
        self._own = threading.local()  # an infer request serves one thread at a time

    @property
    def input(self) -> TensorSpec:
        return _spec(self._ready().input(0))

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        return tuple(_spec(port) for port in self._ready().outputs)

    def run(self, batch: Array) -> list[Array]:
        return in_chunks(self._run, batch, self.input.shape[0])

    def _run(self, batch: Array) -> list[Array]:
        compiled = self._ready()
        if not hasattr(self._own, "request"):
            self._own.request = compiled.create_infer_request()
        answer = self._own.request.infer({0: batch})
        # the request keeps its memory and writes over it at the next call
        return [np.array(answer[port]) for port in compiled.outputs]

    def _ready(self) -> Any:
        if self._compiled is None:
            with self._lock:
                if self._compiled is None:
                    self._compiled = self._load()
        return self._compiled

    def _load(self) -> Any:
        if missing_packages("openvino"):
            raise ModelMissing("OpenVINO is not installed.", hint=install("openvino"))
        if not self.path.is_file():
            raise ModelMissing(f"The model file {self.path} is not there.", hint="See what is: boxlens models list")
        import openvino

        options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": _HINTS[self._precision]}
        if self._threads:
            options["INFERENCE_NUM_THREADS"] = self._threads
        core = openvino.Core()
        try:
            compiled = core.compile_model(_with_plain_weights(core.read_model(self.path)), "CPU", options)
        except Exception as error:
            raise ModelMissing(
                f"OpenVINO cannot take the model file {self.path}: {error}",
                hint="Set BOXLENS_RUNTIME=onnx, or take its pack in again: boxlens models add FOLDER",
            ) from error
        if len(compiled.inputs) != 1:
            raise ModelMissing(f"The model file {self.path} has {len(compiled.inputs)} inputs; one is wanted.")
        return compiled


def _spec(port: Any) -> TensorSpec:
    shape = tuple(None if size.is_dynamic else size.get_length() for size in port.get_partial_shape())
    return TensorSpec(port.get_any_name(), shape, port.get_element_type().to_dtype().name)


def _with_plain_weights(model: Any) -> Any:
    """The model with weights that are stored small unpacked to float32, as onnxruntime does; an int8 file as it is.

    Else OpenVINO computes with the small ones: in "fp32" vectors came 0.996 near to those of fp32, and 2026.4 ended the
    process (SIGFPE) where scales lie along the rows of a matrix.
    """
    from openvino.passes import ConstantFolding, Manager

    if not any(node.get_type_name() == "FakeQuantize" for node in model.get_ops()):
        passes = Manager()
        passes.register_pass(ConstantFolding())
        passes.run_passes(model)
    return model
