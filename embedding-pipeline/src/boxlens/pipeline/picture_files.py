"""Bytes of pictures: of local files, and of stored pictures wherever they lie.

A file that is written while it is read is refused, so that none is taken in by halves.
"""

from __future__ import annotations

import os

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import local_path, regular_file, shown
from boxlens.domain.pictures import ImageRecord
from boxlens.domain.ports import Fetcher, ObjectStore

LIMIT = 512 * 1024 * 1024


def read_picture_file(path: str) -> bytes:
    """The bytes of a regular file of at most ``LIMIT`` bytes. Raises BadSource."""
    name = shown(path)
    with regular_file(path) as file:
        status = os.fstat(file.fileno())
        data = file.read(LIMIT + 1)
        after = os.fstat(file.fileno())
    if (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
        raise BadSource(f"{name} is being written just now.", hint="Run the same command again when it is whole.")
    if len(data) > LIMIT:
        raise BadSource(f"{name} is larger than {LIMIT // 2**20} MiB.", hint="Make it smaller first.")
    return data


def stored_picture_bytes(image: ImageRecord, store: ObjectStore, fetcher: Fetcher) -> bytes:
    """The bytes of a stored picture. Raises NotFound, BadSource or FetchFailed where they are not there any more."""
    if image.bucket:
        return store.get(image.bucket, image.image_key)
    if image.source_uri.startswith(("http://", "https://")):
        return fetcher.fetch(image.source_uri)
    return read_picture_file(local_path(image.source_uri))
