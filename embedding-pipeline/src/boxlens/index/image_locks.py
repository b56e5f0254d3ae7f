"""One change of an image at a time, among the threads of a process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from zlib import crc32

from boxlens.domain.collections import base

_STRIPES = 1024


class ImageLocks:
    """Locks by image; images may share one, so that there is a bounded number of them."""

    def __init__(self) -> None:
        self._locks = [RLock() for _ in range(_STRIPES)]

    @contextmanager
    def exclusive(self, collection: str, image_ids: Iterable[str]) -> Iterator[None]:
        """Hold the locks of these images; a collection and its successor share them."""
        stripes = {crc32(f"{base(collection)}/{image_id}".encode()) % _STRIPES for image_id in image_ids}
        with ExitStack() as held:
            for stripe in sorted(stripes):  # in one order, so that no two wait for each other
                held.enter_context(self._locks[stripe])
            yield
