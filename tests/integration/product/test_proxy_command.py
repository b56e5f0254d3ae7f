"""minio-proxy as a program of its own: where it listens, when it ends, and settings that do not fit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest


def test_the_command_says_where_it_listens_and_ends_with_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOXLENS_PROXY__ROOT", str(tmp_path / "root"))
    command = [sys.executable, "-m", "minio_proxy.main", "--port", "0", "--exit-with-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert httpx.get(f"{ready['url']}/healthz", timeout=20).json()["status"] == "ok"
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_settings_that_do_not_fit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOXLENS_PROXY__BACKEND", "s3")
    command = [sys.executable, "-m", "minio_proxy.main", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "s3_endpoint" in done.stderr
    assert "Traceback" not in done.stderr
