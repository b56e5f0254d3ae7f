"""The results as a place: they do not jump, they are found again on the way back, and many of them stay light."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.e2e.album import Album
from tests.e2e.conftest import Visit
from tests.e2e.steps import give, look, searches

pytestmark = pytest.mark.browser

# Layout shifts no key or click of the last half second explains, as the browser itself counts them.
OBSERVE = """
window.shifts = []
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) if (!e.hadRecentInput)
    window.shifts.push({ value: e.value, nodes: e.sources.map((s) => (s.node?.outerHTML ?? '').slice(0, 120)) })
}).observe({ type: 'layout-shift', buffered: true })
"""
MOST_OF_TILE, MOST_OF_BOX = 20, 10  # elements
PAGE = 40  # results asked for at a time


def shifted(page: Page) -> list[Any]:
    """Every shift seen."""
    page.wait_for_timeout(300)
    seen: list[Any] = page.evaluate("window.shifts")
    return seen


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
    requests: list[str] = []

    def late(route: Any) -> None:
        requests.append(route.request.url)
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/*.woff2", late)
    page.goto(visit.site + "/")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.wait_for_timeout(2000)
    assert requests
    assert shifted(page) == []


def test_nothing_jumps_when_a_link_with_a_picture_is_opened(visit: Visit) -> None:
    page = visit()
    give(page)
    page.add_init_script(OBSERVE)
    page.reload()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert shifted(page) == []


LATE = 0.7  # seconds: later than what the browser still takes for the answer to a key or a finger


@pytest.mark.parametrize(
    ("width", "language", "words"), [(390, "zh-CN", "人"), (1440, "en-US", "person")], ids=["phone", "desk"]
)
def test_nothing_jumps_in_any_state_whose_answers_come_late(
    visit: Visit, album: Album, width: int, language: str, words: str
) -> None:
    page = visit("about:blank", width=width, height=844, language=language, touch=width == 390)
    page.add_init_script(OBSERVE)
    page.goto(f"{visit.site}/?c={album.collection}")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    assert shifted(page) == []

    def late(route: Route) -> None:
        time.sleep(LATE)
        route.continue_()

    page.route("**/v1/**", late)
    look(page, words)
    expect(page.get_by_test_id("skeleton").first).to_be_visible()
    expect(page.get_by_test_id("count")).not_to_be_empty()
    assert shifted(page) == []
    page.get_by_test_id("open").first.click()
    expect(page.get_by_test_id("viewer")).to_be_visible()
    expect(page.get_by_test_id("picture-facts")).to_be_attached()
    assert shifted(page) == []
    page.get_by_test_id("close-viewer").click()
    page.get_by_test_id("filters").click()
    expect(page.get_by_test_id("filter-panel").get_by_test_id("filter-count").first).to_be_visible()
    assert shifted(page) == []
    page.keyboard.press("Escape")
    for state, there in (("open-time", "timeline-said"), ("open-map", "place-on-map")):
        page.get_by_test_id(state).click()
        expect(page.get_by_test_id(there).first).to_be_visible()
        assert shifted(page) == []
        page.get_by_test_id("close-sheet").click()


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


# What the page's own script does to the results, and how many are drawn, as they are scrolled.
WATCH = """
window.changes = []
new MutationObserver((list) => window.changes.push(...list.map((m) => m.type + ' ' + m.target.className)))
  .observe(document.querySelector('[data-testid=results]'), { childList: true, attributes: true, subtree: true })
