"""Where there is no room to write, one clear error says so. A limit on the size of files stands for the full disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LIMITED = """
import resource, sys
from pathlib import Path
from boxlens.cli.ingest import Failures
from boxlens.domain.errors import BoxlensError
from boxlens.domain.references import ImageRef
from boxlens.domain.reports import Failure
from boxlens.ingest.journal import IngestJournal
from boxlens.models.packs.pack import BUNDLED, add_pack
from boxlens.servers import check_data_folder

folder = Path(sys.argv[2])

def failures():
    with Failures(folder / "failures.jsonl") as failed:
        for n in range(100):
            failed.add(ImageRef(f"{n}.jpg"), Failure(f"{n}.jpg", "fetch", "bad_source", "why"))

def journal():
    IngestJournal(folder / "ingest.sqlite", "c").add([(ImageRef(f"http://x/{n}"), "") for n in range(1000)])

def pack():
    add_pack(BUNDLED / "demo", folder / "packs")

resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
work = {"failures": failures, "journal": journal, "data": lambda: check_data_folder(folder / "data")}
work["pack"] = pack
try:
    work[sys.argv[1]]()
except BoxlensError as error:
    print(error.code, error.exit_code, error.hint)
"""


@pytest.mark.parametrize("what", ["failures", "journal", "data", "pack"])
def test_no_room_is_said(tmp_path: Path, what: str) -> None:
    command = [sys.executable, "-c", LIMITED, what, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "disk_full 4 Free some disk space.\n", done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is a device of Linux")
def test_a_command_that_cannot_write_says_so_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "keys.part").symlink_to("/dev/full")
    command = [sys.executable, "-m", "boxlens", "keys", "make", "reader", "--role", "read"]
    environment = os.environ | {"BOXLENS_DATA_DIR": str(tmp_path), "COLUMNS": "300"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 4
    assert done.stderr.split("\n") == [
        "boxlens: There is no room for what is to be written: the disk.", "  Free some disk space.", ""
    ]  # fmt: skip
    assert not (tmp_path / "keys.json").exists()


def test_a_failure_that_is_shown_cannot_act(tmp_path: Path) -> None:
    code = r"from boxlens.cli import output; output.line('\x1b[31m[bold]a\nb\u202e[/bold] \udce9')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "\\x1b[31m[bold]a\\nb\\u202e[/bold] \\xe9\n", done.stderr
