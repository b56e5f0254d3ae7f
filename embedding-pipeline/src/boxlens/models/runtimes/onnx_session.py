"""The Session port by onnxruntime, on the processor.

Loading happens once, at first use, under a lock; running needs no lock, onnxruntime's ``run`` may be called from many
threads at once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from boxlens.domain.errors import ModelMissing
from boxlens.models.runtimes.session import Array, TensorSpec, in_chunks

_DTYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int64)": "int64", "tensor(float16)": "float16"}
_QUIET = 3  # onnxruntime severity: errors only
_BYTES_AT_ONCE = 5 << 19
"""Of input in one run: four crops of 224 pixels. What lies between the layers is a hundred times as much and grows
with the rows, while more rows are no faster."""


class OnnxSession:
    """An ONNX file run by onnxruntime on the CPU.

    ``threads`` of 0 takes as many as there are cores. A large batch is run chunk by chunk; where the batch of the file
    is fixed, by so many rows, the last chunk filled up and cut off again. Raises ModelMissing when the file is absent,
    unreadable, or has another number of inputs than one.
    """

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        self.path = path
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def input(self) -> TensorSpec:
        return self._ready().input

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        return self._ready().outputs

    def run(self, batch: Array) -> list[Array]:
        loaded = self._ready()
        if fixed := loaded.input.shape[0]:
            return in_chunks(loaded.run, batch, fixed)
        rows = max(1, _BYTES_AT_ONCE // max(1, batch[:1].nbytes))
        if len(batch) <= rows:
            return loaded.run(batch)
        parts = [loaded.run(batch[at : at + rows]) for at in range(0, len(batch), rows)]
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    def _ready(self) -> _Loaded:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _Loaded(self.path, self._threads)
        return self._loaded


class _Loaded:
    """The session itself, warmed up: its first run allocates and is slow."""

    def __init__(self, path: Path, threads: int) -> None:
        if not path.is_file():
            raise ModelMissing(f"The model file {path} is not there.", hint="See what is: boxlens models list")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _QUIET
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it keeps the most that any run has needed
        # several networks share the cores, and a thread that spins while it waits takes them from the others
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelMissing(
                f"The model file {path} cannot be loaded: {error}",
                hint="Take its pack in again: boxlens models add FOLDER",
            ) from error
        inputs = [_spec(node) for node in self._session.get_inputs()]
        if len(inputs) != 1 or not inputs[0].shape:
            raise ModelMissing(f"The model file {path} has {len(inputs)} inputs; one with a batch axis is wanted.")
        self.input = inputs[0]
        self.outputs = tuple(_spec(node) for node in self._session.get_outputs())
        self._warm_up()

    def run(self, batch: Array) -> list[Array]:
        return list(self._session.run(None, {self.input.name: batch}))

    def _warm_up(self) -> None:
        batch, *rest = self.input.shape
        if None not in rest:
            self.run(np.zeros([batch or 1, *(size or 1 for size in rest)], dtype=self.input.dtype))


def _spec(node: Any) -> TensorSpec:
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in node.shape)
    return TensorSpec(node.name, shape, _DTYPES.get(node.type, node.type))