"""
DRAWN = """() => [...document.querySelectorAll('[data-testid=hit] .picture')]
  .filter((e) => e.checkVisibility({ contentVisibilityAuto: true })).length"""


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_five_hundred_results_are_scrolled_without_work_for_the_page(visit: Visit, width: int, height: int) -> None:
    page = visit("about:blank", width=width, height=height)
    page.add_init_script(OBSERVE)
    many(page, 500)
    page.goto(visit.site + "/?q=person")
    expect(page.get_by_test_id("hit")).to_have_count(500)
    page.wait_for_load_state("networkidle")
    page.evaluate(WATCH)
    drawn, steps = [], 0
    while page.evaluate("window.scrollY + window.innerHeight < document.documentElement.scrollHeight - 1"):
        page.mouse.wheel(0, 1500)
        page.wait_for_timeout(60)
        drawn.append(page.evaluate(DRAWN))
        steps += 1
        assert steps < 400
    assert steps > 8
    assert max(drawn) < 100  # tiles that cost anything at a time
    assert page.evaluate("window.changes") == []  # scrolling is the browser's alone: nothing is laid anew
    assert shifted(page) == []
    boxes = page.get_by_test_id("match-box").count()
    assert page.locator("*").count() < 500 * MOST_OF_TILE + boxes * MOST_OF_BOX


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


def ids(page: Page) -> list[str]:
    return [hit.get_attribute("data-image") or "" for hit in page.get_by_test_id("hit").all()]


def test_turning_goes_on_behind_the_last_result_that_is_there(visit: Visit) -> None:
    page = visit("/?sort=-ingested_at", height=500)
    expect(page.get_by_test_id("count")).not_to_be_empty()
    first = ids(page)[:PAGE]
    page.goto(f"{visit.site}/?sort=-ingested_at&open={first[-1]}")
    expect(page.get_by_test_id("picture-facts")).to_be_visible()
    expect(page.get_by_test_id("hit")).to_have_count(PAGE)
    with page.expect_response(re.compile("/search$")) as waited:
        page.keyboard.press("ArrowRight")
    behind = waited.value.json()["hits"][0]["image_id"]
    assert behind not in first
    expect(page).to_have_url(re.compile(f"open={behind}"))
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(f"open={first[-1]}"))


def test_turning_says_so_when_more_did_not_come(visit: Visit) -> None:
    page = visit("/?sort=-ingested_at", height=500)
    expect(page.get_by_test_id("count")).not_to_be_empty()
    last = ids(page)[PAGE - 1]
    page.goto(f"{visit.site}/?sort=-ingested_at&open={last}")
    expect(page.get_by_test_id("hit")).to_have_count(PAGE)
    page.route("**/search", lambda route: route.abort())
    page.keyboard.press("ArrowRight")
    viewer = page.get_by_test_id("viewer")
    expect(viewer.get_by_test_id("problem")).to_have_attribute("data-code", "offline")
    page.unroute("**/search")
    viewer.get_by_test_id("retry").click()
    expect(page).not_to_have_url(re.compile(last))
    expect(viewer.get_by_test_id("problem")).to_have_count(0)


def test_the_end_of_the_results_is_said(visit: Visit) -> None:
    page = visit("/?f=label:dog&sort=-ingested_at")
    expect(page.get_by_test_id("count")).not_to_be_empty()
    page.get_by_test_id("open").last.click()
    expect(page.get_by_test_id("picture-facts")).to_be_visible()
    expect(page.get_by_test_id("next")).to_have_count(0)
    address = page.url
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("turned")).to_have_text("This is the last result.")
    assert page.url == address
    page.keyboard.press("ArrowLeft")
    expect(page).not_to_have_url(address)
    expect(page.get_by_test_id("turned")).to_be_empty()


def scrolled(page: Page) -> int:
    """Scrolls until a second page of results stands there; the place it came to."""
    expect(page.get_by_test_id("count")).not_to_be_empty()
    while page.get_by_test_id("hit").count() <= PAGE:
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(150)
    page.wait_for_load_state("networkidle")
    return int(page.evaluate("window.scrollY"))


def at(page: Page, place: int) -> None:
    page.wait_for_function("place => Math.abs(window.scrollY - place) < 4", arg=place)


def test_a_reload_finds_as_many_results_at_the_same_place(visit: Visit) -> None:
    page = visit("/?sort=-ingested_at")
    place = scrolled(page)
    before = ids(page)
    sent = searches(page)
    page.reload()
    expect(page.get_by_test_id("hit")).to_have_count(len(before))
    assert ids(page) == before
    at(page, place)
    assert len(sent) == 1  # asked for at once, not page by page


def test_after_a_reload_an_opened_picture_is_still_one_of_the_results(visit: Visit) -> None:
    page = visit()
    look(page, "person")
    place = scrolled(page)
    tile = page.get_by_test_id("hit").nth(PAGE + 1)
    tile.scroll_into_view_if_needed()
    place = page.evaluate("window.scrollY")
    tile.get_by_test_id("open").click()
    expect(page.get_by_test_id("picture-facts")).to_be_visible()
    boxes = page.get_by_test_id("stage").locator(".best").count()
    page.reload()
    expect(page.get_by_test_id("picture-facts")).to_be_visible()
    expect(page.get_by_test_id("previous")).to_be_visible()
    expect(page.get_by_test_id("stage").locator(".best")).to_have_count(boxes)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    at(page, place)
    page.go_back()  # closing was the step back to the results, so this one leaves them
    expect(page.get_by_test_id("start")).to_be_visible()


def test_back_finds_them_also_when_the_page_was_reloaded_meanwhile(visit: Visit) -> None:
    page = visit("/?sort=-ingested_at")
    place = scrolled(page)
    before = ids(page)
    page.get_by_test_id("similar").nth(page.get_by_test_id("similar").count() - 5).dispatch_event("click")
    expect(page.get_by_test_id("query-panel")).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("query-panel")).to_be_visible()
    expect(page.get_by_test_id("count")).not_to_be_empty()
    page.go_back()
    expect(page.get_by_test_id("query-panel")).to_have_count(0)
    expect(page.get_by_test_id("hit")).to_have_count(len(before))
    at(page, place)


def test_thumbnails_are_as_wide_as_their_tile_needs(visit: Visit) -> None:
    page = visit()
    look(page, "person")
    picture = page.get_by_test_id("hit").first.locator("img")
    expect(picture).to_be_visible()
    assert re.match(r"\S+w=320\S* 320w, \S+w=640\S* \d+w$", picture.get_attribute("srcset") or "")
    page.wait_for_function("e => e.complete && e.naturalWidth", arg=picture.element_handle())
    tile_width, took = picture.evaluate("e => [e.getBoundingClientRect().width, e.currentSrc]")
    assert f"w={320 if tile_width <= 320 else 640}" in took
    assert page.get_by_test_id("hit").last.locator("img").get_attribute("loading") == "lazy"
