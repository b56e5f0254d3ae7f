"""The results as a place: they do not jump, they are found again on the way back, and many of them stay light."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.test_page import give, look, searches
from tests.shared import needs_photos

pytestmark = [pytest.mark.browser, needs_photos]

# Layout shifts no key or click of the last half second explains, as the browser itself counts them.
OBSERVE = """
window.shifts = []
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) if (!e.hadRecentInput)
    window.shifts.push({ value: e.value, nodes: e.sources.map((s) => (s.node?.outerHTML ?? '').slice(0, 120)) })
}).observe({ type: 'layout-shift', buffered: true })
"""
MOST_SHIFT = 0.02  # of the screen's height times the share that moved; 0.1 counts as good on the web


def shifted(page: Page) -> list[Any]:
    """The shifts seen, when they come to more than may be."""
    page.wait_for_timeout(300)
    seen: list[Any] = page.evaluate("window.shifts")
    return seen if sum(each["value"] for each in seen) > MOST_SHIFT else []


def many(page: Page, count: int) -> None:
    """Answers of the service, its hits repeated under other ids until there are ``count``."""

    def repeat(route: Any) -> None:
        body = route.fetch().json()
        hits = body["hits"]
        if hits:
            body["hits"] = [{**hits[i % len(hits)], "image_id": f"{i:064x}"} for i in range(count)]
            body["next_cursor"] = None
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route("**/search", repeat)


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_jumps_while_results_come_and_are_scrolled(visit: Visit, width: int) -> None:
    page = visit("about:blank", width=width)
    page.add_init_script(OBSERVE)
    page.goto(visit.site + "/")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    look(page, "person")
    expect(page.get_by_test_id("count")).not_to_be_empty()
    for _ in range(8):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(120)
    assert shifted(page) == []


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_jumps_when_the_letters_come_late(visit: Visit, width: int) -> None:
    page = visit("about:blank", width=width)
    page.add_init_script(OBSERVE)
    asked: list[str] = []

    def late(route: Any) -> None:
        asked.append(route.request.url)
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/*.woff2", late)
    page.goto(visit.site + "/")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.wait_for_timeout(2000)
    assert asked
    assert shifted(page) == []


def test_nothing_jumps_when_a_link_with_a_picture_is_opened(visit: Visit) -> None:
    page = visit()
    give(page)
    page.add_init_script(OBSERVE)
    page.reload()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert shifted(page) == []


def test_five_hundred_results_are_drawn_only_where_they_are_seen(visit: Visit) -> None:
    page = visit()
    page.add_init_script(OBSERVE)
    many(page, 500)
    look(page, "person")
    expect(page.get_by_test_id("hit")).to_have_count(500)
    page.wait_for_timeout(500)
    skipped = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=hit]')]
        .filter((e) => !e.querySelector('.picture').checkVisibility({ contentVisibilityAuto: true })).length"""
    )
    assert skipped > 400
    loaded = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=hit] img')]
        .filter((e) => e.complete && e.naturalWidth).length"""
    )
    assert loaded < 150  # the others wait until they come near
    height = page.evaluate("document.documentElement.scrollHeight")
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.get_by_test_id("hit").last.locator("img")).to_be_in_viewport()
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollHeight") == height


def test_back_finds_the_results_where_they_were_left(visit: Visit) -> None:
    page = visit()
    look(page, "person")
    expect(page.get_by_test_id("count")).not_to_be_empty()
    first = page.get_by_test_id("hit").count()
    for _ in range(12):
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(150)
    page.wait_for_load_state("networkidle")
    hits = page.get_by_test_id("hit").count()
    assert hits > first  # more pages came
    place = page.evaluate("window.scrollY")
    assert place > 1500
    sent = searches(page)
    chip = page.locator("[data-testid=similar]").nth(page.get_by_test_id("similar").count() - 5)
    chip.dispatch_event("click")
    expect(page).to_have_url(re.compile("obj="))
    expect(page.get_by_test_id("query-panel")).to_be_visible()
    expect(page.get_by_test_id("count")).not_to_be_empty()
    assert page.evaluate("window.scrollY") == 0
    assert len(sent) == 1
    page.go_back()
    expect(page.get_by_test_id("query-panel")).to_have_count(0)
    expect(page.get_by_test_id("hit")).to_have_count(hits)
    page.wait_for_function("place => Math.abs(window.scrollY - place) < 4", arg=place)
    assert len(sent) == 1  # nothing was searched again


def test_thumbnails_are_as_wide_as_their_tile_needs(visit: Visit) -> None:
    page = visit()
    look(page, "person")
    picture = page.get_by_test_id("hit").first.locator("img")
    expect(picture).to_be_visible()
    assert re.match(r"\S+w=320\S* 320w, \S+w=640\S* \d+w$", picture.get_attribute("srcset") or "")
    page.wait_for_function("e => e.complete && e.naturalWidth", arg=picture.element_handle())
    shown, took = picture.evaluate("e => [e.getBoundingClientRect().width, e.currentSrc]")
    assert f"w={320 if shown <= 320 else 640}" in took
    assert page.get_by_test_id("hit").last.locator("img").get_attribute("loading") == "lazy"
