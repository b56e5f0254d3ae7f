"""What tests of the page do again and again: ask for words, give a picture, note what is sent, ask axe."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.checkout import ROOT
from tests.samples.stand_ins import drawn_folder
from tests.shared import PHOTOS

PICTURES = PHOTOS if PHOTOS.is_dir() else drawn_folder()
HORSES = PICTURES / "000000007281.jpg"
DOG = PICTURES / "000000000790.jpg"
NO_PICTURE = ROOT / "tests" / "words" / "compounds.txt"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def look(page: Page, words: str) -> None:
    page.get_by_test_id("words").fill(words)
    page.get_by_test_id("words").press("Enter")


def give(page: Page) -> None:
    page.get_by_test_id("file").set_input_files(HORSES)
    expect(page.get_by_test_id("choices")).to_be_visible()
    expect(page.get_by_test_id("hit").first).to_be_visible()


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe says against the page as it is: each rule with the first elements that break it."""
    broken = Axe().run(page, options=RULES).response["violations"]
    return [(rule["id"], [node["html"][:160] for node in rule["nodes"]][:3]) for rule in broken]


HAN, MARKS = r"\u4e00-\u9fff", "，。：；、！？（）"
STRAY_SPACE = re.compile(rf"[{HAN}{MARKS}“”…] +[{HAN}{MARKS}“”]|[{MARKS}] +\S")


def stray_spaces(page: Page) -> list[str]:
    """Lines of the page in which a space stands between Chinese and Chinese, where a template has joined two texts."""
    return [line for line in page.locator("body").inner_text().splitlines() if STRAY_SPACE.search(line)]


def searches(page: Page) -> list[list[dict[str, Any]]]:
    """The clauses of every search the page sends from now on."""
    sent: list[list[dict[str, Any]]] = []

    def note(request: Any) -> None:
        if request.method == "POST" and request.url.endswith("/search"):
            sent.append(request.post_data_json["clauses"])

    page.on("request", note)
    return sent


def overlap(a: list[float], b: list[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
