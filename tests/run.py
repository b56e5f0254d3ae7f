"""``./boxlens test``: prepares, then runs every layer; fails when any of them did.

Without arguments: linters and type checks of both languages, unit tests of the page, then pytest over all layers, in
two processes and with coverage. ``--fast``: the unit and contract layers alone, and nothing of Chromium. With other
arguments: pytest alone, with those.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from boxlens.domain.errors import BoxlensError
from boxlens.web.build import node_command, node_environment
from tests.checkout import ROOT
from tests.prepare import Lacking, minio_server, prepare
from tests.servers import elasticsearch

# Files are shared out whole, so that a file's servers are started once; each process has servers of its own.
# A process that dies ends the run: xdist may give its place to a new one and then wait for ever (its issue 1378).
PARALLEL = ("-n", "2", "--dist", "loadfile", "--max-worker-restart", "0")
# What pytest-timeout cannot interrupt, a wait inside a library, ends its process, which says where all threads were.
HANGING = ("-o", "faulthandler_timeout=1800", "-o", "faulthandler_exit_on_timeout=true")
COVERAGE = ("--cov=boxlens", "--cov=minio_proxy", "--cov-report=term:skip-covered")
# schemathesis is of the API's layer alone, and loading it costs each process half a second. The long files are those of
# the contract layer, so they come first: in xdist's own order, by number of tests, a long file of few tests comes last,
# and one process waits for it.
FAST = ("-q", "-p", "no:schemathesis", "--no-loadscope-reorder", "tests/contract", "tests/unit")
COMPILED = ROOT / ".tools" / "compiled"


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


def failing(checks: Iterable[tuple[str, list[str], str]]) -> list[str]:
    """The titles of those that fail; all are run."""
    failed = []
    for title, command, folder in checks:
        headline(title)
        if subprocess.run(command, cwd=ROOT / folder, env=node_environment()).returncode:
            failed.append(title)
    return failed


def headline(title: str) -> None:
    print(f"\n=== {title} {'=' * max(3, 90 - len(title))}", flush=True)


def say(text: str) -> None:
    print(text, flush=True)


def run_fast(arguments: list[str]) -> int:
    """Both processes share one Elasticsearch, whose start is a good part of the work; it starts while they collect.

    Compiled modules are kept below ``.tools`` also where Python is told to write none: else each process compiles all
    of them again.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(COMPILED)
    with tempfile.TemporaryDirectory(prefix="boxlens-") as folder:
        shared = Path(folder) / "address"
        os.environ[elasticsearch.SHARED] = str(shared)
        with subprocess.Popen(pytest_command(*PARALLEL, *FAST, *arguments), cwd=ROOT) as tests:
            try:
                with elasticsearch.running(Path(folder)) as url:
                    elasticsearch.share(url, shared)
                    return tests.wait()
            except BoxlensError:
                tests.send_signal(signal.SIGINT)  # ends in order what it has started
                raise


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
    failed = [] if arguments else failing(checks())
    headline("pytest")
    if failed:
        print(f"Failed before pytest: {', '.join(failed)}", flush=True)
    command = pytest_command(*(arguments or (*PARALLEL, *HANGING, *COVERAGE)))
    status = subprocess.run(command, cwd=ROOT).returncode
    return status or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
