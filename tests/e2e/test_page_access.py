"""WCAG 2.2 AA as axe sees it, on every state of the page: both looks in each of the languages, at either width."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.album import Album
from tests.e2e.conftest import Visit
from tests.e2e.steps import DOG, HORSES, NO_PICTURE, give, look, stray_spaces, violations

pytestmark = pytest.mark.browser


def start(page: Page) -> None:
    expect(page.get_by_test_id("hit").first).to_be_visible()


def results(page: Page) -> None:
    look(page, "dog")
    expect(page.get_by_test_id("count")).not_to_be_empty()


def opened(page: Page) -> None:
    results(page)
    page.get_by_test_id("open").first.click()
    expect(page.get_by_test_id("viewer-similar").first).to_be_visible()


def described(page: Page) -> None:
    opened(page)
    page.get_by_test_id("edit-words").click()
    expect(page.get_by_test_id("caption-field")).to_be_focused()


def object_described(page: Page) -> None:
    opened(page)
    page.get_by_test_id("describe-object").first.click()
    expect(page.get_by_test_id("caption-field")).to_be_focused()


def objects(page: Page) -> None:
    results(page)
    page.get_by_test_id("by-object").click()
    expect(page).to_have_url(re.compile("by=object"))
    expect(page.get_by_test_id("results")).to_have_attribute("aria-busy", "false")


def listed(page: Page) -> None:
    page.get_by_test_id("all-pictures").click()
    expect(page.get_by_test_id("count")).not_to_be_empty()


def explained(page: Page) -> None:
    results(page)
    page.get_by_test_id("why").first.click()
    expect(page.get_by_test_id("why-note")).to_be_visible()


def several(page: Page) -> None:
    page.get_by_test_id("file").set_input_files([HORSES, DOG])
    expect(page.get_by_test_id("query-tab")).to_have_count(2)
    page.get_by_test_id("several").click()
    page.locator("[data-testid=choice][aria-pressed=false]").first.click()
    expect(page.get_by_test_id("also-box")).to_have_count(1)
    expect(page.locator("[data-testid=results][aria-busy=false]")).to_be_visible()  # results of before are dimmed


def recent(page: Page) -> None:
    look(page, "dog -cat")
    expect(page.get_by_test_id("count")).not_to_be_empty()
    page.get_by_test_id("wipe").click()
    expect(page.get_by_test_id("recent-one").first).to_be_visible()


def adding(page: Page) -> None:
    page.get_by_test_id("add-files").set_input_files([HORSES, NO_PICTURE])
    expect(page.get_by_test_id("add-count")).to_contain_text("1")
    expect(page.get_by_test_id("add-again")).to_be_visible()


def status(page: Page) -> None:
    page.get_by_test_id("open-status").click()
    expect(page.get_by_test_id("status-ready")).to_be_visible()


def shortcuts(page: Page) -> None:
    start(page)
    page.keyboard.press("?")
    expect(page.get_by_test_id("shortcuts").first).to_be_visible()


def filtered(page: Page) -> None:
    page.goto(page.url + "?q=two+persons&f=colour:black&f=area:0.05..0.25")
    expect(page.get_by_test_id("condition")).to_have_count(2)
    expect(page.get_by_test_id("read-chip")).to_be_visible()
    page.get_by_test_id("filters").click()
    expect(page.get_by_test_id("filter-panel")).to_have_attribute("aria-busy", "false")


def several_things(page: Page) -> None:
    look(page, "person and car")
    expect(page.get_by_test_id("parts").first).to_be_visible()


def relaxing(page: Page) -> None:
    page.goto(page.url + "?q=dog&f=label:person&rel=all")
    expect(page.get_by_test_id("relax").first).to_be_visible()


def nothing(page: Page) -> None:
    look(page, "zeppelinqqq")
    expect(page.get_by_test_id("nothing")).to_be_visible()


def selecting(page: Page) -> None:
    results(page)
    page.get_by_test_id("select").click()
    page.get_by_test_id("tick").first.check()
    page.get_by_test_id("selection-tag").click()
    expect(page.get_by_test_id("selection-tags")).to_be_visible()


def suggesting(page: Page) -> None:
    page.get_by_test_id("words").press_sequentially("pers")
    expect(page.get_by_test_id("suggestion").first).to_be_visible()
    page.keyboard.press("ArrowDown")


def around_in_time(page: Page) -> None:
    page.get_by_test_id("open-time").click()
    expect(page.get_by_test_id("undated").or_(page.get_by_test_id("bar").first)).to_be_visible()


def refused(page: Page) -> None:
    page.get_by_test_id("file").set_input_files(NO_PICTURE)
    expect(page.get_by_test_id("problem")).to_be_visible()


def drawing_a_part(page: Page) -> None:
    opened(page)
    page.get_by_test_id("draw-part").click()
    expect(page.get_by_test_id("part").get_by_test_id("chosen-box")).to_be_visible()


def correcting(page: Page) -> None:
    opened(page)
    page.get_by_test_id("correct-object").first.click()
    expect(page.get_by_test_id("label-field")).to_be_focused()


def on_the_map(page: Page) -> None:
    page.get_by_test_id("open-map").click()
    expect(page.get_by_test_id("placeless").or_(page.get_by_test_id("map-stage"))).to_be_visible()


def saved(page: Page) -> None:
    results(page)
    page.get_by_test_id("open-saved").click()
    expect(page.get_by_test_id("saved-name")).to_be_visible()


def exporting(page: Page) -> None:
    results(page)
    page.get_by_test_id("select").click()
    page.get_by_test_id("tick").first.check()
    page.get_by_test_id("selection-export").click()
    expect(page.get_by_test_id("export-zip")).to_be_visible()


def away(page: Page) -> None:
    start(page)
    page.route("**/v1/**", lambda route: route.abort())
    look(page, "dog")
    expect(page.get_by_test_id("problem").first).to_be_visible()


def without_a_key(page: Page) -> None:
    start(page)
    refusal = '{"code": "denied"}'
    page.route("**/v1/**", lambda r: r.fulfill(status=401, content_type="application/problem+json", body=refusal))
    look(page, "dog")
    expect(page.get_by_test_id("key").first).to_be_visible()


def lacking(page: Page) -> None:
    body = '{"code": "unavailable", "missing": [{"name": "elasticsearch", "detail": "refused", "repair": "Start it."}]}'
    page.route("**/readyz", lambda r: r.fulfill(status=503, content_type="application/json", body=body))
    page.reload()
    expect(page.get_by_test_id("missing")).to_be_visible()


def empty(page: Page) -> None:
    page.goto(page.url + "?c=nothing-here")
    expect(page.get_by_test_id("empty-collection")).to_be_visible()


STATES = [
    start,
    results,
    give,
    several,
    recent,
    opened,
    described,
    object_described,
    objects,
    listed,
    explained,
    adding,
    status,
    shortcuts,
    filtered,
    several_things,
    relaxing,
    nothing,
    selecting,
    suggesting,
    around_in_time,
    on_the_map,
    drawing_a_part,
    correcting,
    saved,
    exporting,
    refused,
    away,
    without_a_key,
    lacking,
    empty,
]


LANGUAGES = pytest.mark.parametrize(
    ("language", "width", "other_width"), [("en-US", 1440, 390), ("zh-CN", 390, 1440)], ids=["en", "zh"]
)


def expect_accessible(page: Page, other_width: int) -> None:
    """Light as wide as it is, and dark at the other width; Chinese is set without spaces."""
    assert violations(page) == []
    page.set_viewport_size({"width": other_width, "height": 900})
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-look", "dark")
    assert violations(page) == []
    assert stray_spaces(page) == []


@pytest.mark.parametrize("state", STATES, ids=lambda s: s.__name__)
@LANGUAGES
def test_axe_finds_nothing(
    visit: Visit, state: Callable[[Page], None], language: str, width: int, other_width: int
) -> None:
    page = visit(width=width, language=language)
    state(page)
    expect_accessible(page, other_width)


def dated(page: Page) -> None:
    page.get_by_test_id("open-time").click()
    page.locator("[data-testid=bar]:enabled").last.click()
    expect(page.get_by_test_id("timeline-show")).to_be_visible()


def placed(page: Page) -> None:
    page.get_by_test_id("open-map").click()
    page.get_by_test_id("map-list").get_by_role("button").first.click()
    expect(page.locator("[data-testid=place-on-map][aria-pressed=true]").first).to_be_visible()


def facets(page: Page) -> None:
    page.get_by_test_id("all-pictures").click()
    page.get_by_test_id("filters").click()
    expect(page.get_by_test_id("filter-place").first).to_be_visible()


@pytest.mark.parametrize("state", [dated, placed, facets], ids=lambda s: s.__name__)
@LANGUAGES
def test_axe_finds_nothing_where_dates_and_places_are(
    visit: Visit, album: Album, state: Callable[[Page], None], language: str, width: int, other_width: int
) -> None:
    page = visit(f"/?c={album.collection}", width=width, language=language)
    state(page)
    expect_accessible(page, other_width)
