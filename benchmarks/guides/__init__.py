"""Writes what the benchmarks printed into the guides: ``python -m benchmarks.guides``.

``benchmarks/results`` holds what each command printed, whole; a guide shows it between two comments::

    <!-- benchmarks/results/folding.md -->
    ...
    <!-- end -->

So a table is measured again by ``python -m benchmarks.folding > benchmarks/results/folding.md`` and this.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"<!-- (?P<file>benchmarks/results/\w+\.md) -->\n.*?<!-- end -->", re.DOTALL)
GUIDES = (*sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md")


def with_results(text: str, root: Path) -> str:
    """The guide with every block as its file says. Raises FileNotFoundError where there is no such file."""
    return BLOCK.sub(lambda block: _block(block["file"], (root / block["file"]).read_text("utf-8")), text)


def _block(file: str, result: str) -> str:
    return f"<!-- {file} -->\n{result.strip()}\n<!-- end -->"
