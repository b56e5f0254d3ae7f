"""WCAG 2.2 AA as axe sees it, on every state of the page, in both looks and both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.test_page import give, look
from tests.shared import DATA, needs_photos

pytestmark = [pytest.mark.browser, needs_photos]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def start(page: Page) -> None:
    expect(page.get_by_test_id("hit").first).to_be_visible()


def results(page: Page) -> None:
    look(page, "dog")
    expect(page.get_by_test_id("count")).not_to_be_empty()


def opened(page: Page) -> None:
    results(page)
    page.get_by_test_id("open").first.click()
    expect(page.get_by_test_id("viewer-similar").first).to_be_visible()


def explained(page: Page) -> None:
    results(page)
    page.get_by_test_id("why").first.click()
    expect(page.get_by_test_id("why-note")).to_be_visible()


def nothing(page: Page) -> None:
    look(page, "zeppelinqqq")
    expect(page.get_by_test_id("nothing")).to_be_visible()


def refused(page: Page) -> None:
    page.get_by_test_id("file").set_input_files(DATA / "odd_files" / "not-an-image.txt")
    expect(page.get_by_test_id("problem")).to_be_visible()


@pytest.mark.parametrize("state", [start, results, give, opened, explained, nothing, refused], ids=lambda s: s.__name__)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(visit: Visit, state: Callable[[Page], None], dark: bool) -> None:
    page = visit(width=390 if dark else 1440, dark=dark, language="zh-CN" if dark else "en-US")
    state(page)
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found] == []
