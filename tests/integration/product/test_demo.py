"""``boxlens demo --once`` as a stranger runs it: from nothing, photographs and drawings with the bundled packs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from boxlens.domain.boxes import Box
from boxlens.samples.bundled import TRUTH


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Its data folder and what it printed."""
    data = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "boxlens", "demo", "--once", "--data", str(data)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BOXLENS_")} | {"COLUMNS": "140"}
    if "BOXLENS_CACHE_DIR" in os.environ:
        environment["BOXLENS_CACHE_DIR"] = os.environ["BOXLENS_CACHE_DIR"]
    done = subprocess.run(command, env=environment, cwd=data, capture_output=True, text=True, timeout=540, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (data / "stderr").write_text(" ".join(done.stderr.split()), "utf-8")
    return data, done.stdout


TITLE = re.compile(r"(.*)  \d+ ms  in (default|drawings)$")


def rows(output: str, title: str) -> list[str]:
    """The lines under a title, up to the next one."""
    lines = output.splitlines()
    titles = [i for i, line in enumerate(lines) if TITLE.match(line)] + [len(lines)]
    at = next(i for i in titles if lines[i].startswith(title + "  "))
    return lines[at + 1 : min(i for i in titles if i > at)]


def hits(output: str, title: str) -> list[tuple[str, Box]]:
    """File and box of every row under a title."""
    pairs = []
    for line in rows(output, title):
        if re.match(r"\d  ", line):
            file = next(word for word in line.split() if word.endswith(".jpg"))
            box = next(word for word in line.split() if word.count(",") == 3)
            pairs.append((file, Box(*map(float, box.split(",")))))
    return pairs


def things_under(data: Path, file: str, box: Box) -> list[dict[str, str]]:
    """What the picture truly shows in that box."""
    truth = {entry["file"]: entry["objects"] for entry in json.loads((data / "samples" / TRUTH).read_text("utf-8"))}
    return [o for o in truth[file] if Box(*o["box"]).iou(box) >= 0.5]


def test_the_first_hit_is_the_thing_in_its_box(demo: tuple[Path, str]) -> None:
    data, output = demo
    under = things_under(data, *hits(output, "红苹果")[0])
    assert any("red apple" in name for o in under for name in o["en"]), under


CAT = {"photo-03.jpg": Box(10, 0, 440, 300)}
PEOPLE = {"photo-01.jpg": Box(112, 9, 335, 380), "photo-02.jpg": Box(1, 79, 267, 495)}


@pytest.mark.parametrize(("title", "places"), [("猫", CAT), ("a person", PEOPLE)])
def test_a_photograph_answers_and_its_hit_is_sure(demo: tuple[Path, str], title: str, places: dict[str, Box]) -> None:
    (name, box), *_ = hits(demo[1], title)
    assert box.iou(places[name]) >= 0.5
    assert not any("?" in row for row in rows(demo[1], title))


def test_the_packs_are_named_with_what_they_are_good_for(demo: tuple[Path, str]) -> None:
    said = demo[1] + (demo[0] / "stderr").read_text("utf-8")
    assert "Pack photos: Photographs" in said
    assert "for evaluation and research only; for other uses: boxlens models pull photo" in said
    assert "Pack demo: Small" in said


def test_a_thing_of_a_picture_finds_itself_and_its_other_drawing(demo: tuple[Path, str]) -> None:
    data, output = demo
    title = next(line.split("  ")[0] for line in output.splitlines() if re.match(r"the .* of scene-\d+\.jpg  ", line))
    first, second = hits(output, title)[:2]
    assert title.endswith(first[0])
    (itself,), (other,) = (things_under(data, *hit) for hit in (first, second))
    assert title.startswith(f"the {itself['en'][0]} of")
    assert itself["thing"] == other["thing"]
    assert itself["style"] != other["style"]


def test_everything_is_said_to_work(demo: tuple[Path, str]) -> None:
    assert demo[1].rstrip().endswith("Everything works.")
