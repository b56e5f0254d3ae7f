"""Reading a checkpoint of ``torch.save`` as tensors only, without torch.

Such a file is a zip archive of stored entries: ``data.pkl``, a pickle that describes the tensors, and one entry with
the numbers of each storage. A pickle is a program, so it is not simply run: first its instructions are held to those
that torch writes, then every name it asks for is held to a short list (``_KNOWN``), none of which does anything but
describe a tensor. What it describes is held to the bytes that are there. Nothing is unpacked; numbers are mapped.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.graphs.numbers import widened

PICKLE_LIMIT = 64 << 20  # bytes; that of a network of a billion weights has a tenth of a megabyte
ENTRIES_LIMIT = 100_000
_DIMENSIONS = 8
_LOCAL_HEADER = 30  # bytes before the name in an entry of a zip archive
_DTYPES = {
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "DoubleStorage": "<f8",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
# instructions that describe data, or that ask for a name; none that reaches into a registry or into other buffers
_INSTRUCTIONS = frozenset(
    "PROTO STOP MARK FRAME NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT "
    "BINUNICODE SHORT_BINUNICODE BINBYTES SHORT_BINBYTES EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND "
    "APPENDS EMPTY_DICT SETITEM SETITEMS BINPUT LONG_BINPUT BINGET LONG_BINGET MEMOIZE GLOBAL STACK_GLOBAL REDUCE "
    "NEWOBJ BUILD BINPERSID".split()
)


class _Refused(ValueError):
    """What the file holds is not taken."""


# tuples, because the instruction BUILD can set attributes of everything else, past all checks
class _Kind(NamedTuple):
    """The kind of numbers of a storage."""

    dtype: str


class _Storage(NamedTuple):
    """One entry of the archive, of so many numbers."""

    kind: _Kind
    key: str
    numbers: int


class _View(NamedTuple):
    """A tensor over a storage; offset and strides count numbers."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Named(NamedTuple):
    """What a name of the pickle stands for."""

    make: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return self.make(*arguments)


