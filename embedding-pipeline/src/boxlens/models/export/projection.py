"""Fewer dimensions: a pack whose vectors lie along the directions that a collection's own vectors need most.

The directions are the right singular vectors of the vectors as rows, largest first: of all projections on so many
dimensions this one keeps most of them (Eckart and Young, 1936). Nothing is centred, since what is compared are cosines.
Each network gets one more matrix product at its end, so vectors of pictures and of texts stay in one space.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from boxlens.domain.errors import BadInput
from boxlens.domain.objects import Vector
from boxlens.models.export.pack import made_pictures
from boxlens.models.packs.files import check, measured
from boxlens.models.packs.pack import PACK_FILE, Pack, add_pack, load_pack
from boxlens.models.packs.spec import (
    MIN_INT8_COSINE,
    ClipSpec,
    DetectorSpec,
    FileSpec,
    Int8Spec,
    OcrSpec,
    PackSpec,
    VitSpec,
)
from boxlens.models.runtimes.parity import ParityResult, check_parity

FEWEST_VECTORS = 200
"""With fewer, what is lost cannot be told."""
NEIGHBOURS = 10
_QUERIES = 300
_Encoder = TypeVar("_Encoder", VitSpec, ClipSpec)
_MADE = 12  # pictures that int8 is held to fp32 with


@dataclass(frozen=True, slots=True)
class Loss:
    """What a projection on ``dims`` keeps of the nearest ``NEIGHBOURS``: shares 0..1 over vectors that the directions
    were not found from. ``texts``: of the nearest to texts, None where there are none."""

    signal: str
    dims: int
    kept: float
    texts: float | None = None


def directions(vectors: Vector, dims: int) -> Vector:
    """The ``dims`` orthonormal directions of ``vectors``, float32 of shape (n, d), as float32 of shape (d, dims).

    Raises BadInput for dims below 1, above d, or above n.
    """
    if not 1 <= dims <= min(vectors.shape):
        raise BadInput(
            f"{len(vectors)} vectors of {vectors.shape[1]} dims have no {dims} directions.",
            hint="Ask for fewer dims, or take more pictures in first.",
            place="dims",
        )
    values, vectors_of = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    largest: Vector = vectors_of[:, np.argsort(values)[::-1][:dims]].astype(np.float32)
    return largest


def loss(signal: str, vectors: Vector, dims: int, texts: Vector | None = None) -> Loss:
    """Directions from every other vector, and what they keep of the nearest among the rest. ``texts``: unit vectors of
    texts in the space of ``vectors``, float32 of shape (m, d). Raises as ``directions``."""
    matrix, others = directions(vectors[::2], dims), vectors[1::2]
    queries, rest = others[:_QUERIES], others[_QUERIES:] if len(others) > 2 * _QUERIES else others
    itself = 0 if rest is not others else 1  # what is nearest to a vector among its like is itself
    kept = _kept(queries, rest, matrix, itself)
    return Loss(signal, dims, kept, None if texts is None else _kept(texts, others, matrix, 0))


def _kept(queries: Vector, vectors: Vector, matrix: Vector, itself: int) -> float:
    whole = _nearest(queries, vectors, itself)
    projected = _nearest(_unit(queries @ matrix), _unit(vectors @ matrix), itself)
    shares = [len(set(a) & set(b)) / len(a) for a, b in zip(whole.tolist(), projected.tolist(), strict=True)]
    return float(np.mean(shares))


def _nearest(queries: Vector, vectors: Vector, itself: int) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    order = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")
    return order[:, itself : NEIGHBOURS + itself]


def _unit(rows: Vector) -> Vector:
    unit: Vector = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit


def reduce_pack(source: Path, packs: Path, *, name: str, vit: Vector | None = None, clip: Vector | None = None) -> Pack:
    """The pack in ``source`` under another name, its vectors projected: ``vit`` and ``clip`` are directions, float32
    of shape (d, dims), None leaves a signal as it is. Weights of torch stay behind. Raises ModelMissing."""
    spec = load_pack(source).spec
    packs.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=packs, prefix=".reducing-"))
    try:
        changed: dict[str, object] = {"name": name, "revision": ""}
        paths = check(source, spec.files(), spec.name)
        for role, part in spec.parts():
            copied: DetectorSpec | VitSpec | ClipSpec | OcrSpec = part
            for file in (file for file in _files(part) if file.place == "pack"):
                target = folder / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(paths[file], target)
            if isinstance(part, VitSpec):
                copied = _projected(part, ("model",), vit, folder)
            elif isinstance(part, ClipSpec):
                copied = _projected(part, ("image", "text"), clip, folder)
            changed[role] = copied
        reduced = spec.model_copy(update=changed)
        _write(reduced, folder)
        _write(_compared(reduced, check_parity(load_pack(folder), made_pictures(_MADE))), folder)
        return add_pack(folder, packs, move=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _files(part: DetectorSpec | VitSpec | ClipSpec | OcrSpec) -> list[FileSpec]:
    """Those that go along: all but the weights of torch."""
    values = [value.file if isinstance(value, Int8Spec) else value for _, value in part]
    return [value for value in values if isinstance(value, FileSpec)]


def _projected(part: _Encoder, fields: Sequence[str], matrix: Vector | None, folder: Path) -> _Encoder:
    if matrix is None:
        return part.model_copy(update={"torch": None})
    changed: dict[str, object] = {"torch": None, "dims": matrix.shape[1]}
    for field in fields:
        file: FileSpec = getattr(part, field)
        prefix = "" if field == "model" else f"{field}_"
        changed[field] = _with_product(folder / file.path, matrix, file)
        changed[f"{prefix}parity"] = None  # it is of the network without the product
        int8: Int8Spec | None = getattr(part, f"{prefix}int8")
        if int8 is not None:
            again = _with_product(folder / int8.file.path, matrix, int8.file)
            changed[f"{prefix}int8"] = int8.model_copy(update={"file": again})
    return part.model_copy(update=changed)


def _with_product(file: Path, matrix: Vector, spec: FileSpec) -> FileSpec:
    """The ONNX file with one more product after its first output."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(file), load_external_data=False)
    output = model.graph.output[0]
    whole = f"{output.name}_of_all_dims"
    for node in model.graph.node:
        node.output[:] = [whole if out == output.name else out for out in node.output]
        node.input[:] = [whole if used == output.name else used for used in node.input]
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(matrix), "directions"))
    model.graph.node.append(helper.make_node("MatMul", [whole, "directions"], [output.name]))
    output.type.tensor_type.shape.dim[-1].dim_value = matrix.shape[1]
    onnx.save(model, str(file))
    return measured(file).model_copy(update={"path": spec.path})


def _compared(spec: PackSpec, results: Sequence[ParityResult]) -> PackSpec:
    """The spec with the cosines of its int8 files to fp32 as they are now; without those that are too far."""
    places = {"vit": ("vit", "int8"), "clip_image": ("clip", "image_int8"), "clip_text": ("clip", "text_int8")}
    for result in (result for result in results if result.what.startswith("int8")):
        role, field = places[result.network]
        part = getattr(spec, role)
        int8: Int8Spec | None = getattr(part, field)
        if int8 is not None and result.cosine is not None:
            near = int8.model_copy(update={"cosine": result.cosine, "rows": result.rows})
            kept = near if result.cosine >= MIN_INT8_COSINE else None
            spec = spec.model_copy(update={role: part.model_copy(update={field: kept})})
    return spec


def _write(spec: PackSpec, folder: Path) -> None:
    text = json.dumps(spec.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1)
    (folder / PACK_FILE).write_text(text + "\n", "utf-8")
