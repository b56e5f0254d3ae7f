"""``./boxlens build``: the page, the sample pictures, and both distributions into ``dist/``; or only what is named.

Run by the launcher in the build environment, which holds what serving needs not: Node, the drawing of artwork, and the
build backend.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from boxlens.domain.errors import BoxlensError
from boxlens.samples.bundled import sample_pictures
from boxlens.web.build import built_page

ROOT = Path(__file__).resolve().parents[1]
MEMBERS = ("minio-proxy", "embedding-pipeline")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def page() -> None:
    say(f"The page: {built_page(ROOT / 'search-front', say)}")


def samples() -> None:
    say(f"The sample pictures: {sample_pictures(say)}")


def distributions() -> None:
    """The sdist and the wheel of each member; the wheel is made from the sdist. Raises CalledProcessError."""
    page()
    samples()
    for member in MEMBERS:
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(ROOT / "dist"), str(ROOT / member)]
        subprocess.run(command, check=True, stdout=sys.stderr)


WHAT: dict[str, Callable[[], None]] = {"page": page, "samples": samples, "distributions": distributions}


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in WHAT]:
        say(f"boxlens build: {', '.join(unknown)} cannot be built; choose from {', '.join(WHAT)}.")
        return 2
    try:
        for name in names or ["distributions"]:
            WHAT[name]()
    except BoxlensError as error:
        say(f"boxlens build: {error.detail}\n  {error.hint}")
        return error.exit_code
    except subprocess.CalledProcessError:
        say("boxlens build: a distribution could not be built; what went wrong stands above.")
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