def read_torch(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The tensors of a checkpoint by name, read-only views of the mapped file; bfloat16 comes as float32.

    They are what stands under "state_dict" or "model", or else the whole. Raises ModelMissing for the formats of torch
    before 1.6 and of TorchScript, for compressed entries, and for a pickle that holds anything but numbers, words,
    lists and tensors, naming what it asked for.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                raise _Refused("it is no archive of torch.save; torch before 1.6 wrote another format")
        with zipfile.ZipFile(path) as archive:
            return _read(path, archive)
    except (_Refused, OSError, zipfile.BadZipFile, struct.error) as error:
        raise _unusable(path, str(error)) from error
    except (pickle.UnpicklingError, ValueError, TypeError, KeyError, AttributeError, IndexError, EOFError) as error:
        # what a broken or hostile pickle makes the unpickler stumble over
        raise _unusable(path, f"its description cannot be read ({error})") from error
    except (MemoryError, OverflowError, RecursionError, NotImplementedError) as error:
        raise _unusable(path, f"its description asks for more than there is ({type(error).__name__})") from error


def _read(path: Path, archive: zipfile.ZipFile) -> dict[str, npt.NDArray[Any]]:
    entries = {entry.filename: entry for entry in archive.infolist()}
    if len(entries) != len(archive.infolist()) or len(entries) > ENTRIES_LIMIT:
        raise _Refused(f"it has {len(archive.infolist())} entries, {len(entries)} of different names")
    descriptions = [name for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(descriptions) != 1:
        raise _Refused(f"it has {len(descriptions)} descriptions named data.pkl")
    folder = descriptions[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in entries:
        raise _Refused("it is a TorchScript program, not a checkpoint")
    data = np.memmap(path, np.uint8, mode="r")
    order = entries.get(f"{folder}byteorder")
    if order is not None and _bytes(data, order).tobytes() != b"little":
        raise _Refused("its numbers have the byte order of another machine")
    if entries[descriptions[0]].file_size > PICKLE_LIMIT:
        raise _Refused(f"its description has {entries[descriptions[0]].file_size} bytes")
    content = _unpickled(_bytes(data, entries[descriptions[0]]).tobytes())
    tensors = _tensors(content)
    return {name: _numbers(view, data, entries, folder) for name, view in tensors.items()}


def _tensors(content: Any) -> dict[str, _View]:
    """The tensors of a state: of the whole, or of the part that is usual in checkpoints."""
    state = content
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            state = content[key]
            break
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise _Refused("it holds no tensors by name")
    return {name: value for name, value in state.items() if isinstance(value, _View)}


def _bytes(data: npt.NDArray[np.uint8], entry: zipfile.ZipInfo) -> npt.NDArray[np.uint8]:
    """The bytes of a stored entry, where they lie."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size or entry.flag_bits & 1:
        raise _Refused(f"its entry {entry.filename} is compressed or encrypted, which torch.save never does")
    header = data[entry.header_offset : entry.header_offset + _LOCAL_HEADER].tobytes()
    signature, name_length, extra_length = struct.unpack("<4s22xHH", header)
    begin = entry.header_offset + _LOCAL_HEADER + name_length + extra_length
    if signature != b"PK\x03\x04" or begin + entry.file_size > len(data):
        raise _Refused(f"its entry {entry.filename} lies beyond the end of the file")
    return data[begin : begin + entry.file_size]


def _numbers(
    view: _View, data: npt.NDArray[np.uint8], entries: Mapping[str, zipfile.ZipInfo], folder: str
) -> npt.NDArray[Any]:
    entry = entries.get(f"{folder}data/{view.storage.key}")
    if entry is None:
        raise _Refused(f"the storage {view.storage.key} of a tensor is not in it")
    half = view.storage.kind.dtype == "bfloat16"
    dtype = np.dtype("<u2" if half else view.storage.kind.dtype)
    raw = _bytes(data, entry)
    if view.storage.numbers * dtype.itemsize > len(raw):
        raise _Refused(f"storage {view.storage.key} would have {view.storage.numbers} numbers in {len(raw)} bytes")
    numbers = np.frombuffer(raw, dtype, view.storage.numbers)
    steps = [stride * dtype.itemsize for stride in view.stride]
    shaped = np.lib.stride_tricks.as_strided(numbers[view.offset :], view.size, steps, writeable=False)
    return widened(shaped) if half else shaped


def _unpickled(program: bytes) -> Any:
    for instruction, argument, _ in pickletools.genops(program):
        if instruction.name in ("GLOBAL", "INST"):
            _meaning(*str(argument).split(" ", 1))
        if instruction.name not in _INSTRUCTIONS:
            raise _Refused(f"its description uses the instruction {instruction.name}, which torch.save never writes")
        if instruction.name in ("BINPUT", "LONG_BINPUT") and int(argument or 0) > len(program):
            raise _Refused("its description asks for more room than it has")
    return _Unpickler(io.BytesIO(program)).load()


def _meaning(module: str, name: str) -> _Kind | _Named:
    """What a name stands for; one that is not known is refused, whatever would be done with it."""
    if module in ("torch", "torch.storage") and name in _DTYPES:
        return _Kind(_DTYPES[name])
    meaning = _KNOWN.get((module, name))
    if meaning is None:
        raise _Refused(f"it holds {module}.{name}, where only tensors are taken")
    return _Named(meaning)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _meaning(module, name)

    def persistent_load(self, pid: Any) -> _Storage:
        if not isinstance(pid, tuple) or len(pid) != 5 or pid[0] != "storage":
            raise _Refused("it refers to something that is no storage")
        _, kind, key, _, count = pid
        if not isinstance(kind, _Kind) or not isinstance(key, str) or not _is_count(count):
            raise _Refused("it refers to a storage of an unknown kind")
        return _Storage(kind, key, count)


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _View:
    """torch._utils._rebuild_tensor_v2, as a description. What it describes must lie inside the storage."""
    if not isinstance(storage, _Storage) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise _Refused("it describes a tensor without a storage")
    if len(size) != len(stride) or len(size) > _DIMENSIONS or not all(map(_is_count, (offset, *size, *stride))):
        raise _Refused("it describes a tensor of an impossible shape")
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    # a view that shows numbers more than once could claim any size
    if math.prod(size) > storage.numbers or (math.prod(size) and last >= storage.numbers):
        raise _Refused(f"it describes a tensor of {list(size)} in a storage of {storage.numbers} numbers")
    return _View(storage, min(offset, storage.numbers), size, stride)


def _parameter(view: Any, *_: Any) -> _View:
    """torch._utils._rebuild_parameter."""
    if not isinstance(view, _View):
        raise _Refused("it describes a parameter that is no tensor")
    return view


def _ordered(*pairs: Any) -> OrderedDict[Any, Any]:
    return OrderedDict(*pairs)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _ordered,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}


def _unusable(path: Path, reason: str) -> ModelMissing:
    return ModelMissing(
        f"{path} cannot be used as weights: {reason}.",
        hint="Only tensors are read from checkpoints. Take the file from the network's own publisher, or save its "
        "state_dict again with torch.save or as safetensors.",
    )
