"""Checkpoints read as tensors only: well-formed ones, and what hostile files would do instead."""

from __future__ import annotations

import builtins
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boxlens.domain.errors import ModelMissing
from boxlens.models.export.checkpoints.safetensors_file import read_safetensors
from boxlens.models.export.checkpoints.torch_file import PICKLE_LIMIT, read_torch

NUMBERS = np.arange(12, dtype="<f4")


class Storage:
    """Pickled as torch pickles a storage: by a persistent id."""

    def __init__(self, kind: str = "FloatStorage", key: str = "0", count: int = 12) -> None:
        self.kind, self.key, self.count = kind, key, count


class Called:
    """Pickled as a call of any name with any arguments, as hostile files do it."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.arguments


class Name:
    """Something that pickles as ``module.name``."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self) -> None:
        """Never called here; a pickle that calls it needs a callable."""


class Writer(pickle._Pickler):  # the C one looks every name up; type stubs know of the Python one only what both share
    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, Storage):
            return ("storage", Name("torch", thing.kind), thing.key, "cpu", thing.count)
        return None

    def save(self, thing: Any, *more: Any, **also: Any) -> None:
        if isinstance(thing, Name):
            self.write(f"c{thing.module}\n{thing.name}\n".encode())  # type: ignore[attr-defined]
        else:
            super().save(thing, *more, **also)  # type: ignore[misc]


def tensor(size: Any = (3, 4), stride: Any = (4, 1), offset: Any = 0, storage: Any = None) -> Called:
    rebuild = Name("torch._utils", "_rebuild_tensor_v2")
    return Called(rebuild, storage or Storage(), offset, size, stride, False, {})


def pickled(thing: Any, protocol: int = 2) -> bytes:
    stream = io.BytesIO()
    Writer(stream, protocol, fix_imports=False).dump(thing)
    return stream.getvalue()


def archive(path: Path, program: bytes, numbers: bytes = NUMBERS.tobytes(), **more: Any) -> Path:
    with zipfile.ZipFile(path, "w", more.get("compression", zipfile.ZIP_STORED)) as file:
        file.writestr("weights/data.pkl", program)
        file.writestr("weights/byteorder", more.get("order", "little"))
        file.writestr("weights/data/0", numbers)
        for name in more.get("names", ()):
            file.writestr(name, "x")
    return path


def refused(path: Path) -> str:
    with pytest.raises(ModelMissing) as caught:
        read_torch(path)
    assert caught.value.hint
    return caught.value.detail


def test_a_state_is_read(tmp_path: Path) -> None:
    state = {"epoch": 3, "state_dict": {"a": tensor(), "b": tensor((4, 3), (1, 4)), "c": tensor((2,), (1,), 10)}}
    tensors = read_torch(archive(tmp_path / "w.pt", pickled(state)))
    assert np.array_equal(tensors["a"], NUMBERS.reshape(3, 4))
    assert np.array_equal(tensors["b"], NUMBERS.reshape(3, 4).T)
    assert tensors["c"].tolist() == [10, 11]
    with pytest.raises(ValueError, match="read-only"):
        tensors["a"][0, 0] = 1


def test_torch_script_is_named(tmp_path: Path) -> None:
    archive(tmp_path / "script", pickled({}), names=["weights/constants.pkl"])
    assert "TorchScript" in refused(tmp_path / "script")


HOSTILE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "os.system": (lambda flag: Called(os.system, f"touch {flag}"), f"{os.name}.system"),
    "eval": (lambda flag: Called(builtins.eval, f"open({str(flag)!r}, 'w')"), "builtins.eval"),
    "in a state": (lambda flag: {"state_dict": {"a": Called(os.mkdir, str(flag))}}, f"{os.name}.mkdir"),
    "as an argument": (lambda flag: {"a": tensor(storage=Called(os.mkdir, str(flag)))}, f"{os.name}.mkdir"),
    "nested": (
        lambda flag: Called(Name("collections", "OrderedDict"), Called(os.mkdir, str(flag))),
        f"{os.name}.mkdir",
    ),
    "getattr": (lambda flag: Called(getattr, Name("collections", "OrderedDict"), "fromkeys"), "builtins.getattr"),
    "of torch": (lambda flag: Called(Name("torch", "load"), str(flag)), "torch.load"),
    "a dotted name": (
        lambda flag: Called(Name("collections", "OrderedDict.fromkeys"), []),
        "collections.OrderedDict.fromkeys",
    ),
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_a_hostile_pickle_asks_for_is_named_and_never_called(tmp_path: Path, kind: str, protocol: int) -> None:
    thing, name = HOSTILE[kind]
    flag = tmp_path / "called"
    message = refused(archive(tmp_path / "w.pt", pickled(thing(flag), protocol)))
    assert f"it holds {name}," in message
    assert not flag.exists()


