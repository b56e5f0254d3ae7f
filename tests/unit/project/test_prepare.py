"""What tests bring in waits for a package manager that another program holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import prepare

BUSY = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (apt-get)"
APT = """#!/bin/sh
echo once >>"$0.calls"
if [ "$(wc -l <"$0.calls")" -le {busy} ]; then echo "{words}" >&2; exit 100; fi
echo installed
"""


def program(folder: Path, busy: int, words: str = BUSY) -> Path:
    """A package manager that fails so many times, with these words."""
    file = folder / "apt-get"
    file.write_text(APT.format(busy=busy, words=words))
    file.chmod(0o755)
    return file


def calls(file: Path) -> int:
    return len(file.with_name("apt-get.calls").read_text().splitlines())


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "LOCK_PAUSE_S", 0.0)


def test_it_waits_for_the_lock_and_says_so_once(tmp_path: Path) -> None:
    file = program(tmp_path, busy=2)
    messages: list[str] = []
    done = prepare.apt([str(file), "install"], messages.append)
    assert (done.returncode, done.stdout) == (0, "installed\n")
    assert calls(file) == 3
    assert len(messages) == 1
    assert "lock" in messages[0]


def test_it_gives_up_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "LOCK_WAIT_S", -1.0)
    file = program(tmp_path, busy=9)
    assert prepare.apt([str(file)], lambda text: None).returncode == 100
    assert calls(file) == 1


def test_another_failure_is_not_waited_for(tmp_path: Path) -> None:
    file = program(tmp_path, busy=1, words="E: Unable to locate package chromium")
    messages: list[str] = []
    assert prepare.apt([str(file)], messages.append).returncode == 100
    assert (calls(file), messages) == (1, [])
