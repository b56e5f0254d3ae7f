"""A folder in which one file in ten is hostile: all else is stored, each hostile one named, memory stays bounded.

``python -m benchmarks.trials.hostile_folder [FILES [HOSTILE [FEWER]]]`` from the root of the repository, 2000, 200 and
400 by default: a folder of FEWER files, a tenth of them hostile too, then one of FILES files, each taken in by
``boxlens ingest`` in a process of its own, the second one twice. Prints the table of docs/operations.md.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.guides.tables import head, table
from benchmarks.trials.input_kinds import BAD, GOOD, JPEG
from boxlens.servers import servers
from boxlens.settings import ElasticsearchSettings, Settings

_LINKS = {
    "self.jpg": "self.jpg",
    "nowhere.jpg": "missing/picture.jpg",
    "zeros.jpg": "/dev/zero",
    "told.jpg": "/proc/self/environ",
}
_SIDECARS = (b"null", b'{"description": 5}', b'{"taken_at": "soon"}', b"{", b"\xff\xfe\x00")
_ODD_NAMES = (b"Caf\xe9-%d.jpg", b"new\nline-%d.jpg", b"\x1b[31mred-%d.jpg", b"[bold]-%d.jpg", b"x" * 240 + b"-%d.jpg")


@dataclass
class HostileFolder:
    """What lies in it: how many pictures must be stored, and the names, as told, that must be named as failed."""

    path: Path
    good: int = 0
    hostile: set[str] = field(default_factory=set)


def make_folder(path: Path, files: int, hostile: int) -> HostileFolder:
    """``files`` entries in folders of a hundred, ``hostile`` of them not to be taken in."""
    folder = HostileFolder(path)
    ways = [*(_content(kind.name, kind.make) for kind in BAD), *(_link(name, to) for name, to in _LINKS.items())]
    ways += [_pipe, *(_sidecar(words) for words in _SIDECARS)]
    for number in range(files):
        inner = path / f"{number // 100:03}"
        inner.mkdir(parents=True, exist_ok=True)
        if number % (files // hostile) == 0 and len(folder.hostile) < hostile:
            ways[len(folder.hostile) % len(ways)](folder, inner, number)
        elif number % 50 == 7:
            name = _ODD_NAMES[number // 50 % len(_ODD_NAMES)] % number
            with io.FileIO(os.path.join(os.fsencode(inner), name), "w") as file:  # noqa: PTH118 - a name of bytes
                file.write(JPEG(number))
            folder.good += 1
        else:
            kind = GOOD[number % len(GOOD)]
            (inner / f"{number}-{kind.name}").write_bytes(kind.make(number))
            folder.good += 1
    return folder


Way = Callable[[HostileFolder, Path, int], None]


def _content(name: str, make: Callable[[int], bytes]) -> Way:
    def put(folder: HostileFolder, inner: Path, number: int) -> None:
        (inner / f"{number}-{name}").write_bytes(make(number))
        folder.hostile.add(f"{number}-{name}")

    return put


def _link(name: str, to: str) -> Way:
    def put(folder: HostileFolder, inner: Path, number: int) -> None:
        (inner / f"{number}-{name}").symlink_to(f"{number}-{to}" if to == name else to)
        folder.hostile.add(f"{number}-{name}")

    return put


def _pipe(folder: HostileFolder, inner: Path, number: int) -> None:
    os.mkfifo(inner / f"{number}-pipe.jpg")
    folder.hostile.add(f"{number}-pipe.jpg")


def _sidecar(words: bytes) -> Way:
    """A sidecar that is of no use, beside a picture that is good."""

    def put(folder: HostileFolder, inner: Path, number: int) -> None:
        (inner / f"{number}-told.jpg").write_bytes(JPEG(number))
        (inner / f"{number}-told.jpg.json").write_bytes(words)
        folder.hostile.add(f"{number}-told.jpg.json")
        folder.good += 1

    return put


@dataclass(frozen=True)
class Run:
    """One ingest: its report, the names it failed, and the most memory its process held, in MiB."""

    report: Mapping[str, Any]
    failed: frozenset[str]
    peak_mib: float


def ingest(folder: Path, collection: str, variables: Mapping[str, str]) -> Run:
    """``boxlens ingest`` in a process of its own, with these settings."""
    with tempfile.TemporaryDirectory() as working:
        command = [sys.executable, "-m", "boxlens", "ingest", str(folder), "-c", collection, "--json"]
        output = Path(working) / "report.json"
        with output.open("wb") as file:
            child = subprocess.Popen(command, cwd=working, env=os.environ | dict(variables), stdout=file)
        peak = 0.0
        while child.poll() is None:
            peak = max(peak, high_water_mib(child.pid))
            time.sleep(0.2)
        if child.returncode:
            raise SystemExit(f"the ingest ended with {child.returncode}")
        failures = Path(working) / "failures.jsonl"
        lines = failures.read_bytes().splitlines() if failures.exists() else []
        names = frozenset(json.loads(line)["failure"]["name"].rsplit("/", 1)[-1] for line in lines)
        return Run(json.loads(output.read_bytes()), names, peak)


def high_water_mib(process: int) -> float:
    """The most memory that a process has held so far, by Linux; 0 where it is not told."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def check(folder: HostileFolder, first: Run, second: Run) -> None:
    """Raises AssertionError where a file was lost, not named, or touched by the second run."""
    assert first.report["stored"] == folder.good, (first.report, folder.good)
    assert first.failed == second.failed == folder.hostile, first.failed ^ folder.hostile
    assert first.report["failed"] == len(folder.hostile)
    changed = {name: second.report[name] for name in ("stored", "updated", "objects")}
    assert changed == {"stored": 0, "updated": 0, "objects": 0}, changed
    assert second.report["unchanged"] == folder.good


def main(files: int = 2000, hostile: int = 200, fewer: int = 400) -> None:
    with tempfile.TemporaryDirectory() as root:
        few = make_folder(Path(root) / "few", fewer, max(1, fewer * hostile // files))
        many = make_folder(Path(root) / "many", files, hostile)
        settings = Settings(data_dir=Path(root) / "data", elasticsearch=ElasticsearchSettings(port=0))
        with servers(settings, lambda text: None) as addresses:
            variables = {
                "BOXLENS_ELASTICSEARCH__URL": addresses.elasticsearch,
                "BOXLENS_PROXY__URL": addresses.proxy,
                "BOXLENS_DATA_DIR": str(settings.data_dir),
                "BOXLENS_RUNTIME": "onnx",
                "BOXLENS_PIPELINE__OCR": "false",
            }
            of_few = ingest(few.path, "few", variables)
            first, second = (ingest(many.path, "many", variables) for _ in range(2))
    check(many, first, second)
    runs = ((f"{fewer:,} files", of_few), (f"{files:,} files", first), (f"{files:,} files again", second))
    what = f"a folder of small files, {hostile} of {files} hostile"
    print(head("python -m benchmarks.trials.hostile_folder", what), "\n")
    print(table(("", "stored", "unchanged", "named as failed", "peak MiB"), [_row(name, run) for name, run in runs]))
    print(f"\n{100 * (first.peak_mib / of_few.peak_mib - 1):+.1f} % memory of {files:,} files over {fewer:,}")


def _row(name: str, run: Run) -> tuple[str, ...]:
    report = run.report
    return (name, *(f"{report[key]:,}" for key in ("stored", "unchanged", "failed")), f"{run.peak_mib:.0f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
