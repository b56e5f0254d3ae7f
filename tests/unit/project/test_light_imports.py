"""The command line and the client import no numpy, no model library and no server."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

COMPUTING_AND_SERVING = set("numpy cv2 PIL onnxruntime tokenizers rapidocr towhee elasticsearch fastapi".split())


def loaded(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after a statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("statement", "kept_out"),
    [
        ("import boxlens.client", COMPUTING_AND_SERVING),
        ("import boxlens.cli", COMPUTING_AND_SERVING | {"httpx", "pydantic", "asyncio"}),
    ],
    ids=["client", "command line"],
)
def test_little_is_loaded(statement: str, kept_out: set[str]) -> None:
    assert not kept_out & loaded(statement)
