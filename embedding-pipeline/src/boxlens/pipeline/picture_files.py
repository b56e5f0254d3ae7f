"""Bytes of local files. Only regular files are read: a pipe would wait for ever, a device would never end.

A file that is written while it is read is refused, so that none is taken in by halves.
"""

from __future__ import annotations

import os
import stat

from boxlens.domain.errors import BadSource
from boxlens.domain.local_files import kind, reason, shown

LIMIT = 512 * 1024 * 1024


def read_picture_file(path: str) -> bytes:
    """The bytes of a regular file of at most ``LIMIT`` bytes. Raises BadSource."""
    name = shown(path)
    try:
        # without O_NONBLOCK the opening of a pipe waits for a writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadSource(f"{name} is {kind(status.st_mode)}, not a file.", hint="Leave it out.")
            data = file.read(LIMIT + 1)
            after = os.fstat(descriptor)
    except ValueError as error:  # a null character
        raise BadSource(f"{name}: {error}", hint="Correct the path.") from error
    except OSError as error:
        raise BadSource(f"{name}: {reason(error)}.", hint="Check the path and its permissions.") from error
    if (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
        raise BadSource(f"{name} is being written just now.", hint="Run the same command again when it is whole.")
    if len(data) > LIMIT:
        raise BadSource(f"{name} is larger than {LIMIT // 2**20} MiB.", hint="Make it smaller first.")
    return data
