"""What the errors of a full, read-only or broken disk mean to those who asked for something."""

from __future__ import annotations

import errno

from boxlens.domain.errors import DiskFull
from boxlens.domain.local_files import refusal


def test_what_a_broken_disk_means() -> None:
    read_only = refusal(OSError(errno.EROFS, "Read-only file system", "/data/a\n.json"))
    assert read_only is not None
    assert read_only.detail == "/data/a\\n.json: Read-only file system."
    assert isinstance(refusal(OSError(errno.ENOSPC, "No space left on device")), DiskFull)
    assert refusal(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
    assert refusal(OSError("no number")) is None
