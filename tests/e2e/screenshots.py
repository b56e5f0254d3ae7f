"""Pictures of the running page: ``python -m tests.e2e.screenshots http://127.0.0.1:8080`` with the demo served there.

Every state at three widths, light and dark, in both languages, goes to ``.screenshots`` (ignored), and for each state
one sheet with all twelve beside each other, so that a person can look at them; ``--state`` chooses. With ``--readme``
also the two pictures that the READMEs show.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from tests.checkout import ROOT
from tests.e2e.conftest import FLAGS
from tests.e2e.steps import NO_PICTURE, look

FOLDER = ROOT / ".screenshots"
SIZES = {"desktop": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
LOOKS = ("light", "dark")
SHEET_HEIGHT = 900


@dataclass(frozen=True, slots=True)
class Words:
    """What is asked for in one language: one thing, two things, and what no picture shows."""

    thing: str
    things: str
    absent: str


WORDS = {
    "en": Words("umbrella", "apple and umbrella", "zeppelinqqq"),
    "zh": Words("红苹果", "苹果和雨伞", "齐柏林qqq"),
}


def start(page: Page, words: Words) -> None:
    page.get_by_test_id("hit").first.wait_for()


def results(page: Page, words: Words) -> None:
    look(page, words.thing)
    page.get_by_test_id("open").first.wait_for()


def opened(page: Page, words: Words) -> None:
    results(page, words)
    page.get_by_test_id("open").first.click()
    page.get_by_test_id("viewer").wait_for()


def described(page: Page, words: Words) -> None:
    opened(page, words)
    page.get_by_test_id("edit-words").click()


def several(page: Page, words: Words) -> None:
    look(page, words.things)
    page.get_by_test_id("read-chip").first.wait_for()


def filters(page: Page, words: Words) -> None:
    results(page, words)
    page.get_by_test_id("filters").click()
    page.get_by_test_id("filter-panel").wait_for()


def adding(page: Page, words: Words) -> None:
    page.get_by_test_id("add-files").set_input_files(NO_PICTURE)  # it is refused: the collection stays as it is
    page.get_by_test_id("add-again").wait_for()


def selecting(page: Page, words: Words) -> None:
    results(page, words)
    page.get_by_test_id("select").click()
    page.get_by_test_id("tick").first.check()


def timeline(page: Page, words: Words) -> None:
    page.get_by_test_id("open-time").click()
    page.get_by_test_id("timeline-said").wait_for()


def map_of_places(page: Page, words: Words) -> None:
    page.get_by_test_id("open-map").click()
    page.get_by_test_id("map-stage").wait_for()


def saved(page: Page, words: Words) -> None:
    results(page, words)
    page.get_by_test_id("open-saved").click()


def status(page: Page, words: Words) -> None:
    page.get_by_test_id("open-status").click()
    page.get_by_test_id("status-collection").first.wait_for()


def shortcuts(page: Page, words: Words) -> None:
    page.keyboard.press("?")
    page.get_by_test_id("shortcuts").first.wait_for()


def nothing(page: Page, words: Words) -> None:
    look(page, words.absent)
    page.get_by_test_id("nothing").wait_for()


def refused(page: Page, words: Words) -> None:
    page.get_by_test_id("file").set_input_files(NO_PICTURE)
    page.get_by_test_id("problem").wait_for()


def away(page: Page, words: Words) -> None:
    page.route("**/search", lambda route: route.abort())
    look(page, words.thing)
    page.get_by_test_id("problem").wait_for()


STATES: dict[str, Callable[[Page, Words], None]] = {
    state.__name__: state
    for state in (
        start,
        results,
        opened,
        described,
        several,
        filters,
        adding,
        selecting,
        timeline,
        map_of_places,
        saved,
        status,
        shortcuts,
        nothing,
        refused,
        away,
    )
}


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)


def taken(browser: Browser, url: str, name: str) -> Iterator[Path]:
    """One state in every size, look and language."""
    for size, (width, height) in SIZES.items():
        for scheme in LOOKS:
            for language, locale in LANGUAGES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                    locale=locale,
                )
                page = context.new_page()
                page.goto(url)
                settled(page)
                STATES[name](page, WORDS[language])
                settled(page)
                path = FOLDER / f"{name}-{size}-{scheme}-{language}.png"
                page.screenshot(path=path)
                context.close()
                yield path


def sheet(paths: list[Path], to: Path) -> None:
    """Pictures of one height beside each other, in as many rows as there are looks of each size."""
    pictures = [Image.open(path).convert("RGB") for path in paths]
    scaled = [p.resize((p.width * SHEET_HEIGHT // p.height, SHEET_HEIGHT), Image.Resampling.LANCZOS) for p in pictures]
    per_row = len(scaled) // len(SIZES)
    rows = [scaled[first : first + per_row] for first in range(0, len(scaled), per_row)]
    whole = Image.new("RGB", (max(sum(p.width for p in row) for row in rows), SHEET_HEIGHT * len(rows)))
    for number, row in enumerate(rows):
        left = 0
        for picture in row:
            whole.paste(picture, (left, number * SHEET_HEIGHT))
            left += picture.width
    whole.save(to)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--state", choices=STATES, action="append")
    parser.add_argument("--readme", action="store_true")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name in options.state or STATES:
            sheet(list(taken(browser, options.url.rstrip("/"), name)), FOLDER / f"sheet-{name}.png")
        browser.close()
    if options.readme:
        images = ROOT / "docs" / "images"
        shutil.copy(FOLDER / "results-desktop-light-en.png", images / "search.png")
        shutil.copy(FOLDER / "opened-phone-dark-zh.png", images / "opened.png")


if __name__ == "__main__":
    main()
