"""What tests need beyond Python: Debian's Chromium and fonts, a MinIO server, the page's packages. Fails where one
cannot be had and says what to install; nothing is skipped in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from embedding_pipeline.page_build import built_page, front_folder
from embedding_pipeline.stores.node_jars import ensure_jars
from tests.servers import minio

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CJK_FONTS = "fonts-wqy-zenhei"  # rendered Chinese text for OCR, and readable screenshots


class Lacking(Exception):
    """Something that cannot be had here; the message says what to do."""


def prepare(say: Callable[[str], None]) -> None:
    """Bring everything. Raises Lacking, or Unavailable from the parts of the product it uses."""
    system_packages(say)
    say("MinIO server (built once, 2 to 5 minutes) ...")
    try:
        minio.binary()
    except minio.NoMinio as error:
        raise Lacking(f"no MinIO server: {error}") from error
    ensure_jars(None)
    built_page(front_folder(), say)


def chromium() -> str | None:
    """The browser on the PATH, if any."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


def system_packages(say: Callable[[str], None]) -> None:
    """Chromium and a Chinese font from Debian's packages."""
    wanted = [] if chromium() else ["chromium"]
    if not _has_cjk_font():
        wanted.append(CJK_FONTS)
    if not wanted:
        return
    command = f"apt-get install -y {' '.join(wanted)}"
    sudo = _sudo()
    if sudo is None:
        raise Lacking(f"The tests need {' and '.join(wanted)}. Install with: sudo {command}")
    say(f"Installing {' and '.join(wanted)} ...")
    for step in ("apt-get update -q", command):
        done = subprocess.run(
            [*sudo, *step.split()],
            capture_output=True,
            text=True,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode and step == command:
            raise Lacking(f"`{step}` failed:\n{done.stderr[-1500:]}")


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
