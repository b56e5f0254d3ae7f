"""The launcher in a checkout of its own, with a stand-in for uv that records what it was asked to do."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.checkout import ROOT

FAKE_UV = """#!/usr/bin/env bash
echo "$*" >>"$UV_CALLS"
case "$1 $2" in
  "--version ") echo "uv 1.0" ;;
  "venv "*)
    made="${@: -1}/bin"
    mkdir -p "$made"
    printf '#!/usr/bin/env bash\\necho "ran: $*"\\necho "to stderr" >&2\\nexit "${FAKE_RC:-0}"\\n' >"$made/boxlens"
    cp "$made/boxlens" "$made/python"
    chmod +x "$made/"* ;;
  "pip sync") exit "${UV_SYNC_RC:-0}" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a space in its name that holds what the launcher reads."""
    folder = tmp_path / "my checkout"
    for member in ("embedding-pipeline", "minio-proxy"):
        (folder / member).mkdir(parents=True)
        shutil.copy(ROOT / member / "pyproject.toml", folder / member)
    package = folder / "embedding-pipeline/src/boxlens"
    package.mkdir(parents=True)
    shutil.copy(ROOT / package.relative_to(folder) / "__init__.py", package)
    locks = ("requirements.lock", "requirements-build.lock", "requirements-test.lock", "requirements-torch.lock")
    for name in ("boxlens", *locks):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the system's commands, this Python and the stand-in for uv."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").write_text(FAKE_UV)
    (folder / "uv").chmod(0o755)
    (folder / "python3").symlink_to(sys.executable)
    return folder


def start(
    launcher: Path, tools: Path, *arguments: str, path: str = "/usr/bin:/bin", cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{tools}:{path}", "UV_CALLS": str(tools / "calls"), "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        ["/bin/bash", str(launcher), *arguments],
        env=environment | more,
        cwd=cwd or tools,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def calls(tools: Path) -> list[str]:
    record = tools / "calls"
    return [c for c in record.read_text().splitlines() if c != "--version"] if record.exists() else []


def test_the_first_start_installs_from_the_lock_and_the_second_installs_nothing(checkout: Path, tools: Path) -> None:
    first = start(checkout / "boxlens", tools, "search", "a dog")
    assert (first.returncode, first.stdout) == (0, "ran: search a dog\n")
    made = calls(tools)
    assert [call.split()[:2] for call in made] == [["venv", "-q"], ["pip", "sync"], ["pip", "install"]]
    assert "--require-hashes" in made[1]
    assert made[1].endswith(str(checkout / "requirements.lock"))
    second = start(checkout / "boxlens", tools, "doctor")
    assert second.stdout == "ran: doctor\n"
    assert calls(tools) == made


def test_a_changed_lock_installs_again(checkout: Path, tools: Path) -> None:
    start(checkout / "boxlens", tools)
    before = len(calls(tools))
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    start(checkout / "boxlens", tools)
    assert len(calls(tools)) > before


def test_output_errors_and_exit_code_are_the_command_s_own(checkout: Path, tools: Path) -> None:
    start(checkout / "boxlens", tools)
    ended = start(checkout / "boxlens", tools, "x", FAKE_RC="3")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "ran: x\n", "to stderr\n")


def test_it_is_found_through_links_from_anywhere(checkout: Path, tools: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(checkout / "boxlens")
    (tmp_path / "link-to-link").symlink_to("link")
    assert start(tmp_path / "link-to-link", tools, "here", cwd=Path("/")).stdout == "ran: here\n"


def test_tests_have_an_environment_of_their_own(checkout: Path, tools: Path) -> None:
    ended = start(checkout / "boxlens", tools, "test", "-k", "one")
    assert ended.stdout == "ran: -m tests.run -k one\n"
    assert (checkout / ".venv-test").is_dir()
    assert not (checkout / ".venv").exists()


def test_what_builds_has_an_environment_of_its_own_without_the_members(checkout: Path, tools: Path) -> None:
    ended = start(checkout / "boxlens", tools, "build", "page")
    assert ended.stdout == f"ran: {checkout / 'scripts/build.py'} page\n"
    assert [call.split()[:2] for call in calls(tools)] == [["venv", "-q"], ["pip", "sync"]]
    assert calls(tools)[1].endswith(str(checkout / "requirements-build.lock"))
    assert not (checkout / ".venv").exists()


def test_a_start_waits_for_another_that_sets_up_and_says_so(checkout: Path, tools: Path) -> None:
    (checkout / ".tools").mkdir()
    with (checkout / ".tools/prepare.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(1.0, lambda: fcntl.flock(held, fcntl.LOCK_UN)).start()
        ended = start(checkout / "boxlens", tools, "doctor")
    assert ended.stdout == "ran: doctor\n"
    assert "waiting for it" in ended.stderr


def test_torch_comes_with_the_tests_unless_it_is_left_out(checkout: Path, tools: Path) -> None:
    start(checkout / "boxlens", tools, "test")
    assert calls(tools)[1].endswith(f"{checkout / 'requirements-test.lock'} {checkout / 'requirements-torch.lock'}")
    start(checkout / "boxlens", tools, "test", BOXLENS_TORCH="no")
    assert calls(tools)[4].endswith(str(checkout / "requirements-test.lock"))


def test_torch_is_installed_on_demand_and_apart(checkout: Path, tools: Path) -> None:
    assert start(checkout / "boxlens", tools, "models", BOXLENS_TORCH="yes").stdout == "ran: models\n"
    assert calls(tools)[1].endswith(str(checkout / "requirements-torch.lock"))
    assert (checkout / ".venv-torch").is_dir()
    assert not (checkout / ".venv").exists()


def test_a_failed_install_says_what_to_do_and_is_tried_again(checkout: Path, tools: Path) -> None:
    ended = start(checkout / "boxlens", tools, UV_SYNC_RC="2")
    assert ended.returncode == 4
    assert "could not be set up" in ended.stderr
    assert "network" in ended.stderr
    assert start(checkout / "boxlens", tools, "now").stdout == "ran: now\n"


def test_no_python_is_said_in_clear_words(checkout: Path, tools: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in (
        "bash",
        "cat",
        "cksum",
        "mkdir",
        "flock",
        "df",
        "awk",
        "readlink",
        "dirname",
        "basename",
        "tail",
        "rm",
    ):
        program = shutil.which(name, path="/usr/bin:/bin")
        if program:
            (bare / name).symlink_to(program)
    (tools / "python3").unlink()
    ended = start(checkout / "boxlens", tools, path=str(bare))
    assert ended.returncode == 4
    assert "Python 3.11 or newer is needed" in ended.stderr
    assert "apt install python3" in ended.stderr


def test_too_old_a_python_counts_as_none(checkout: Path, tools: Path) -> None:
    for name in ("python3.11", "python3.12", "python3.13", "python3", "python"):
        (tools / name).unlink(missing_ok=True)
        (tools / name).write_text("#!/bin/sh\nexit 1\n")
        (tools / name).chmod(0o755)
    ended = start(checkout / "boxlens", tools)
    assert (ended.returncode, "Python 3.11 or newer" in ended.stderr) == (4, True)


def test_a_full_disk_is_said_in_clear_words(checkout: Path, tools: Path) -> None:
    (tools / "df").write_text("#!/bin/sh\nprintf 'Filesystem 1024-blocks Used Available\\n/dev/x 9 8 2048 1%% /\\n'\n")
    (tools / "df").chmod(0o755)
    ended = start(checkout / "boxlens", tools)
    assert ended.returncode == 4
    assert "2 MiB are free" in ended.stderr
