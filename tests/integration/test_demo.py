"""``boxlens demo --once`` as a stranger runs it: from nothing, with the bundled pack and samples drawn on the spot."""

from __future__ import annotations

import json
import os
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


def first_hit(said: str, title: str) -> tuple[str, Box]:
    """File and box of the first row under a title."""
    lines = said.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(title + "  "))
    row = next(line for line in lines[at:] if line.startswith("1  "))
    file = next(word for word in row.split() if word.endswith(".jpg"))
    box = next(word for word in row.split() if word.count(",") == 3)
    return file, Box(*map(float, box.split(",")))


@pytest.mark.parametrize(
    ("title", "thing"), [("红苹果", "red apple"), ("pizza", "pizza"), ("雨伞 umbrella", "umbrella")]
)
def test_the_first_hit_is_the_thing_in_its_box(demo: tuple[Path, str], title: str, thing: str) -> None:
    data, said = demo
    file, box = first_hit(said, title)
    truth = {entry["file"]: entry["objects"] for entry in json.loads((data / "samples" / TRUTH).read_text("utf-8"))}
    under = [o for o in truth[file] if Box(*o["box"]).iou(box) >= 0.5]
    assert any(thing in name for o in under for name in o["en"]), under


def test_a_sample_picture_finds_itself(demo: tuple[Path, str]) -> None:
    file, _ = first_hit(demo[1], "the picture scene-0000.jpg")
    assert file == "scene-0000.jpg"
    assert demo[1].rstrip().endswith("Everything works.")
