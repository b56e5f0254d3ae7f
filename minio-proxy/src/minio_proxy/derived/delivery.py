"""Thumbnails and crops on their way out: from the cache, else made by a few workers at a time."""

from __future__ import annotations

import hashlib
import threading

import PIL

from minio_proxy.backends.port import ObjectInfo, Reader
from minio_proxy.derived.cache import DiskCache
from minio_proxy.derived.pictures import Recipe, derive, parse_box
from minio_proxy.errors import BadWidth, Busy, TooLarge
from minio_proxy.media_types import SNIFF_BYTES, content_type
from minio_proxy.settings import ProxySettings
from picture_decoding import process_budget

_RECIPE_VERSION = 2  # raised when the same recipe gives other bytes
_STRIPES = 64
_WAIT_S = 20.0


class Derived:
    """Makes what ``?w=`` and ``?box=`` ask for."""

    def __init__(self, settings: ProxySettings) -> None:
        self._widths = settings.widths
        self._max_bytes = settings.max_bytes
        self._max_pixels = settings.max_pixels
        self._cache = DiskCache(settings.cache_dir, settings.cache_bytes)
        process_budget.govern(settings.decode_budget_bytes, "BOXLENS_PROXY__DECODE_BUDGET_BYTES")
        self._workers = threading.BoundedSemaphore(settings.picture_workers)
        self._making = [threading.Lock() for _ in range(_STRIPES)]

    def recipe(self, w: str, box: str) -> Recipe | None:
        """What the query asks for; None for the file itself. Raises BadWidth, BadBox."""
        if not w and not box:
            return None
        width = int(w) if w.isascii() and w.isdigit() and len(w) < 8 else None
        if w and width not in self._widths:
            allowed = ", ".join(map(str, self._widths))
            raise BadWidth(f"{w[:20]!r} is not an allowed width.", hint=f"Take one of {allowed}.")
        return Recipe(width, parse_box(box) if box else None)

    def make(self, bucket: str, reader: Reader, recipe: Recipe) -> tuple[ObjectInfo, bytes]:
        """The derived picture and its facts. Raises UnsupportedType, UnreadablePicture, TooLarge, BadBox, Busy."""
        source = reader.info
        recipe_text = f"{_RECIPE_VERSION} {PIL.__version__} {recipe} {self._max_pixels}"
        name = hashlib.sha256(f"{bucket}\n{source.key}\n{source.etag}\n{recipe_text}".encode()).hexdigest()
        with self._making[int(name[:8], 16) % _STRIPES]:  # two requests for one picture make it once
            data = self._cache.get(name)
            if data is None:
                data = self._fresh(reader, recipe)
                self._cache.put(name, data)
        kind = content_type(data[:SNIFF_BYTES], source.key)
        return ObjectInfo(source.key, len(data), name[:40], source.modified, kind), data

    def _fresh(self, reader: Reader, recipe: Recipe) -> bytes:
        if not self._workers.acquire(timeout=_WAIT_S):
            raise Busy("Too many thumbnails are being made.", hint="Ask again.", headers={"Retry-After": "2"})
        try:
            if reader.info.size > self._max_bytes:
                raise TooLarge(f"The file has {reader.info.size} bytes.", hint="Ask for it whole, without w and box.")
            data, _ = derive(b"".join(reader.chunks(0, reader.info.size)), recipe, self._max_pixels)
            return data
        finally:
            self._workers.release()
