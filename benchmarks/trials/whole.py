"""A whole Boxlens on a folder of its own, started as people start it, and drawn pictures to send to it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
from PIL import Image

from benchmarks.trials.children import attached

START_S = 1200.0


@dataclass(frozen=True)
class Whole:
    """Where it answers, its data folder, its process, and the variables by which other commands work on the same."""

    url: str
    data_dir: Path
    process: psutil.Process
    variables: Mapping[str, str]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=120, trust_env=False)

    def children(self, word: str) -> list[psutil.Process]:
        """Its child processes with a word in their command line."""
        chosen = []
        for child in self.process.children(recursive=True):
            with suppress(psutil.Error):  # it ended meanwhile
                if any(word in part for part in child.cmdline()):
                    chosen.append(child)
        return chosen

    def others(self, word: str) -> list[psutil.Process]:
        """Processes of anyone with a word and the data folder in their command line."""
        chosen = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                command = process.cmdline()
                if word in command and any(str(self.data_dir) in part for part in command):
                    chosen.append(process)
        return chosen


@contextmanager
def serving(data_dir: Path, *, workers: int = 1, **variables: str) -> Iterator[Whole]:
    """``boxlens serve`` with the small bundled pack and no page, until the end of the block."""
    page = data_dir / "page"
    page.mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>A trial</title>")
    own = {
        "BOXLENS_DATA_DIR": str(data_dir),
        "BOXLENS_PACK": "demo",
        "BOXLENS_PIPELINE__OCR": "false",
        "BOXLENS_ELASTICSEARCH__HEAP": "512m",
        "BOXLENS_PROXY__PORT": "0",
        "BOXLENS_PAGE": str(page),
        **variables,
    }
    log = data_dir / "serve.log"
    command = [sys.executable, "-m", "boxlens", "serve", "--port", "0", "--workers", str(workers)]
    with attached(command, own, log) as process:
        yield Whole(_address(process, log), data_dir, psutil.Process(process.pid), own)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        match = re.search(r"Boxlens is at (\S+)", log.read_text(errors="replace"))
        if match and _ready(match[1]):  # the networks are loaded by then
            return match[1]
        time.sleep(0.2)
    raise SystemExit(f"boxlens serve did not start: {log.read_text(errors='replace')[-2000:]}")


def _ready(address: str) -> bool:
    with suppress(httpx.TransportError), httpx.Client(trust_env=False, timeout=START_S) as client:
        return client.get(f"{address}/readyz").status_code == 200
    return False


def picture(seed: int) -> bytes:
    """A drawn picture of 160 x 120 pixels; each seed is another one."""
    rng = np.random.default_rng(seed)
    pixels = np.repeat(np.repeat(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), 20, axis=0), 20, axis=1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
