"""What tests need beyond Python: Debian's Chromium, fonts and strace, a MinIO server, the page's packages. Fails where
one cannot be had and says what to install; nothing is skipped in silence."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from boxlens.embedded.jars import ensure_jars
from boxlens.samples.bundled import sample_pictures
from boxlens.web.build import built_page
from tests.checkout import ROOT
from tests.servers import minio

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
LOCK_WAIT_S, LOCK_PAUSE_S = 1200.0, 5.0
LOCKED = re.compile(r"Could not get lock|Unable to (acquire|lock)|is another process using it")
CJK_FONTS = "fonts-wqy-zenhei"  # rendered Chinese text for OCR, and readable screenshots


class Lacking(Exception):
    """Something that cannot be had here; the message says what to do."""


def prepare(say: Callable[[str], None]) -> None:
    """Bring everything. Raises Lacking, or Unavailable from the parts of the product it uses."""
    system_packages(say)
    minio_server(say)
    ensure_jars(None)
    built_page(ROOT / "search-front", say)
    sample_pictures(say)


def minio_server(say: Callable[[str], None]) -> None:
    """The MinIO server, built when it is not there. Raises Lacking."""
    say("MinIO server (built once, 2 to 5 minutes) ...")
    try:
        minio.binary()
    except minio.NoMinio as error:
        raise Lacking(f"no MinIO server: {error}") from error


def chromium() -> str | None:
    """The browser on the PATH, if any."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


def system_packages(say: Callable[[str], None]) -> None:
    """Chromium, a Chinese font, and strace, which sees every connection, from Debian's packages."""
    packages = [] if chromium() else ["chromium"]
    if shutil.which("strace") is None:
        packages.append("strace")
    if not _has_cjk_font():
        packages.append(CJK_FONTS)
    if not packages:
        return
    command = f"apt-get install -y {' '.join(packages)}"
    sudo = _sudo()
    if sudo is None:
        raise Lacking(f"The tests need {' and '.join(packages)}. Install with: sudo {command}")
    say(f"Installing {' and '.join(packages)} ...")
    for step in ("apt-get update -q", command):
        done = apt([*sudo, *step.split()], say)
        if done.returncode and step == command:
            raise Lacking(f"`{step}` failed:\n{done.stderr[-1500:]}")


def apt(command: list[str], say: Callable[[str], None]) -> subprocess.CompletedProcess[str]:
    """Run a package manager's command; while another program holds its lock, wait and say so, up to ``LOCK_WAIT_S``."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    end = time.monotonic() + LOCK_WAIT_S
    waiting_reported = False
    while True:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if not (done.returncode and LOCKED.search(done.stderr)) or time.monotonic() > end:
            return done
        if not waiting_reported:
            say("Another program holds the package manager's lock; waiting for it ...")
            waiting_reported = True
        time.sleep(LOCK_PAUSE_S)


def _has_cjk_font() -> bool:
    return any(Path("/usr/share/fonts").rglob("wqy-zenhei*"))  # the very font the tests of OCR draw with


def _sudo() -> list[str] | None:
    """How to become root without a question; None when that is not possible or there is no apt."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


if __name__ == "__main__":
    try:
        prepare(lambda text: print(text, flush=True))
    except Lacking as lack:
        sys.exit(f"boxlens test: {lack}")
