"""The page on a phone: fingers scroll, draw, turn and close."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import CDPSession, Page, expect
from tests.e2e.album import Album
from tests.e2e.conftest import Visit
from tests.e2e.steps import give, look, searches

pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize("language", ["en-US", "zh-CN"])

Place = tuple[float, float]


class Finger:
    """One finger on the glass."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._page = page

    def _send(self, kind: str, *at: Place) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def sweep(self, start: Place, end: Place, *, rests_ms: int = 0) -> None:
        self._send("touchStart", start)
        self._page.wait_for_timeout(rests_ms)
        for step in range(1, 9):
            share = step / 8
            self._send("touchMove", (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share))
        self._send("touchEnd")


def on_phone(visit: Visit, language: str, path: str = "/", *, width: int = 390, height: int = 844) -> Page:
    return visit(path, width=width, height=height, touch=True, language=language)


def middle(page: Page, name: str) -> Place:
    box = page.get_by_test_id(name).first.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@BOTH
def test_a_finger_scrolls_over_the_query_picture_and_draws_when_it_rested(visit: Visit, language: str) -> None:
    page = on_phone(visit, language)
    give(page)
    address, finger = page.url, Finger(page)
    x, y = middle(page, "box-editor")
    finger.sweep((x, y + 60), (x, y - 60))
    page.wait_for_function("window.scrollY > 40")
    assert page.url == address  # nothing was drawn
    page.evaluate("window.scrollTo(0, 0)")
    x, y = middle(page, "box-editor")
    with page.expect_response(re.compile("/search$")):
        finger.sweep((x - 60, y - 40), (x + 50, y + 40), rests_ms=700)
    expect(page).not_to_have_url(address)
    assert page.evaluate("window.scrollY") == 0


@BOTH
def test_sweeps_turn_and_close_the_opened_picture(visit: Visit, language: str) -> None:
    page = on_phone(visit, language)
    look(page, "person")
    page.get_by_test_id("open").first.tap()
    expect(page.get_by_test_id("picture-facts")).to_be_visible()
    first, finger = page.url, Finger(page)
    x, y = middle(page, "stage")
    finger.sweep((x + 100, y), (x - 100, y))
    expect(page).not_to_have_url(first)
    finger.sweep((x - 100, y), (x + 100, y))
    expect(page).to_have_url(first)
    finger.sweep((x, y - 60), (x, y + 120))
    expect(page.get_by_test_id("viewer")).to_have_count(0)


@BOTH
def test_a_finger_draws_a_part_of_the_opened_picture_and_searches_it(visit: Visit, language: str) -> None:
    page = on_phone(visit, language)
    look(page, "person")
    page.get_by_test_id("open").first.tap()
    expect(page.get_by_test_id("picture-facts")).to_be_attached()
    page.get_by_test_id("draw-part").tap()
    expect(page.get_by_test_id("part")).to_be_visible()
    x, y = middle(page, "canvas")
    with page.expect_response(re.compile("/search$")):
        Finger(page).sweep((x - 100, y - 40), (x + 90, y + 50))  # it neither turns nor closes
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    expect(page).to_have_url(re.compile("obj=[0-9a-f]{64}(@|%40)"))
    expect(page.get_by_test_id("chosen-box")).to_be_visible()


HELD = pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390)], ids=["upright", "on its side"])


@BOTH
@HELD
def test_the_way_out_is_where_the_thumb_is_and_the_picture_has_the_room(
    visit: Visit, language: str, width: int, height: int
) -> None:
    page = on_phone(visit, language, width=width, height=height)
    look(page, "dog")
    page.get_by_test_id("open").first.tap()
    expect(page.get_by_test_id("picture-facts")).to_be_visible()
    x, y = middle(page, "close-viewer")
    assert x > width * 0.8
    assert y > height * 0.8
    stage = page.get_by_test_id("stage").bounding_box()
    assert stage
    assert stage["width"] * stage["height"] > width * height * 0.5
    spot = page.get_by_test_id("viewer-spot").last
    spot.tap()  # a tap on a box searches it
    expect(page).to_have_url(re.compile("obj="))


@BOTH
@HELD
def test_what_is_done_with_a_map_and_a_timeline_is_seen_without_scrolling(
    visit: Visit, album: Album, language: str, width: int, height: int
) -> None:
    page = on_phone(visit, language, f"/?c={album.collection}", width=width, height=height)
    page.get_by_test_id("open-map").tap()
    page.get_by_test_id("place-on-map").first.tap()
    for name in ("map-show", "map-seen", "map-in", "map-out"):
        expect(page.get_by_test_id(name)).to_be_in_viewport(ratio=1)
    stage = page.get_by_test_id("map-stage").bounding_box()
    assert stage
    assert stage["width"] > 320
    assert middle(page, "map-in")[1] == middle(page, "map-out")[1] < stage["y"] + stage["height"]
    page.get_by_test_id("around-time").tap()
    page.locator("[data-testid=bar]:enabled").last.tap()
    for name in ("timeline-show", "timeline-extend"):
        expect(page.get_by_test_id(name)).to_be_in_viewport(ratio=1)


@BOTH
def test_back_closes_a_sheet_and_only_then_goes_back(visit: Visit, language: str) -> None:
    page = on_phone(visit, language)
    expect(page.get_by_test_id("start")).to_be_visible()
    look(page, "person")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    address, sheet = page.url, page.get_by_test_id("sheet")
    for name in ("filters", "open-map", "open-time", "open-saved"):
        page.get_by_test_id(name).tap()
        expect(sheet).to_be_visible()
        page.evaluate("history.back()")
        expect(sheet).to_have_count(0)
        expect(page).to_have_url(address)
    look(page, "dog")
    expect(page).not_to_have_url(address)
    expect(page.get_by_test_id("count")).not_to_be_empty()
    page.get_by_test_id("filters").tap()
    expect(sheet).to_be_visible()
    page.evaluate("history.back()")
    expect(sheet).to_have_count(0)
    sent = searches(page)
    page.evaluate("history.back()")
    expect(page).to_have_url(address)
    expect(page.get_by_test_id("open").first).to_be_visible()
    assert sent == []  # the results were kept
