"""Tables of measurements are written by a command from what the benchmarks printed, and by nobody else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from benchmarks.guides import BLOCK, GUIDES, ROOT, with_results

RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.md"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_a_guide_shows_what_was_printed(guide: Path) -> None:
    """Else: python -m benchmarks.guides."""
    text = guide.read_text("utf-8")
    assert with_results(text, ROOT) == text


def test_every_result_stands_in_one_guide() -> None:
    files = [block["file"] for guide in GUIDES for block in BLOCK.finditer(guide.read_text("utf-8"))]
    assert sorted(files) == [f"benchmarks/results/{path.name}" for path in RESULTS]


@pytest.mark.parametrize("result", RESULTS, ids=lambda path: path.stem)
def test_a_result_says_its_command_machine_and_date(result: Path) -> None:
    command, machine = result.read_text("utf-8").split("\n", 1)[0].split("` prints this: ")
    assert command.endswith(result.stem) or f".{result.stem.removesuffix('_pack')} " in command
    assert re.search(r"\d+ shared cores, \w+ \w+, \d{4}-\d\d-\d\d\.$", machine)


def test_a_block_takes_the_place_of_what_stood_there(tmp_path: Path) -> None:
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "benchmarks" / "results" / "speed.md").write_text("| new |\n", "utf-8")
    text = "before\n<!-- benchmarks/results/speed.md -->\n| old |\n<!-- end -->\nbehind\n"
    expected = text.replace("| old |", "| new |")
    assert with_results(text, tmp_path) == expected
    assert with_results(expected, tmp_path) == expected
