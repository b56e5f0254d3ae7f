"""A trial that is ended ends what it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.checkout import ROOT

TRIAL = """
import subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from benchmarks.trials.children import attached

command = [sys.executable, "-c", "import time; time.sleep(600)"]
with attached(command, {}, Path(sys.argv[1])) as server, ThreadPoolExecutor(2) as threads:
    threads.submit(server.wait)
    threads.submit(subprocess.run, command)
    while True:
        print("started", flush=True)
        time.sleep(0.05)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_child_outlives_a_trial_that_a_signal_ends(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", TRIAL, str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as trial:
        assert trial.stdout is not None
        children: list[psutil.Process] = []
        while len(children) < 2:
            assert trial.stdout.readline() == b"started\n"
            children = psutil.Process(trial.pid).children()
        os.kill(trial.pid, number)
        trial.stdout.read()
        assert trial.wait() == 128 + number
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
