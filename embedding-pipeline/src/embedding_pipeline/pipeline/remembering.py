"""What networks said of a query is remembered by content, so that the next page, another filter or the same words by
another person cost no network again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

from embedding_pipeline.domain import Pixels, Vector
from embedding_pipeline.ports import TextEncoder

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Lookups:
    """How often something was known, and how often it had to be computed."""

    hits: int
    misses: int


class Memory(Generic[Key, Value]):
    """The values used last, at most ``size`` of them (0: none). Thread-safe; two threads may compute the same value."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()
        self._hits = self._misses = 0

    def known(self, keys: Sequence[Key]) -> dict[Key, Value]:
        """The values of those keys that are remembered. Each distinct key counts as one hit or one miss."""
        with self._lock:
            found: dict[Key, Value] = {}
            for key in dict.fromkeys(keys):
                if key in self._held:
                    self._held.move_to_end(key)
                    found[key] = self._held[key]
                    self._hits += 1
                else:
                    self._misses += 1
            return found

    def keep(self, values: Mapping[Key, Value]) -> None:
        """Remember these; what was used longest ago goes."""
        with self._lock:
            for key, value in values.items():
                self._held[key] = value
                self._held.move_to_end(key)
            while len(self._held) > self._size:
                self._held.popitem(last=False)

    @property
    def lookups(self) -> Lookups:
        with self._lock:
            return Lookups(self._hits, self._misses)


class RememberedTexts:
    """A text encoder that encodes each text once: those of one call that are not known go to it together."""

    def __init__(self, encoder: TextEncoder, size: int) -> None:
        self._encoder = encoder
        self._memory: Memory[str, Vector] = Memory(size)

    @property
    def dims(self) -> int:
        return self._encoder.dims

    @property
    def lookups(self) -> Lookups:
        return self._memory.lookups

    def encode_texts(self, texts: Sequence[str]) -> Vector:
        """Unit vectors, float32 of shape (n, dims)."""
        vectors = self._memory.known(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in vectors]
        if missing:
            new = dict(zip(missing, self._encoder.encode_texts(missing), strict=True))
            self._memory.keep(new)
            vectors |= new
        return np.stack([vectors[text] for text in texts]) if texts else np.zeros((0, self.dims), np.float32)


def content_of(pixels: Pixels) -> str:
    """The SHA-256 of a decoded picture, its size included."""
    digest = hashlib.sha256(np.ascontiguousarray(pixels).reshape(-1).data)
    digest.update(repr(pixels.shape).encode())
    return digest.hexdigest()
