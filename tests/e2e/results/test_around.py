"""Looking around: a span of the timeline and an area of the map become conditions, by touch and by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.album import SHOTS, Album
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def shot_names(page: Page, album: Album) -> set[str]:
    return set(album.names([hit.get_attribute("data-image") for hit in page.get_by_test_id("hit").all()]))


def taken_in(*begins: str) -> set[str]:
    return {name for name, shot in SHOTS.items() if shot.taken.startswith(begins)}


def pressed(page: Page) -> list[str | None]:
    bars = page.locator("[data-testid=bar][aria-pressed=true]").all()
    return [bar.get_attribute("data-span") for bar in bars if bar.is_enabled()]


def test_a_span_of_the_timeline_is_chosen_by_touch(visit: Visit, album: Album) -> None:
    page = visit(f"/?c={album.collection}", width=390, height=844, language="zh-CN", touch=True)
    page.get_by_test_id("open-time").tap()
    expect(page.get_by_test_id("timeline-said")).to_contain_text("5")
    bars = page.get_by_test_id("bar")
    page.locator("[data-testid=bar][data-span='2022-01']").first.tap()
    expect(page.get_by_test_id("timeline-show")).to_contain_text("1")
    page.get_by_test_id("timeline-extend").tap()
    page.locator("[data-testid=bar][data-span='2023-01']").first.tap()
    expect(page.get_by_test_id("timeline-show")).to_contain_text("4")
    assert "2021-01" not in pressed(page)
    page.get_by_test_id("timeline-show").tap()
    expect(bars).to_have_count(0)
    expect(page.get_by_test_id("hit")).to_have_count(4)
    assert shot_names(page, album) == taken_in("2022", "2023")
    expect(page).to_have_url(re.compile(r"f=taken:2022\.\.2023"))
    chip = page.get_by_test_id("condition")
    expect(chip).to_contain_text("2022")
    chip.tap()
    expect(page.get_by_test_id("condition")).to_have_count(0)


@pytest.mark.parametrize(("language", "july"), [("en-US", "Jul 2023"), ("zh-CN", "2023年7月")])
def test_a_month_is_chosen_by_keyboard_and_given_up_again(visit: Visit, album: Album, language: str, july: str) -> None:
    """The clock of the place counts: the last evening of July is July."""
    page = visit(f"/?c={album.collection}&sort=-taken_at", language=language, dark=True)
    page.get_by_test_id("open-time").press("Enter")
    page.locator("[data-testid=bar][data-span='2023-07']").press("Enter")
    expect(page.get_by_test_id("timeline-said")).to_contain_text(july)
    page.get_by_test_id("timeline-show").press("Enter")
    expect(page.get_by_test_id("hit")).to_have_count(2)
    assert shot_names(page, album) == taken_in("2023:07")
    page.get_by_test_id("open-time").press("Enter")
    expect(page.locator("[data-testid=bar][data-span='2023-07']")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-testid=bar][data-span='2023-11']").press("Shift+Enter")
    expect(page.get_by_test_id("timeline-show")).to_contain_text("3")
    page.get_by_test_id("timeline-all").press("Enter")
    expect(page.get_by_test_id("hit")).to_have_count(len(SHOTS))


@pytest.mark.parametrize(
    ("width", "language", "country"), [(390, "en-US", "China"), (1440, "zh-CN", "中国")], ids=["phone", "desk"]
)
def test_an_area_of_the_map_is_chosen(visit: Visit, album: Album, width: int, language: str, country: str) -> None:
    touch = width == 390
    page = visit(f"/?c={album.collection}", width=width, height=844, language=language, touch=touch)
    page.get_by_test_id("open-map").click()
    place = page.get_by_test_id("place-on-map")
    expect(place.first).to_be_visible()
    expect(page.locator(".outlines path")).to_have_attribute("d", re.compile("M.*Z"))
    stage = page.get_by_test_id("map-stage")
    stage.focus()
    expect(place).to_have_count(1)
    expect(place.first).to_have_attribute("aria-label", re.compile(f"{country}.*3"))
    for key in ("+", "+", "ArrowRight", "-"):
        page.keyboard.press(key)
    expect(page.get_by_test_id("map-out")).to_be_enabled()
    page.keyboard.press("0")
    expect(page.get_by_test_id("map-out")).to_be_disabled()
    page.get_by_test_id("map-list").get_by_role("button").first.press("Enter")
    expect(page.get_by_test_id("map-said")).to_contain_text(country)
    page.get_by_test_id("map-show").click()
    expect(page.get_by_test_id("hit")).to_have_count(3)
    assert shot_names(page, album) == {name for name, shot in SHOTS.items() if shot.place}
    expect(page).to_have_url(re.compile("f=inside:"))
    page.get_by_test_id("filters").click()
    expect(page.get_by_test_id("filter-place").first).to_contain_text(country)
    page.get_by_test_id("filter-map").click()
    page.get_by_test_id("map-all").click()
    expect(page.get_by_test_id("condition")).to_have_count(0)


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_what_says_neither_when_nor_where_is_told(visit: Visit, width: int, language: str) -> None:
    page = visit("/", width=width, height=844, language=language, touch=width == 390)
    page.get_by_test_id("open-map").click()
    expect(page.get_by_test_id("placeless")).to_be_visible()
    page.get_by_test_id("around-time").click()
    expect(page.get_by_test_id("undated").or_(page.get_by_test_id("bar").first)).to_be_visible()
