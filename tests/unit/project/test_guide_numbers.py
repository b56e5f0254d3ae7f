"""Numbers in the guides are of the bundled packs, printed by commands that exist, and constants of the code."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest
from tests.unit.project.test_guides import GUIDES, text_of

from boxlens.embedded.jars import read_jar_list
from boxlens.models.packs.pack import BUNDLED, load_pack
from boxlens.search.scoring.calibrate import EVEN, NEIGHBOURS, SAMPLE_SIZE
from boxlens.search.scoring.thresholds import EXCLUDED, HIGH_THRESHOLD, LOW_THRESHOLD, WEAK

MEASURED = ("docs/relevance.md", "docs/evaluation.md", "docs/models.md")


def revisions(guide: str) -> set[str]:
    """Pack revisions, whole or shortened as ``boxlens eval`` does: 16 or 12 hex digits; zeros stand for any id."""
    matches = re.findall(r"(?<![0-9a-f-])(?:[0-9a-f]{16}|[0-9a-f]{12})(?![0-9a-f-])", text_of(guide))
    return {digits for digits in matches if set(digits) != {"0"}}


@pytest.mark.parametrize("guide", GUIDES)
def test_numbers_are_of_the_bundled_pack(guide: str) -> None:
    """Otherwise print the tables again: CONTRIBUTING.md lists the commands."""
    bundled = [load_pack(folder.parent).info.revision for folder in BUNDLED.glob("*/pack.json")]
    strange = {digits for digits in revisions(guide) if not any(whole.startswith(digits) for whole in bundled)}
    assert strange == set()
    assert revisions(guide) or guide not in MEASURED


def test_every_command_in_a_guide_exists() -> None:
    command = re.compile(r"python -m ((?:benchmarks|training)[\w.]*)")
    named = {name for guide in GUIDES for name in command.findall(text_of(guide))}
    assert len(named) >= 5
    assert {name for name in named if find_spec(name) is None} == set()


def test_every_table_that_is_printed_has_its_command_in_the_list() -> None:
    listed = text_of("CONTRIBUTING.md").split("## Files that are made")[1]
    for guide in GUIDES:
        for command in re.findall(r"`([^`\n]+)` prints this", text_of(guide)):
            assert f"`{command}` | " in listed, f"{guide}: {command}"


def test_the_thresholds_are_those_of_the_code() -> None:
    guide, api = text_of("docs/relevance.md"), text_of("docs/api.md")
    assert f"must reach {HIGH_THRESHOLD}, else the answer is empty; then all others must reach {LOW_THRESHOLD}" in guide
    assert f"shown with less than {WEAK}." in guide
    assert f"{SAMPLE_SIZE:,} of them" in guide
    assert f"{WEAK} at {EVEN} standard deviations" in guide
    assert f"has at least {NEIGHBOURS}" in guide
    assert f"of at least {EXCLUDED})" in api


def test_the_jars_are_as_many_and_as_large_as_is_said() -> None:
    jars = read_jar_list()
    megabytes = sum(jar.size for jar in jars) / 1e6
    assert f"{len(jars)} jars, {megabytes:.1f} MB" in text_of("docs/operations.md")
    for guide in ("README.md", "README.zh-CN.md"):
        assert f" {megabytes:.0f} MB" in text_of(guide), guide
