"""``python -m tests.containers``: an engine in .tools/containers, and the tests of this folder on it.

Arguments go to pytest. Ends with 0 and one line where no engine can run, but with 4 in CI or under BOXLENS_TEST_STRICT.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.checkout import ROOT
from tests.containers import engine
from tests.servers.minio import strict

FOLDER = ROOT / ".tools/containers"


def say(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str]) -> int:
    if why := engine.lacking():
        say(f"Containers are not tested here: {why}.")
        return 4 if strict() else 0
    try:
        engine.prepare(FOLDER, say)
    except engine.NoEngine as error:
        say(f"Containers are not tested here: {error}")
        return 4
    environment = os.environ | {"BOXLENS_TEST_CONTAINERS": str(FOLDER)}
    command = [sys.executable, "-m", "pytest", "-s", "--timeout=3600", "tests/containers", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
