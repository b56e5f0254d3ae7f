"""Running a network: the Session port and its onnxruntime adapter; openvino_session and torch_session are the others.

Loading happens once, at first use, under a lock; running needs no lock, onnxruntime's ``run`` may be called from many
threads at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from embedding_pipeline.errors import ModelMissing

Array = npt.NDArray[Any]
_DTYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int64)": "int64", "tensor(float16)": "float16"}
_QUIET = 3  # onnxruntime severity: errors only


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output; None in ``shape`` is a size that may vary."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class Session(Protocol):
    """A network with one input, ready to run. The first axis of input and outputs is the batch."""

    @property
    def input(self) -> TensorSpec: ...

    @property
    def outputs(self) -> Sequence[TensorSpec]: ...

    def run(self, batch: Array) -> list[Array]:
        """All outputs for a batch of any size, in the order of ``outputs``."""
        ...


class OnnxSession:
    """An ONNX file run by onnxruntime on the CPU.

    ``threads`` of 0 takes as many as there are cores. A file whose batch is fixed is run chunk by chunk, its last
    chunk filled up and cut off again. Raises ModelMissing when the file is absent, unreadable, or has another number
    of inputs than one.
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
        return in_chunks(loaded.run, batch, loaded.input.shape[0])

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


def in_chunks(run: Callable[[Array], list[Array]], batch: Array, fixed: int | None) -> list[Array]:
    """All outputs of ``run`` for a batch of any size, also where the network takes exactly ``fixed`` rows a call."""
    if fixed is None or len(batch) == fixed:
        return run(batch)
    if len(batch) == 0:
        return [array[:0] for array in run(_filled(batch, fixed))]
    parts = [run(_filled(batch[at : at + fixed], fixed)) for at in range(0, len(batch), fixed)]
    return [np.concatenate(arrays)[: len(batch)] for arrays in zip(*parts, strict=True)]


def _filled(chunk: Array, size: int) -> Array:
    if len(chunk) == size:
        return chunk
    return np.concatenate([chunk, np.zeros((size - len(chunk), *chunk.shape[1:]), chunk.dtype)])
