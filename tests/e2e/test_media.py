"""The page in forced colours, on paper and without script: what must be seen is seen, and tools are not printed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.steps import give, look

pytestmark = pytest.mark.browser

EDGES = """e => {
  const s = getComputedStyle(e)
  return s.borderTopStyle === 'solid' && parseFloat(s.borderTopWidth) >= 1 && s.borderTopColor !== s.backgroundColor
}"""
COLOURS = "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor] }"
RING = """e => {
  const s = getComputedStyle(e)
  return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 && s.outlineColor !== s.backgroundColor
}"""


def forced(visit: Visit, path: str = "/", *, width: int = 1440, dark: bool = False) -> Page:
    page = visit(path, width=width, dark=dark)
    page.emulate_media(forced_colors="active")
    return page


def printed(page: Page, *names: str) -> list[str]:
    """Those of the test ids that stand on paper."""
    return [name for name in names if page.get_by_test_id(name).first.is_visible()]


def edged(what: Locator) -> bool:
    return bool(what.evaluate(EDGES))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_edges_and_what_is_chosen_are_seen_in_forced_colours(visit: Visit, dark: bool) -> None:
    page = forced(visit, "/?q=person&f=colour:black", dark=dark)
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.get_by_test_id("filters").click()
    expect(page.get_by_test_id("filter-panel")).to_have_attribute("aria-busy", "false")
    for name in ("query-bar", "condition", "select", "add"):
        assert edged(page.get_by_test_id(name).first), name
    chosen = [page.get_by_test_id(name) for name in ("filters", "by-image")]
    chosen.append(page.get_by_test_id("filter-panel").locator("[aria-pressed=true]").first)
    for what in chosen:
        colour, ground = what.evaluate(COLOURS)
        assert colour != ground
        assert ground not in (page.locator("body").evaluate(COLOURS)[1], "rgba(0, 0, 0, 0)")
    by_image = page.get_by_test_id("by-image")
    page.get_by_test_id("select").focus()
    page.keyboard.press("Tab")
    while not by_image.evaluate("e => e === document.activeElement"):
        page.keyboard.press("Tab")
    assert by_image.evaluate(RING)  # that it is chosen does not hide that it has the focus
    page.get_by_test_id("words").focus()
    assert page.get_by_test_id("query-bar").evaluate(RING)


@pytest.mark.parametrize("width", [390, 1440])
def test_boxes_meters_and_selected_tiles_are_seen_in_forced_colours(visit: Visit, width: int) -> None:
    page = forced(visit, width=width, dark=True)
    look(page, "dog")
    hit = page.get_by_test_id("hit").first
    expect(hit).to_be_visible()
    line = hit.locator(".boxes .best .line").first
    assert line.evaluate("e => getComputedStyle(e).stroke") == "rgb(255, 214, 10)"  # the match is yellow here too
    rail, reached = (
        hit.locator(f".level .{part}").evaluate("e => getComputedStyle(e).fill") for part in ("rail", "reached")
    )
    assert rail != reached
    page.get_by_test_id("select").click()
    page.get_by_test_id("tick").first.check()
    assert hit.locator(".picture").evaluate(RING)
    assert edged(page.get_by_test_id("selection"))
    page.get_by_test_id("add").click()
    assert edged(page.locator(".adding"))


@pytest.mark.parametrize("width", [390, 1440])
def test_paper_shows_what_was_asked_and_found_and_no_tools(visit: Visit, width: int) -> None:
    page = visit("/?q=person&f=colour:black", width=width, dark=True)
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.get_by_test_id("select").click()
    page.get_by_test_id("tick").first.check()
    page.emulate_media(media="print")
    tools = (
        "add",
        "look",
        "language",
        "submit",
        "filters",
        "selection",
        "select",
        "sort",
        "tick",
        "by-object",
        "without-add",
    )
    assert printed(page, *tools) == []
    assert printed(page, "words", "condition", "count", "hit") == ["words", "condition", "count", "hit"]
    hit = page.get_by_test_id("hit").first
    expect(hit.locator("img")).to_be_visible()
    expect(hit.locator(".boxes .best .line").first).to_be_visible()
    assert (
        page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") != "rgb(15, 17, 19)"
    )  # no black paper
    skipped = page.get_by_test_id("hit").evaluate_all(
        "es => es.filter((e) => getComputedStyle(e).contentVisibility !== 'visible').length"
    )
    assert skipped == 0  # also those off the screen
    page.set_viewport_size({"width": 700, "height": 900})  # as paper is narrower
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_an_opened_picture_is_printed_with_its_boxes_and_facts(visit: Visit) -> None:
    page = visit("/?q=dog")
    page.get_by_test_id("open").first.click()
    expect(page.get_by_test_id("picture-facts")).to_be_visible()
    page.emulate_media(media="print")
    picture = page.get_by_test_id("canvas").locator("img").last
    expect(picture).to_be_visible()
    box, boxes = picture.bounding_box(), page.get_by_test_id("canvas").locator(".boxes").bounding_box()
    assert box
    assert boxes
    assert box["width"] > 300
    assert boxes == pytest.approx(box, abs=1)
    facts = page.get_by_test_id("picture-facts").bounding_box()
    assert facts
    assert facts["y"] >= box["y"] + box["height"]
    assert printed(page, "close-viewer", "delete", "next", "zoom-in", "edit-words") == []


def test_the_query_picture_is_printed_with_its_box(visit: Visit) -> None:
    page = visit()
    give(page)
    page.emulate_media(media="print")
    expect(page.get_by_test_id("query-picture")).to_be_visible()
    expect(page.get_by_test_id("chosen-box")).to_be_visible()
    assert printed(page, "draw", "several") == []


def test_without_script_the_page_says_what_it_needs(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    said = page.locator("noscript p")  # of both languages, as none is known without script
    expect(said).to_have_count(2)
    assert [text.is_visible() for text in said.all()] == [True, True]
    assert "switch it on" in said.first.inner_text()
    assert "请为此网址启用后刷新页面" in said.last.inner_text()
    context.close()
