"""Bounded caches of what networks computed for a query.

The next page, another filter, or the same words asked by another person then cost no network again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

import cachetools
import numpy as np

from boxlens.domain.objects import Vector
from boxlens.domain.pictures import Pixels
from boxlens.domain.ports import TextEncoder

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Lookups:
    """How often a key was in a cache, and how often its value had to be computed."""

    hits: int
    misses: int


class LruCache(Generic[Key, Value]):
    """The values used last, at most ``size`` of them (0: none), with counts of hits and misses.

    Thread-safe. No lock is held while a value is computed, so two threads may compute the same one.
    """

    def __init__(self, size: int) -> None:
        self._values: cachetools.LRUCache[Key, Value] = cachetools.LRUCache(size)
        self._lock = Lock()
        self._hits = self._misses = 0

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Value]:
        """The values of those keys that are in the cache. Each distinct key counts as one hit or one miss."""
        distinct = dict.fromkeys(keys)
        with self._lock:
            values = {key: self._values[key] for key in distinct if key in self._values}
            self._hits += len(values)
            self._misses += len(distinct) - len(values)
        return values

    def put_many(self, values: Mapping[Key, Value]) -> None:
        """Store these values; those used longest ago make room. A cache of size 0 stores nothing."""
        if self._values.maxsize < 1:
            return
        with self._lock:
            self._values.update(values)

    @property
    def lookups(self) -> Lookups:
        with self._lock:
            return Lookups(self._hits, self._misses)


class CachedTextEncoder:
    """A text encoder that encodes each text once, all texts of one call that are not cached together."""

    def __init__(self, encoder: TextEncoder, size: int) -> None:
        self._encoder = encoder
        self._vectors: LruCache[str, Vector] = LruCache(size)

    @property
    def dims(self) -> int:
        return self._encoder.dims

    @property
    def lookups(self) -> Lookups:
        return self._vectors.lookups

    def encode_texts(self, texts: Sequence[str]) -> Vector:
        """Unit vectors, float32 of shape (n, dims)."""
        vectors = self._vectors.get_many(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in vectors]
        if missing:
            computed = dict(zip(missing, self._encoder.encode_texts(missing), strict=True))
            self._vectors.put_many(computed)
            vectors |= computed
        return np.stack([vectors[text] for text in texts]) if texts else np.zeros((0, self.dims), np.float32)


def pixel_digest(pixels: Pixels) -> str:
    """The SHA-256 of a decoded picture's pixels and shape, as 64 hex digits."""
    digest = hashlib.sha256(np.ascontiguousarray(pixels).reshape(-1).data)
    digest.update(repr(pixels.shape).encode())
    return digest.hexdigest()
