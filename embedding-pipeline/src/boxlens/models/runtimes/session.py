"""The port that every network runs behind; onnx_session, openvino_session and torch_session are its adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


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
