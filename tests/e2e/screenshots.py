"""Pictures of the running page: ``python -m tests.e2e.screenshots http://127.0.0.1:8080`` with the demo served there.

Main states at desktop and phone size, light and dark, in both languages, go to ``.screenshots`` (ignored); with
``--readme`` also the two pictures the README shows.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from tests.checkout import ROOT
from tests.e2e.conftest import FLAGS

FOLDER = ROOT / ".screenshots"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
WORDS = {"en": ("umbrella", "apple and umbrella"), "zh": ("红苹果", "苹果和雨伞")}


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)


def states(page: Page, url: str, words: str, several: str, folder: Path) -> None:
    page.goto(url)
    settled(page)
    page.screenshot(path=folder / "start.png")
    page.goto(f"{url}/?q={words}")
    page.get_by_test_id("hit").first.wait_for()
    settled(page)
    page.screenshot(path=folder / "words.png")
    page.get_by_test_id("open").first.click()
    page.get_by_test_id("viewer").wait_for()
    settled(page)
    page.screenshot(path=folder / "opened.png")
    page.get_by_test_id("edit-words").click()
    page.screenshot(path=folder / "described.png")
    page.goto(url)
    page.get_by_test_id("words").click()
    page.get_by_test_id("recent").wait_for()
    settled(page)
    page.screenshot(path=folder / "recent.png")
    page.keyboard.press("Escape")
    page.get_by_test_id("open-status").click()
    page.get_by_test_id("status-collection").first.wait_for()
    page.screenshot(path=folder / "status.png")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_test_id("shortcuts").first.wait_for()
    page.screenshot(path=folder / "keys.png")
    page.goto(f"{url}/?q={words}&by=object")
    page.get_by_test_id("hit").first.wait_for()
    settled(page)
    page.screenshot(path=folder / "objects.png")
    page.goto(f"{url}/?sort=-ingested_at")
    page.get_by_test_id("hit").first.wait_for()
    settled(page)
    page.screenshot(path=folder / "listed.png")
    page.goto(f"{url}/?q={words}&f=colour:red")
    page.get_by_test_id("filters").click()
    page.get_by_test_id("filter-panel").wait_for()
    settled(page)
    page.screenshot(path=folder / "filters.png")
    page.goto(f"{url}/?q={several}&rel=all")
    page.get_by_test_id("read-chip").first.wait_for()
    settled(page)
    page.screenshot(path=folder / "several.png")
    page.goto(f"{url}/?q={several}&f=colour:cyan&f=area:0.25..")
    page.get_by_test_id("relax").first.wait_for()
    settled(page)
    page.screenshot(path=folder / "nothing.png")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("url")
    options.add_argument("--readme", action="store_true")
    arguments = options.parse_args()
    url = arguments.url.rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size, (width, height) in SIZES.items():
            for look in ("light", "dark"):
                for language, locale in LANGUAGES.items():
                    folder = FOLDER / f"{size}-{look}-{language}"
                    folder.mkdir(parents=True, exist_ok=True)
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme="dark" if look == "dark" else "light",
                        locale=locale,
                    )
                    states(context.new_page(), url, *WORDS[language], folder)
                    context.close()
        browser.close()
    if arguments.readme:
        images = ROOT / "docs" / "images"
        shutil.copy(FOLDER / "desktop-light-en" / "words.png", images / "search.png")
        shutil.copy(FOLDER / "phone-dark-zh" / "opened.png", images / "opened.png")


if __name__ == "__main__":
    main()
