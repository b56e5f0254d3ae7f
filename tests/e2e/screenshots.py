"""Pictures of the running page: ``python -m tests.e2e.screenshots http://127.0.0.1:8080`` with the demo served there.

Every state at three widths and on a phone that lies on its side, light and dark, in both languages, goes to
``.screenshots`` (ignored), and for each state one sheet with all of them beside each other, so that a person can look
at them; ``--state`` chooses. ``--readme`` makes the two pictures that the READMEs show, from the demo's photographs.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.checkout import ROOT
from tests.e2e.album import CANON, FORBIDDEN_CITY, FUJI, SHANGHAI, TEMPLE_OF_HEAVEN, Shot, make_album
from tests.e2e.conftest import FLAGS
from tests.e2e.steps import NO_PICTURE, look

from boxlens.samples.bundled import PHOTOGRAPHS

FOLDER = ROOT / ".screenshots"
SIZES = {"desktop": (1440, 900), "tablet": (820, 1180), "phone": (390, 844), "landscape": (844, 390)}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
LOOKS = ("light", "dark")
SHEET_WIDTH = 1720
"""Pixels: four phones at their size, two desks at half of it."""

ALBUM = "album"
"""The demo's photographs with dates and places, which the photographs themselves do not say."""

SHOTS = {
    "astronaut": Shot("photo-01", "2021:05:01 09:00:00", FUJI, SHANGHAI, ("portrait",)),
    "camera": Shot("photo-02", "2022:07:15 12:00:00", CANON, tags=("portrait",)),
    "cat": Shot("photo-03", "2023:07:04 10:00:00", CANON, FORBIDDEN_CITY, ("home",)),
    "coffee": Shot("photo-04", "2023:07:04 10:30:00", CANON, TEMPLE_OF_HEAVEN, ("home",)),
    "rocket": Shot("photo-05", "2023:11:02 08:15:00", FUJI, (28.6082, -80.604)),
    "grass": Shot("photo-10"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What is asked for in one language: one thing, two things of the drawings, and what no picture shows."""

    thing: str
    things: str
    absent: str


WORDS = {
    "en": Words("person", "apple and umbrella", "zeppelinqqq"),
    "zh": Words("人", "苹果和雨伞", "zeppelinqqq"),
}
COLLECTIONS = {"several": "drawings", "timeline": ALBUM, "map_of_places": ALBUM}
"""Where another collection than the default one has what a state shows."""


State = Callable[[Page, Words], None]


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


STATES: dict[str, State] = {
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


def context_of(browser: Browser, size: str, scheme: str, language: str) -> BrowserContext:
    width, height = SIZES[size]
    held = size != "desktop"
    return browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=LANGUAGES[language],
        has_touch=held,
        is_mobile=held,
    )


def taken(browser: Browser, url: str, name: str) -> Iterator[Path]:
    """One state in every size, look and language."""
    for size in SIZES:
        for scheme in LOOKS:
            for language in LANGUAGES:
                path = FOLDER / f"{name}-{size}-{scheme}-{language}.png"
                with context_of(browser, size, scheme, language) as context:
                    picture(context.new_page(), url, STATES[name], language, path)
                yield path


def picture(page: Page, url: str, state: State, language: str, path: Path) -> None:
    page.goto(f"{url}/?c={COLLECTIONS.get(state.__name__, 'default')}")
    settled(page)
    state(page, WORDS[language])
    settled(page)
    page.screenshot(path=path)


def sheet(paths: list[Path], to: Path) -> None:
    """Pictures in rows; what is wider than a quarter of the sheet at half its size."""
    pictures = [Image.open(path).convert("RGB") for path in paths]
    halved = [p if p.width * 4 <= SHEET_WIDTH else p.reduce(2) for p in pictures]
    places, left, top, bottom = [], 0, 0, 0
    for p in halved:
        if left + p.width > SHEET_WIDTH:
            left, top = 0, bottom
        places.append((left, top))
        left, bottom = left + p.width, max(bottom, top + p.height)
    whole = Image.new("RGB", (SHEET_WIDTH, bottom))
    for p, place in zip(halved, places, strict=True):
        whole.paste(p, place)
    whole.save(to)


def searched_by_picture(page: Page, words: Words) -> None:
    page.get_by_test_id("file").set_input_files(PHOTOGRAPHS.with_name("photo-01.jpg"))
    page.get_by_test_id("choices").wait_for()
    page.get_by_test_id("count").filter(has_text=re.compile(r"\d")).wait_for()


def cat_opened(page: Page, words: Words) -> None:
    opened(page, replace(words, thing="猫"))


def readme(browser: Browser, url: str) -> None:
    """The pictures of the READMEs, small ones, of the demo's photographs."""
    shown = {"search": (searched_by_picture, "desktop", "light", "en"), "opened": (cat_opened, "phone", "dark", "zh")}
    for name, (state, size, scheme, language) in shown.items():
        path = FOLDER / f"readme-{name}.png"
        with context_of(browser, size, scheme, language) as context:
            picture(context.new_page(), url, state, language, path)
        Image.open(path).convert("RGB").save(ROOT / "docs" / "images" / f"{name}.webp", quality=85, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--state", choices=STATES, action="append")
    parser.add_argument("--readme", action="store_true", help="only the pictures of the READMEs")
    options = parser.parse_args()
    url = options.url.rstrip("/")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        if options.readme:
            readme(browser, url)
        else:
            make_album(url, SHOTS, PHOTOGRAPHS.parent, ALBUM)
            for name in options.state or STATES:
                sheet(list(taken(browser, url, name)), FOLDER / f"sheet-{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
