"""Numbers that can be trusted: the order is theirs, what is weak stands behind an edge, counts agree, and how sure the
detector was is said in words."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.e2e.album import make_album
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser

SIDES = pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
WORDS = {"zh-CN": "人", "en-US": "person"}
SURE = {"zh-CN": re.compile("置信度"), "en-US": re.compile("certain")}
YELLOW = "rgb(255, 214, 10)"


def opened(visit: Visit, path: str, width: int, language: str) -> Page:
    return visit(path, width=width, height=844, language=language, touch=width == 390)


def number(text: str) -> int:
    """The first number in a text."""
    match = re.search(r"\d[\d,]*", text)
    assert match, text
    return int(match[0].replace(",", ""))


def top(what: Locator) -> float:
    box = what.bounding_box()
    assert box
    return box["y"]


@SIDES
def test_the_order_is_that_of_the_number_shown_and_weak_ones_stand_behind_an_edge(
    visit: Visit, width: int, language: str
) -> None:
    page = opened(visit, "about:blank", width, language)
    sides: dict[str, bool] = {}

    def with_weak_ones_at_the_end(route: Route) -> None:
        """The first page alone, as if the server had marked its last two hits; whatever is stored, some are weak."""
        body = route.fetch().json()
        for place, hit in enumerate(body["hits"][-2:]):
            hit |= {"weak": True, "relevance": 0.02 - 0.01 * place}
        sides.update({hit["image_id"]: hit["weak"] for hit in body["hits"]})
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body | {"next_cursor": None}))

    page.route("**/search", with_weak_ones_at_the_end)
    page.goto(f"{visit.site}/?q={WORDS[language]}&rel=all")
    tiles = page.get_by_test_id("hit")
    expect(tiles.first).to_be_visible()
    shown = [number(why.get_attribute("aria-label") or "") for why in page.get_by_test_id("why").all()]
    assert len(shown) > 4
    assert shown == sorted(shown, reverse=True)
    edge = page.get_by_test_id("weak-edge")
    expect(edge).to_have_count(1)
    for tile in tiles.all():
        assert (top(tile) > top(edge)) == sides[tile.get_attribute("data-image") or ""]


@SIDES
def test_yellow_is_the_match_and_how_sure_the_detector_was_is_said_in_words(
    visit: Visit, width: int, language: str
) -> None:
    page = opened(visit, f"/?q={WORDS[language]}", width, language)
    tile = page.get_by_test_id("hit").first
    expect(tile.locator(".boxes .best .line").first).to_have_css("stroke", YELLOW)
    expect(tile.locator(".level .reached")).not_to_have_css("fill", YELLOW)
    assert not SURE[language].search(tile.inner_text())
    tile.get_by_test_id("open").click()
    expect(page.get_by_test_id("picture-facts")).to_be_attached()
    for line in page.get_by_test_id("viewer-similar").filter(has_text="%").all():
        expect(line).to_contain_text(SURE[language])
    expect(page.locator(".viewer .dot.matched").first).to_have_css("background-color", YELLOW)


@SIDES
def test_where_nothing_says_how_near_they_are_proposals_do_not_hide_the_picture(
    visit: Visit, width: int, language: str
) -> None:
    page = opened(visit, "about:blank", width, language)

    def of_a_small_collection(route: Route) -> None:
        body = route.fetch().json()
        for hit in body["hits"]:
            box = next((o for o in hit["objects"] if o["kind"] != "frame"), hit["objects"][0])
            kinds = enumerate(("proposal", "object", "proposal", "proposal"))
            hit["objects"] = [box | {"object_id": f"{box['object_id']}{n}", "kind": kind} for n, kind in kinds]
            hit["relevance"] = None
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route("**/search", of_a_small_collection)
    page.goto(f"{visit.site}/?q={WORDS[language]}")
    tile = page.get_by_test_id("hit").first
    expect(tile).to_be_visible()
    expect(tile.get_by_test_id("match-box")).to_have_count(2)  # the best match, and the object
    expect(tile).to_contain_text("+1")


@SIDES
def test_counts_agree_with_one_another(visit: Visit, width: int, language: str) -> None:
    page = opened(visit, "/", width, language)
    everything = page.get_by_test_id("all-pictures")
    images = number(everything.inner_text())
    in_the_foot = page.get_by_test_id("service-line").locator(":scope > span", has_text=re.compile(r"^[\d,]+"))
    assert number(in_the_foot.first.inner_text()) == images
    everything.click()
    expect(page.get_by_test_id("count")).to_contain_text(re.compile(r"\d"))
    assert number(page.get_by_test_id("count").inner_text()) == images


@SIDES
def test_a_deleted_picture_leaves_the_example_of_the_start_too(visit: Visit, width: int, language: str) -> None:
    album = make_album(visit.site)
    page = opened(visit, f"/?c={album.collection}", width, language)
    example = page.get_by_test_id("example").get_by_test_id("hit")
    expect(example.first).to_be_visible()
    gone = page.locator(f"[data-image='{example.first.get_attribute('data-image')}']")
    example.first.get_by_test_id("open").click()
    page.get_by_test_id("delete").click()
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    expect(page.get_by_test_id("undo-note")).to_be_visible()
    expect(gone).to_have_count(0)
    page.get_by_test_id("undo").click()
    expect(gone).to_have_count(1)
