"""How results are viewed: their size, with or without boxes, the place of each among all, the title of the tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def tile_height(page: Page) -> float:
    box = page.get_by_test_id("hit").first.locator(".picture").bounding_box()
    assert box
    return box["height"]


@pytest.mark.parametrize(
    ("width", "language", "words", "place"),
    [(390, "zh-CN", "狗", r"第 1 张，共 \d+ 张"), (1440, "en-US", "dog", r"1 of \d+")],
    ids=["phone", "desk"],
)
def test_size_and_boxes_are_chosen_and_kept_and_an_opened_picture_says_its_place(
    visit: Visit, width: int, language: str, words: str, place: str
) -> None:
    page = visit(f"/?q={words}", width=width, height=844, language=language, touch=width == 390)
    boxes = page.get_by_test_id("match-box")
    expect(boxes.first).to_be_attached()
    expect(page).to_have_title(f"{words} · Boxlens")
    page.get_by_test_id("filters").click()
    page.get_by_test_id("tiles-small").click()
    small = tile_height(page)
    page.get_by_test_id("tiles-large").click()
    expect(page.get_by_test_id("tiles-large")).to_have_attribute("aria-pressed", "true")
    assert tile_height(page) > small * 1.2
    page.get_by_test_id("view-boxes").uncheck()
    expect(boxes).to_have_count(0)
    page.reload()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    assert tile_height(page) > small * 1.2
    expect(boxes).to_have_count(0)
    page.get_by_test_id("open").first.click()
    expect(page.get_by_test_id("place-of")).to_have_text(re.compile(place))
