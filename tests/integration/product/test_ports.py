"""Ports that are taken when a command or minio-proxy starts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from boxlens.domain.errors import Conflict
from boxlens.listening import LOOPBACK, listen
from boxlens.servers import embedded_proxy
from boxlens.settings import Settings


def test_proxies_started_at_once_on_one_first_choice_all_run(tmp_path: Path) -> None:
    """Between looking for a free port and listening on it there is no moment for another start to come in."""
    with listen(LOOPBACK, 0) as probe:
        port = probe.getsockname()[1]
    starting, answers = threading.Barrier(3), []

    def start(number: int) -> None:
        starting.wait()
        with embedded_proxy(Settings(data_dir=tmp_path / str(number)), port) as address:
            answers.append((address, httpx.get(f"{address}/healthz", trust_env=False).status_code))
            starting.wait()

    threads = [threading.Thread(target=start, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [status for _, status in answers] == [200, 200, 200]
    assert len({address for address, _ in answers}) == 3


@pytest.mark.parametrize("command", [["demo"], ["serve"], ["serve", "--workers", "2"]])
def test_a_taken_port_is_said_before_any_work(tmp_path: Path, command: list[str]) -> None:
    with listen(LOOPBACK, 0) as taken:
        port = str(taken.getsockname()[1])
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BOXLENS_")}
        ended = subprocess.run(
            [sys.executable, "-m", "boxlens", *command, "--port", port],
            env=environment | {"BOXLENS_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == Conflict.exit_code
    assert f"{LOOPBACK}:{port} cannot be listened on" in ended.stderr
    assert "Give another --port; 0 takes a free one." in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_starts_beside_a_thousand_open_files(tmp_path: Path) -> None:
    """A service with many connections starts its proxy again, with descriptors that select() does not know."""
    with ExitStack() as opened:
        for _ in range(1100):
            opened.enter_context(Path(os.devnull).open("rb"))
        with embedded_proxy(Settings(data_dir=tmp_path), 0) as address:
            assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
