"""The page on a phone: fingers scroll, draw, turn and close."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import CDPSession, Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.steps import give, look

pytestmark = pytest.mark.browser

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


def on_phone(visit: Visit, path: str = "/", *, width: int = 390, height: int = 844) -> Page:
    return visit(path, width=width, height=height, touch=True)


def middle(page: Page, name: str) -> Place:
    box = page.get_by_test_id(name).first.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_finger_scrolls_over_the_query_picture_and_draws_when_it_rested(visit: Visit) -> None:
    page = on_phone(visit)
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


def test_sweeps_turn_and_close_the_opened_picture(visit: Visit) -> None:
    page = on_phone(visit)
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


def test_a_finger_draws_a_part_of_the_opened_picture_and_searches_it(visit: Visit) -> None:
    page = on_phone(visit)
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


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390)])
def test_the_way_out_is_where_the_thumb_is_and_the_picture_has_the_room(visit: Visit, width: int, height: int) -> None:
    page = on_phone(visit, width=width, height=height)
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
