"""Which libraries stay out of a process that does not need them."""

from __future__ import annotations

import subprocess
import sys

LISTED = "import sys\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))"


def loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after this code."""
    answer = subprocess.run([sys.executable, "-c", f"{code}\n{LISTED}"], capture_output=True, text=True, check=True)
    return set(answer.stdout.splitlines()[-1].split())


def test_searching_and_serving_do_not_load_towhee() -> None:
    modules = (
        "boxlens.search.searcher",
        "boxlens.pipeline.query_pictures",
        "boxlens.wiring",
        "boxlens.api.app",
        "boxlens.ingest.indexer",
        "boxlens.pipeline.engines.sequential",
    )
    assert "towhee" not in loaded_by(f"import {', '.join(modules)}")


def test_the_towhee_engine_is_the_one_that_loads_towhee() -> None:
    assert "towhee" in loaded_by("import boxlens.pipeline.engines.towhee")