PROGRAMS = {
    "an extension of the registry": (b"\x80\x02\x82\x01.", "EXT1"),
    "a memo of two billion": (b"\x80\x02}r\xff\xff\xff\x7f.", "more room"),
    "no end": (pickled({"a": tensor()})[:-1], "cannot be read"),
    "an empty stack": (b"\x80\x02R.", "cannot be read"),
    "words beyond the end": (b"\x80\x02X\xff\xff\xff\x7fab.", "cannot be read"),
    "not a state": (pickled([tensor()]), "no tensors by name"),
    "a name set on a call": (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x04\x00\x00\x00makeK\x01sb.",
        "cannot be read",
    ),
    "a tensor changed once it was checked": (
        pickled({"a": tensor()})[:-2] + b"}(X\x06\x00\x00\x00offsetJ\x00\x00\x00\x80ubs.",
        "cannot be read",
    ),
    "a tensor's state given": (pickled({"a": tensor()})[:-2] + b"(NK\x01NNtbs.", "cannot be read"),
    "a class made": (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "cannot be read"),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_programs_that_torch_never_writes(tmp_path: Path, kind: str) -> None:
    program, words = PROGRAMS[kind]
    assert words in refused(archive(tmp_path / "w.pt", program))


SHAPES: dict[str, Any] = {
    "beyond the end": tensor((4, 4)),
    "an offset beyond the end": tensor((3, 4), (4, 1), 1),
    "a negative offset": tensor((3, 4), (4, 1), -1),
    "a negative stride": tensor((3, 4), (4, -1), 4),
    "numbers shown many times": tensor((1 << 20, 1 << 20), (0, 0)),
    "sizes without strides": tensor((3, 4), (4,)),
    "a size that is no number": tensor((3, "4"), (4, 1)),
    "a storage larger than its entry": tensor(storage=Storage(count=13)),
    "a storage that is not there": tensor(storage=Storage(key="1")),
    "a storage out of the folder": tensor(storage=Storage(key="../data.pkl")),
    "an unknown kind of numbers": tensor(storage=Storage("QInt8Storage")),
    "no storage": tensor(storage="0"),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_tensors_that_are_not_in_the_file(tmp_path: Path, kind: str) -> None:
    assert "cannot be used as weights" in refused(archive(tmp_path / "w.pt", pickled({"a": SHAPES[kind]})))


def test_archives_that_torch_never_writes(tmp_path: Path) -> None:
    program = pickled({"a": tensor()})
    bomb = archive(tmp_path / "bomb", program, bytes(50_000_000), compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 100_000
    assert "compressed" in refused(bomb)
    assert "descriptions" in refused(archive(tmp_path / "two", program, names=["other/data.pkl"]))
    assert "byte order" in refused(archive(tmp_path / "big", program, order="big"))
    assert "description has" in refused(archive(tmp_path / "long", b"\0" * (PICKLE_LIMIT + 1)))
    (tmp_path / "cut").write_bytes(archive(tmp_path / "whole", program).read_bytes()[:-30])
    refused(tmp_path / "cut")
    (tmp_path / "empty").write_bytes(b"")
    refused(tmp_path / "empty")


def test_an_entry_that_claims_more_than_the_file_has(tmp_path: Path) -> None:
    path = archive(tmp_path / "w.pt", pickled({"a": tensor(storage=Storage(count=1 << 30))}))
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"PK\x01\x02")  # the last entry of the directory: the numbers
    raw[at + 20 : at + 28] = struct.pack("<II", 1 << 31, 1 << 31)
    path.write_bytes(raw)
    assert "beyond the end" in refused(path)


def safetensors(path: Path, header: Any, body: bytes = NUMBERS.tobytes(), length: int = -1) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length < 0 else length) + text + body)
    return path


def entry(shape: Any = (3, 4), offsets: Any = (0, 48), dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_safetensors_are_read(tmp_path: Path) -> None:
    header = {"__metadata__": {"format": "pt"}, "b": entry((1,), (44, 48)), "a": entry((11,), (0, 44))}
    tensors = read_safetensors(safetensors(tmp_path / "w.safetensors", header))
    assert np.array_equal(tensors["a"], NUMBERS[:11])
    assert tensors["b"].tolist() == [11]


BROKEN: dict[str, Any] = {
    "a gap": {"a": entry((2,), (0, 8)), "b": entry((9,), (12, 48))},
    "an overlap": {"a": entry((6,), (0, 24)), "b": entry((7,), (20, 48))},
    "bytes left": {"a": entry((2,), (0, 8))},
    "beyond the end": {"a": entry((13,), (0, 52))},
    "a shape of another size": {"a": entry((3, 5))},
    "a negative shape": {"a": entry((-3, -4))},
    "a kind it does not know": {"a": entry(dtype="F8_E4M3")},
    "more than the format has": {"a": entry() | {"code": "x"}},
    "a list": [1],
    "a name twice": b'{"a": {"dtype":"F32","shape":[12],"data_offsets":[0,48]}, "a": {}}',
    "no JSON": b"{",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_safetensors(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ModelMissing, match="no safetensors file"):
        read_safetensors(safetensors(tmp_path / "w.safetensors", BROKEN[kind]))


@pytest.mark.parametrize("length", [1 << 62, 10_000, 0])
def test_safetensors_whose_header_has_another_length(tmp_path: Path, length: int) -> None:
    with pytest.raises(ModelMissing, match="no safetensors file"):
        read_safetensors(safetensors(tmp_path / "w.safetensors", {"a": entry()}, length=length))
