"""The memory that this process may use: the machine's, or less where the limit of a container or a service says so."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import psutil

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


class Memory(NamedTuple):
    """In bytes. ``limited``: ``total`` is that of a control group, not of the machine."""

    total: int
    available: int
    limited: bool = False


def usable_memory() -> Memory:
    """What the machine has, or what the closest limit leaves of it (cgroup 1 and 2, and the groups around one's own).

    What a group holds of files can be dropped, so that its own memory alone counts as taken.
    """
    machine = psutil.virtual_memory()
    usable = Memory(int(machine.total), int(machine.available))
    for group, limit_file, own in _groups():
        try:
            limit = int((group / limit_file).read_text())
            entries = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            left = max(0, limit - int(entries[own]))
        except (OSError, ValueError, KeyError):  # no such limit ("max"), no such group, or not Linux
            continue
        if limit < usable.total:
            usable = Memory(limit, min(usable.available, left), limited=True)
        elif usable.limited:
            usable = usable._replace(available=min(usable.available, left))
    return usable


def _groups() -> list[tuple[Path, str, str]]:
    """Folders that may hold a limit, the file of the limit, and the line of memory.stat that counts. In a container its
    own group is the root of what it sees, whatever path the kernel names."""
    folders: list[tuple[Path, str, str]] = []
    try:
        lines = _OWN.read_text().splitlines()
    except OSError:
        lines = []
    for line in [*lines, "0::/", ":memory:/"]:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            root, files = _GROUPS, ("memory.max", "anon")
        elif "memory" in controllers.split(","):
            root, files = _GROUPS / "memory", ("memory.limit_in_bytes", "total_rss")
        else:
            continue
        own = root / path.lstrip("/")
        folders += [(folder, *files) for folder in (own, *own.parents) if folder.is_relative_to(root)]
    return list(dict.fromkeys(folders))
