"""``boxlens demo --once`` as a stranger runs it: from nothing, with the bundled pack and samples drawn on the spot."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from embedding_pipeline.domain import Box
from embedding_pipeline.samples.making import TRUTH


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Its data folder and what it printed."""
    data = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "embedding_pipeline", "demo", "--once", "--data", str(data)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BOXLENS_")} | {"COLUMNS": "140"}
    if "BOXLENS_CACHE_DIR" in os.environ:
        environment["BOXLENS_CACHE_DIR"] = os.environ["BOXLENS_CACHE_DIR"]
    done = subprocess.run(command, env=environment, cwd=data, capture_output=True, text=True, timeout=540, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return data, done.stdout


def hits(said: str, title: str) -> list[tuple[str, Box]]:
    """File and box of every row under a title."""
    lines = said.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(title + "  ")) + 1
    found = []
    for line in lines[at:]:
        if re.match(r".*  \d+ ms$", line):  # the next title
            break
        if re.match(r"\d  ", line):
            file = next(word for word in line.split() if word.endswith(".jpg"))
            box = next(word for word in line.split() if word.count(",") == 3)
            found.append((file, Box(*map(float, box.split(",")))))
    return found


def things_under(data: Path, file: str, box: Box) -> list[dict[str, str]]:
    """What the picture truly shows in that box."""
    truth = {entry["file"]: entry["objects"] for entry in json.loads((data / "samples" / TRUTH).read_text("utf-8"))}
    return [o for o in truth[file] if Box(*o["box"]).iou(box) >= 0.5]


@pytest.mark.parametrize(("title", "thing"), [("红苹果", "red apple"), ("dog", "dog"), ("雨伞 umbrella", "umbrella")])
def test_the_first_hit_is_the_thing_in_its_box(demo: tuple[Path, str], title: str, thing: str) -> None:
    data, said = demo
    under = things_under(data, *hits(said, title)[0])
    assert any(thing in name for o in under for name in o["en"]), under


def test_a_thing_of_a_picture_finds_itself_and_its_other_drawing(demo: tuple[Path, str]) -> None:
    data, said = demo
    title = next(line.split("  ")[0] for line in said.splitlines() if re.match(r"the .* of scene-\d+\.jpg  ", line))
    first, second = hits(said, title)[:2]
    assert title.endswith(first[0])
    (itself,), (other,) = (things_under(data, *hit) for hit in (first, second))
    assert title.startswith(f"the {itself['en'][0]} of")
    assert itself["thing"] == other["thing"]
    assert itself["style"] != other["style"]


def test_everything_is_said_to_work(demo: tuple[Path, str]) -> None:
    assert demo[1].rstrip().endswith("Everything works.")
