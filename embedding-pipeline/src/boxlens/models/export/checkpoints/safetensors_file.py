"""Reading safetensors, strictly after https://github.com/huggingface/safetensors: a header in JSON, then the numbers.

The file is mapped, so that only what is used comes into memory.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.graphs.numbers import widened

HEADER_LIMIT = 100_000_000  # bytes, as the format has it
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "bfloat16",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    dtype: str
    shape: list[int] = Field(max_length=8)
    data_offsets: list[int] = Field(min_length=2, max_length=2)


_HEADER: TypeAdapter[dict[str, _Entry]] = TypeAdapter(dict[str, _Entry])


def read_safetensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All tensors by name, read-only views of the mapped file; bfloat16 comes as float32.

    Raises ModelMissing for a file that breaks the format anywhere: lengths that do not fit, gaps, overlaps, names
    twice, numbers of a kind it does not know.
    """
    try:
        return _read(path)
    except (ValueError, OSError) as error:  # JSON's and pydantic's errors are ValueErrors
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ModelMissing(
            f"{path} is no safetensors file: {reason}.", hint="Fetch it again, or give another file."
        ) from error


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    size = path.stat().st_size
    if size < 8:
        raise ValueError(f"it has {size} bytes")
    data = np.memmap(path, np.uint8, mode="r")
    length = int.from_bytes(data[:8].tobytes(), "little")
    if length > min(HEADER_LIMIT, size - 8):
        raise ValueError(f"its header would have {length} bytes")
    header = json.loads(data[8 : 8 + length].tobytes(), object_pairs_hook=_distinct)
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    header.pop("__metadata__", None)
    entries = _HEADER.validate_python(header)
    body = data[8 + length :]
    at = 0
    tensors = {}
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        begin, end = entry.data_offsets
        if begin != at or end > len(body):
            raise ValueError(f"{name} stands at {begin} to {end}, where {at} to at most {len(body)} is free")
        tensors[name] = _tensor(name, entry, body[begin:end])
        at = end
    if at != len(body):
        raise ValueError(f"{len(body) - at} bytes belong to no tensor")
    return tensors


def _tensor(name: str, entry: _Entry, raw: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    if entry.dtype not in _DTYPES:
        raise ValueError(f"{name} is {entry.dtype}, which is not read here")
    kind = _DTYPES[entry.dtype]
    wide = 2 if kind == "bfloat16" else np.dtype(kind).itemsize
    if min(entry.shape, default=0) < 0 or math.prod(entry.shape) * wide != len(raw):
        raise ValueError(f"{name} of {entry.shape} has {len(raw)} bytes")
    if kind == "bfloat16":
        return widened(np.frombuffer(raw, "<u2")).reshape(entry.shape)
    return np.frombuffer(raw, kind).reshape(entry.shape)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a name stands twice in its header")
    return entries
