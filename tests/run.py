"""``./boxlens test``: prepares, then runs every layer; fails when any of them did.

Without arguments: linters and type checks of both languages, unit tests of the page, then pytest over all layers, in
two processes and with coverage. Up to three tests that fail there are run again by themselves. ``--fast``: the unit and
contract layers alone, and nothing of Chromium. With other arguments: pytest alone, with those.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from boxlens.domain.errors import BoxlensError
from boxlens.web.build import node_command
from tests.checkout import ROOT
from tests.prepare import Lacking, minio_server, prepare
from tests.servers import elasticsearch

# Files are shared out whole, so that a file's servers are started once; each process has servers of its own.
PARALLEL = ("-n", "2", "--dist", "loadfile")
COVERAGE = ("--cov=boxlens", "--cov=minio_proxy", "--cov-report=term:skip-covered")
FAST = ("-q", "tests/unit", "tests/contract")
LAST_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
FEW = 3  # tests that may have met another test or a busy machine; more of them are a fault of the code
TIMES_ALONE = 3


def pytest_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


def checks() -> list[tuple[str, list[str], str]]:
    """Title, command, folder."""
    tool = f"{sys.prefix}/bin/"
    results = [
        ("ruff", [f"{tool}ruff", "check", "."], "."),
        ("ruff format", [f"{tool}ruff", "format", "--check", "."], "."),
        ("mypy", [f"{tool}mypy"], "."),
        ("import-linter", [f"{tool}lint-imports"], "."),
    ]
    for script in ("lint", "typecheck", "test"):
        results.append((f"page: {script}", node_command("run", script), "search-front"))
    return results


def headline(title: str) -> None:
    print(f"\n=== {title} {'=' * max(3, 90 - len(title))}", flush=True)


def say(text: str) -> None:
    print(text, flush=True)


def run_fast(arguments: list[str]) -> int:
    """Both processes share one Elasticsearch, whose start is a good part of the work."""
    with tempfile.TemporaryDirectory(prefix="boxlens-") as folder, elasticsearch.running(Path(folder)) as url:
        environment = os.environ | {elasticsearch.SHARED: url}
        return subprocess.run(pytest_command(*PARALLEL, *FAST, *arguments), cwd=ROOT, env=environment).returncode


def passes_alone(failed: Sequence[str], run: Callable[[Sequence[str]], int]) -> bool:
    """Whether few tests failed, and ``run``, which gives pytest's exit status, passes all of them three times."""
    if not 0 < len(failed) <= FEW:
        return False
    headline("failed beside others, run alone")
    return all(run(failed) == 0 for _ in range(TIMES_ALONE))


def run_all() -> int:
    """Every layer in two processes. A test that fails there and passes alone is told, as a fault of the test."""
    status = subprocess.run(pytest_command("--cache-clear", *PARALLEL, *COVERAGE), cwd=ROOT).returncode
    if status != 1:
        return status
    failed = sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.is_file() else []
    if not passes_alone(failed, lambda tests: subprocess.run(pytest_command("-q", *tests), cwd=ROOT).returncode):
        return status
    print(f"Failed beside other tests, passed {TIMES_ALONE} times alone. To be mended: {', '.join(failed)}", flush=True)
    return 0


def main(arguments: list[str]) -> int:
    started = time.monotonic()
    fast = arguments[:1] == ["--fast"]
    headline("prepare")
    try:
        if fast:
            minio_server(say)
        else:
            prepare(say)
    except (Lacking, BoxlensError) as lack:
        print(f"boxlens test: {lack}", file=sys.stderr)
        print(getattr(lack, "hint", ""), file=sys.stderr)
        return 4
    print(f"prepared in {time.monotonic() - started:.0f} s", flush=True)
    if fast:
        return run_fast(arguments[1:])
    failed = []
    for title, command, folder in [] if arguments else checks():
        headline(title)
        if subprocess.run(command, cwd=ROOT / folder).returncode:
            failed.append(title)
    headline("pytest")
    if failed:
        print(f"Failed before pytest: {', '.join(failed)}", flush=True)
    status = subprocess.run(pytest_command(*arguments), cwd=ROOT).returncode if arguments else run_all()
    return status or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
