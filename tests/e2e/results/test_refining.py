"""A hit that is wrong leaves, one that is right draws others; both stand in the link and can be taken back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def first_image(page: Page) -> str:
    return page.get_by_test_id("hit").first.get_attribute("data-image") or ""


@pytest.mark.parametrize(
    ("width", "language", "words"), [(390, "zh-CN", "狗"), (1440, "en-US", "dog")], ids=["phone", "desk"]
)
def test_not_this_leaves_and_comes_back_and_more_like_this_is_part_of_the_query(
    visit: Visit, width: int, language: str, words: str
) -> None:
    page = visit(f"/?q={words}", width=width, height=844, language=language, touch=width == 390)
    hits = page.get_by_test_id("hit")
    expect(hits.first).to_be_visible()
    wrong = first_image(page)
    page.get_by_test_id("why").first.click()
    page.get_by_test_id("not-this").click()
    chip = page.get_by_test_id("example-unlike")
    expect(chip).to_have_count(1)
    expect(page.locator(f"[data-image='{wrong}']")).to_have_count(0)
    expect(page).to_have_url(re.compile(f"unlike={wrong}-"))
    expect(page.get_by_test_id("words")).to_have_value(words)
    shared = visit(page.url.removeprefix(visit.site))
    expect(shared.get_by_test_id("example-unlike")).to_have_attribute("data-object", re.compile(wrong))
    expect(shared.get_by_test_id("hit").first).to_be_visible()
    assert shared.locator(f"[data-image='{wrong}']").count() == 0
    chip.press("Enter")
    expect(chip).to_have_count(0)
    expect(page.locator(f"[data-image='{wrong}']")).to_have_count(1)
    page.get_by_test_id("why").first.press("Enter")
    with page.expect_request(re.compile("/search$")) as sent:
        page.get_by_test_id("more-like").press("Enter")
    clauses = (sent.value.post_data_json or {})["clauses"]
    assert clauses[1] == {
        "object_id": page.get_by_test_id("example-like").get_attribute("data-object"),
        "weight": 0.5,
    }
    expect(page.locator("[data-testid=example-like] img")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("example-like")).to_have_count(0)
