"""``./boxlens test``: prepares, then runs every layer; fails when any of them did.

Without arguments: linters and type checks of both languages, unit tests of the page, then pytest over all layers.
With arguments: pytest alone, with those.
"""

from __future__ import annotations

import subprocess
import sys
import time

from embedding_pipeline.errors import BoxlensError
from embedding_pipeline.page_build import front_folder, node_command
from tests.prepare import ROOT, Lacking, prepare

PYTEST = [sys.executable, "-m", "pytest"]


def checks() -> list[tuple[str, list[str], str]]:
    """Title, command, folder."""
    tool = f"{sys.prefix}/bin/"
    found = [
        ("ruff", [f"{tool}ruff", "check", "."], "."),
        ("ruff format", [f"{tool}ruff", "format", "--check", "."], "."),
        ("mypy", [f"{tool}mypy"], "."),
        ("import-linter", [f"{tool}lint-imports"], "."),
    ]
    for script in ("lint", "typecheck", "test"):
        found.append((f"page: {script}", node_command("run", script), str(front_folder())))
    return found


def headline(title: str) -> None:
    print(f"\n=== {title} {'=' * max(3, 90 - len(title))}", flush=True)


def main(arguments: list[str]) -> int:
    started = time.monotonic()
    headline("prepare")
    try:
        prepare(lambda text: print(text, flush=True))
    except (Lacking, BoxlensError) as lack:
        print(f"boxlens test: {lack}", file=sys.stderr)
        print(getattr(lack, "hint", ""), file=sys.stderr)
        return 4
    print(f"prepared in {time.monotonic() - started:.0f} s", flush=True)
    failed = []
    for title, command, folder in [] if arguments else checks():
        headline(title)
        if subprocess.run(command, cwd=ROOT / folder).returncode:
            failed.append(title)
    headline("pytest")
    if failed:
        print(f"Failed before pytest: {', '.join(failed)}", flush=True)
    status = subprocess.run([*PYTEST, *arguments], cwd=ROOT).returncode
    return status or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
