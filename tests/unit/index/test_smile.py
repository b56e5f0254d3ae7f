"""SMILE bytes against a small reader written for the test from the format's specification."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxlens.index.elasticsearch import smile


class Reader:
    """Reads one document of what the encoder may write."""

    def __init__(self, data: bytes) -> None:
        assert data[:4] == b":)\n\x00"
        assert data[-1:] == b"\xff"
        self.data, self.at = data[:-1], 4

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def until_end(self) -> str:
        end = self.data.index(b"\xfc", self.at)
        text = self.take(end - self.at).decode()
        self.at += 1
        return text

    def integer(self) -> int:
        value = 0
        while (byte := self.take(1)[0]) < 0x80:
            value = value << 7 | byte
        return unzigzag(value << 6 | (byte & 0x3F))

    def bits(self, count: int) -> int:
        value = 0
        for byte in self.take(count):
            assert byte < 0x80
            value = value << 7 | byte
        return value

    def key(self) -> str | None:
        token = self.take(1)[0]
        if token == 0xFB:
            return None
        if token == 0x20:
            return ""
        if token == 0x34:
            return self.until_end()
        return self.take(token - 0x80 + 1 if token < 0xC0 else token - 0xC0 + 2).decode()

    def value(self) -> Any:
        token = self.take(1)[0]
        plain: dict[int, Any] = {0x20: "", 0x21: None, 0x22: False, 0x23: True}
        if token in plain:
            return plain[token]
        if token in (0x24, 0x25):
            return self.integer()
        if token == 0x28:
            return struct.unpack(">f", self.bits(5).to_bytes(4, "big"))[0]
        if token == 0x29:
            return struct.unpack(">d", self.bits(10).to_bytes(8, "big"))[0]
        for first, shortest in ((0x40, 1), (0x60, 33), (0x80, 2), (0xA0, 34)):
            if first <= token < first + 32:
                return self.take(token - first + shortest).decode()
        if 0xC0 <= token <= 0xDF:
            return unzigzag(token & 0x1F)
        if token in (0xE0, 0xE4):
            return self.until_end()
        return self.items() if token == 0xF8 else self.members()

    def items(self) -> list[Any]:
        results = []
        while self.data[self.at] != 0xF9:
            results.append(self.value())
        self.at += 1
        return results

    def members(self) -> dict[str, Any]:
        values = {}
        while (key := self.key()) is not None:
            values[key] = self.value()
        return values


def unzigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def back(document: dict[str, Any]) -> Any:
    reader = Reader(smile.document(document))
    value = reader.value()
    assert reader.at == len(reader.data)
    return value


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


@given(st.dictionaries(texts, values, max_size=6))
def test_every_document_comes_back(document: dict[str, Any]) -> None:
    assert back(document) == document


@pytest.mark.parametrize("size", [1, 31, 32, 33, 56, 57, 58, 63, 64, 65, 66, 200])
@pytest.mark.parametrize("character", ["a", "é", "中", "🐶"])
def test_texts_at_the_edges_of_their_tokens(size: int, character: str) -> None:
    text = (character * size).encode()[:size].decode(errors="ignore") or character
    assert back({text: text}) == {text: text}


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=50))
def test_float_arrays_keep_every_bit(numbers: list[float]) -> None:
    vector = np.asarray(numbers, dtype=np.float32)
    assert np.asarray(back({"v": vector})["v"], dtype=np.float32).tobytes() == vector.tobytes()


def test_no_separator_inside_a_document() -> None:
    document = {"v": np.random.default_rng(1).standard_normal(2000).astype(np.float32), "n": -1.5, "t": "ÿ\u00ff🐶"}
    assert smile.document(document).count(smile.SEPARATOR) == 1


def test_lone_surrogates_become_question_marks() -> None:
    assert back({"name": "a\ud800b"}) == {"name": "a?b"}


def test_what_has_no_form() -> None:
    with pytest.raises(TypeError, match="set"):
        smile.document({"x": {1, 2}})
    with pytest.raises(OverflowError):
        smile.document({"x": 2**63})
