"""The limit of a container counts before the machine's memory, in both generations of control groups."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from boxlens import memory_limits
from boxlens.memory_limits import usable_memory

MIB = 1 << 20


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree of control groups, and a process that is in none."""
    monkeypatch.setattr(memory_limits, "_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory_limits, "_OWN", tmp_path / "own")
    return tmp_path


def group(folder: Path, limit: str, own: int, *, version: int = 2) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files = ("memory.max", "anon") if version == 2 else ("memory.limit_in_bytes", "total_rss")
    (folder / files[0]).write_text(f"{limit}\n")
    (folder / "memory.stat").write_text(f"{files[1]} {own}\nfile 777\n")


def test_without_a_limit_it_is_the_machines(groups: Path) -> None:
    assert usable_memory().total == psutil.virtual_memory().total
    group(groups / "cgroup", "max", 5 * MIB)
    group(groups / "cgroup" / "memory", "9223372036854771712", 5 * MIB, version=1)
    memory = usable_memory()
    assert (memory.total, memory.limited) == (psutil.virtual_memory().total, False)


@pytest.mark.parametrize(("version", "folder"), [(2, "cgroup"), (1, "cgroup/memory")])
def test_in_a_container_it_is_the_limit_of_the_root_that_it_sees(groups: Path, version: int, folder: str) -> None:
    (groups / "own").write_text("0::/\n" if version == 2 else "9:memory:/docker/f00\n1:name=systemd:/x\n0::/x\n")
    group(groups / folder, str(256 * MIB), 64 * MIB, version=version)
    assert usable_memory() == (256 * MIB, 192 * MIB, True)


@pytest.mark.parametrize(("version", "folder"), [(2, "cgroup"), (1, "cgroup/memory")])
def test_outside_it_is_the_lowest_of_its_own_group_and_those_around_it(groups: Path, version: int, folder: str) -> None:
    line = "0::/system.slice/a.service" if version == 2 else "4:cpu:/\n7:hugetlb,memory:/system.slice/a.service"
    (groups / "own").write_text(f"{line}\n")
    group(groups / folder / "system.slice", str(300 * MIB), 290 * MIB, version=version)
    group(groups / folder / "system.slice" / "a.service", str(200 * MIB), 10 * MIB, version=version)
    assert usable_memory() == (200 * MIB, 10 * MIB, True)


def test_what_is_taken_beyond_the_limit_leaves_nothing(groups: Path) -> None:
    group(groups / "cgroup", str(100 * MIB), 101 * MIB)
    assert usable_memory() == (100 * MIB, 0, True)
