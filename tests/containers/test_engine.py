"""The engine itself: what is left of it when its parent is killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from tests.checkout import ROOT

PROGRAM = """
import sys, time
from pathlib import Path
from tests.containers import engine

with engine.running(Path(sys.argv[1]), Path(sys.argv[2])) as running:
    print(running.work, flush=True)
    time.sleep(600)
"""


def test_nothing_is_left_of_a_killed_engine(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(folder), str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        work = Path(parent.stdout.readline().strip())
        descendants = psutil.Process(parent.pid).children(recursive=True)
        names = {process.name() for process in descendants}
        parent.kill()
    assert {"unshare", "dockerd", "slirp4netns"} <= names
    _, living = psutil.wait_procs(descendants, timeout=300)
    assert not living
    assert not [*Path("/sys/fs/cgroup").rglob(work.name)]
    assert str(work) not in Path("/proc/mounts").read_text()
    shutil.rmtree(work)
