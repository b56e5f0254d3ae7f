"""What stands there when there is nothing to find yet: what happened and the one thing to do, in either language."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser

LATIN = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{2,}){3,}")  # four words of English in a row


def with_collections(page: Page, **changes: Any) -> None:
    """What the service says of its collections, changed."""

    def answer(route: Route) -> None:
        listed = route.fetch().json()["collections"]
        body = {"collections": [entry | changes for entry in listed if entry["name"] == "photos"]}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route("**/v1/collections", answer)


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_a_server_that_is_away_is_told_with_what_repairs_it(visit: Visit, width: int, language: str) -> None:
    page = visit("about:blank", width=width, language=language)
    lacks = {"name": "elasticsearch", "detail": "Elasticsearch cannot be reached: refused", "repair": "Start it."}
    body = json.dumps({"code": "unavailable", "missing": [lacks]})
    page.route("**/readyz", lambda route: route.fulfill(status=503, content_type="application/json", body=body))
    page.goto(visit.site)
    strip = page.get_by_test_id("missing")
    expect(strip).to_contain_text("boxlens es start")
    details = strip.locator("details")
    if language == "zh-CN":
        expect(details).not_to_have_attribute("open", "")
        assert not LATIN.search(strip.inner_text())
    expect(details.locator("[lang=en]")).to_contain_text("refused")
    page.unroute("**/readyz")
    strip.get_by_role("button").click()
    expect(strip).to_have_count(0)


@pytest.mark.parametrize(("width", "language"), [(390, "en-US"), (1440, "zh-CN")], ids=["phone", "desk"])
def test_models_that_do_not_suit_the_pictures_are_told_with_the_command(
    visit: Visit, width: int, language: str
) -> None:
    page = visit("about:blank", width=width, language=language, dark=True)
    with_collections(page, objects=3, images=120, pack="demo")
    page.goto(f"{visit.site}/?c=photos")
    expect(page.get_by_test_id("unfit")).to_contain_text("demo")
    expect(page.locator("pre")).to_have_text("./boxlens collections swap photos --pack photos")
    box = page.locator("pre").bounding_box()
    assert box
    assert box["x"] + box["width"] <= width


def test_few_objects_are_no_fault_where_only_sure_ones_were_asked_for(visit: Visit) -> None:
    page = visit("about:blank", width=390)
    with_collections(page, objects=3, images=120, pack="demo", score_threshold=0.6)
    page.goto(f"{visit.site}/?c=photos")
    expect(page.get_by_test_id("all-pictures")).to_contain_text("120")
    expect(page.get_by_test_id("unfit")).to_have_count(0)


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_an_empty_collection_asks_for_pictures(visit: Visit, width: int, language: str) -> None:
    page = visit("about:blank", width=width, language=language, touch=width == 390)
    with_collections(page, objects=0, images=0)
    page.goto(f"{visit.site}/?c=photos")
    expect(page.get_by_test_id("empty-collection")).to_be_visible()
    page.get_by_test_id("add-first").click()
    expect(page.get_by_test_id("add-files")).to_be_attached()
