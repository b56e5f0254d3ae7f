"""What a checkout of the repository makes for itself: the page and the sample pictures, made anew when their sources
change. A wheel holds both, and then nothing is made.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

from boxlens.domain.errors import Unavailable

_LAUNCHER = "boxlens"


def repository() -> Path | None:
    """The root of the checkout this package runs from; None for an installed one."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / _LAUNCHER).is_file() and (root / "search-front" / "package.json").is_file() else None


def make(what: str) -> None:
    """``./boxlens build WHAT``: the launcher does it in the build environment. Raises Unavailable."""
    root = repository()
    if root is None:
        raise Unavailable(
            f"There is no checkout here to make the {what} from.",
            hint="Install a wheel of boxlens: it holds the page and the sample pictures.",
        )
    done = subprocess.run(["bash", str(root / _LAUNCHER), "build", what], stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise Unavailable(
            f"`./boxlens build {what}` failed; what went wrong stands above.",
            hint="Mend that, or check the network, and run the command again.",
        )


def fingerprint(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 in hex over names below ``root`` and contents of files, in any order."""
    digest = hashlib.sha256()
    for path in sorted({path for path in files if path.is_file()}):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_made_from(stamp: Path, mark: str) -> bool:
    """Whether the stamp beside a product names the present sources."""
    return stamp.is_file() and stamp.read_text() == mark
