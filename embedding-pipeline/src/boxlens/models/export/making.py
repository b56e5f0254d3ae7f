"""What is written for one network, and how it is held to its reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.quantise import quantise_file
from boxlens.models.image_encoder import cosines
from boxlens.models.packs.files import measured
from boxlens.models.packs.spec import MIN_FP32_COSINE, MIN_INT8_COSINE, Int8Spec, Method, ParitySpec
from boxlens.models.runtimes.onnx_session import OnnxSession

Precision = Literal["int8", "fp32"]
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Making:
    """What is written beside the fp32 file: int8 files when ``precision`` says so, the ``torch`` weights.

    With ``torch`` each network is compared with torch too. ``real``: the pictures to compare on are such as the pack
    is for, so that ranges of int8 may be measured on them.
    """

    precision: Precision = "int8"
    torch: bool = False
    real: bool = False


@dataclass(frozen=True, slots=True)
class Parity:
    """What was written for one network: ``cosine`` is the least of all compared rows of its fp32 file to torch, None
    where torch did not take part.

    ``int8`` is that of the int8 file to the same reference (torch, or else the fp32 file), with its ``method``; None
    where none was written. ``tried_int8`` is the best that was reached, None when int8 was not asked for or is not made
    for this network.
    """

    network: str
    cosine: float | None
    rows: int
    int8: float | None = None
    method: Method | None = None
    tried_int8: float | None = None

    @property
    def spec(self) -> ParitySpec | None:
        """What pack.json says of it."""
        return None if self.cosine is None else ParitySpec(cosine=self.cosine, rows=self.rows)


def finish(
    target: Path,
    inputs: npt.NDArray[Any],
    reference: npt.NDArray[np.float32] | None,
    *,
    quantise: bool,
    calibrate: bool,
) -> tuple[Parity, Int8Spec | None]:
    """Run a written network, compare it with the vectors of torch (``reference``) where they are given, and write its
    int8 form beside it where every row keeps a cosine of MIN_INT8_COSINE.

    ``inputs`` are rows in the network's dtype and layout, at least two. Ranges of int8 are measured on every other
    input when they are real (``calibrate``), or, where that is not near enough, found at each call. Raises ModelMissing
    when the network gives other vectors than torch, or none at all.
    """
    vectors = features(target, inputs)
    if not np.isfinite(vectors).all() or (np.linalg.norm(vectors, axis=1) == 0).any():
        raise ModelMissing(
            f"{target.name} gives vectors that are no numbers.", hint="The weights are damaged: fetch them again."
        )
    cosine = None if reference is None else _min_cosine(vectors, reference)
    if cosine is not None and cosine < MIN_FP32_COSINE:
        raise ModelMissing(
            f"{target.name} gives other vectors than torch: cosine {cosine:.6f}, at least {MIN_FP32_COSINE} wanted.",
            hint="This network cannot be exported with the installed versions of torch and onnxscript.",
        )
    methods: tuple[Method, ...] = ("static", "dynamic") if calibrate else ("dynamic",)
    part, tried = _quantised(target, inputs, vectors if reference is None else reference, methods if quantise else ())
    near, method = (part.cosine, part.method) if part else (None, None)
    return Parity(target.stem, cosine, len(inputs), near, method, tried), part


def features(path: Path, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """What an ONNX file makes of the inputs, (n, dims)."""
    session = OnnxSession(path)
    return np.concatenate([session.run(part)[0] for part in batches(inputs)])


def batches(inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """The inputs a few rows at a time."""
    return [inputs[at : at + _BATCH] for at in range(0, len(inputs), _BATCH)]


def _quantised(
    target: Path, inputs: npt.NDArray[Any], reference: npt.NDArray[np.float32], methods: tuple[Method, ...]
) -> tuple[Int8Spec | None, float | None]:
    """The first int8 form that is near enough, and the best cosine that any reached."""
    tried = None
    smaller = target.with_suffix(".int8.onnx")
    for method in methods:
        try:
            quantise_file(target, smaller, inputs[::2] if method == "static" else None)
        except ModelMissing:
            continue
        near = _min_cosine(features(smaller, inputs), reference)
        tried = max(near, tried or -1.0)
        if near >= MIN_INT8_COSINE:
            return Int8Spec(file=measured(smaller), method=method, cosine=min(near, 1.0), rows=len(inputs)), tried
        smaller.unlink()
    return None, tried


def _min_cosine(vectors: npt.NDArray[np.float32], reference: npt.NDArray[np.float32]) -> float:
    return float(cosines(vectors, reference).min()) if vectors.shape == reference.shape else -1.0
