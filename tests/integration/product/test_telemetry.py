"""No process connects to a foreign host: every connection of every process is looked at while a whole demo runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from boxlens.models.packs.pack import BUNDLED
from boxlens.telemetry import SWITCHES

CALLS = "connect,sendto,sendmsg,sendmmsg"
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')


def outside(command: list[str], trace: Path, environment: dict[str, str]) -> list[str]:
    """Lines of the trace of a command that name an address other than loopback's."""
    strace = shutil.which("strace")
    assert strace, "strace is missing: ./boxlens test installs it"
    traced = [strace, "-f", "-qq", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(trace), *command]
    done = subprocess.run(traced, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = trace.read_text(errors="replace").splitlines()
    assert lines, "strace saw no call at all"
    return [line for line in lines if (address := ADDRESS.search(line)) and not _loopback(address[1] or address[2])]


def _loopback(address: str) -> bool:
    return address.startswith(("127.", "::ffff:127.")) or address in ("::1", "0.0.0.0", "::")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user who has set nothing, with an empty cache but for what installation fetched."""
    return {name: value for name, value in os.environ.items() if name not in SWITCHES} | {"TMPDIR": str(tmp_path)}


def test_a_program_that_does_connect_is_caught(tmp_path: Path, environment: dict[str, str]) -> None:
    code = (
        "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "try:\n    s.connect(('192.0.2.1', 9))\n"  # TEST-NET-1 of RFC 5737; connecting UDP sends nothing
        "except OSError:\n    pass\n"
    )
    assert len(outside([sys.executable, "-c", code], tmp_path / "trace", environment)) == 1


def test_a_whole_demo_reaches_loopback_alone(tmp_path: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "boxlens", "demo", "--once", "--data", str(tmp_path / "demo")]
    assert outside(command, tmp_path / "trace", environment) == []


def test_loading_a_network_queues_no_events(tmp_path: Path, environment: dict[str, str]) -> None:
    network = BUNDLED / "demo" / "vit.onnx"
    code = f"import boxlens, onnxruntime; onnxruntime.InferenceSession({str(network)!r})"
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
    assert [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name] == []
