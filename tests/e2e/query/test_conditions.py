"""What narrows and orders the answer: filters with counts, conditions read from the words, relevance, what to relax."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import cv2
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.steps import DOG, give, look, overlap

pytestmark = pytest.mark.browser


def queries(page: Page, what: str = "search") -> list[dict[str, Any]]:
    """Every whole query the page sends from now on."""
    sent: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        if request.method == "POST" and request.url.endswith(f"/{what}"):
            sent.append(request.post_data_json)

    page.on("request", note)
    return sent


def answered(page: Page, words: str) -> dict[str, Any]:
    """Looks for words; what the service answered."""

    def of_words(response: Any) -> bool:
        sent = response.url.endswith("/search") and response.request.post_data_json["clauses"]
        return bool(sent) and sent[0].get("text") == words

    with page.expect_response(of_words) as waited:
        look(page, words)
    expect(page.get_by_test_id("count").or_(page.get_by_test_id("nothing")).first).not_to_be_empty()
    body: dict[str, Any] = waited.value.json()
    return body


def opened_filters(page: Page) -> Locator:
    page.get_by_test_id("filters").click()
    panel = page.get_by_test_id("filter-panel")
    expect(panel).to_be_visible()
    expect(panel).to_have_attribute("aria-busy", "false")
    return panel


def value(panel: Locator, field: str, name: str) -> Locator:
    return panel.get_by_test_id(f"filter-{field}").locator(f'[data-testid=filter-value][data-value="{name}"]')


def count_of(page: Page) -> int:
    match = re.search(r"\d+", page.get_by_test_id("count").inner_text())
    return int(match[0]) if match else 0


def test_a_chip_narrows_the_answer_to_the_number_it_told(visit: Visit) -> None:
    page = visit()
    answered(page, "person")
    before = count_of(page)
    panel = opened_filters(page)
    colours = panel.get_by_test_id("filter-colour").get_by_test_id("filter-value")
    expect(colours.first).to_be_visible()
    name = colours.nth(1).get_attribute("data-value") or ""
    count = int(value(panel, "colour", name).get_by_test_id("filter-count").inner_text())
    assert 0 < count < before
    with page.expect_response(re.compile("/search$")) as waited:
        value(panel, "colour", name).click()
    hits = waited.value.json()["hits"]
    assert all(name in o["colours"] for hit in hits for o in hit["objects"])
    expect(page.get_by_test_id("count")).to_contain_text(str(count))
    assert count_of(page) == count
    expect(value(panel, "colour", name)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("condition")).to_have_count(1)
    page.get_by_test_id("condition").click()
    expect(page.get_by_test_id("count")).to_contain_text(str(before))
    expect(page).not_to_have_url(re.compile("[?&]f="))


def test_conditions_alone_list_what_they_admit_with_names_in_the_language(visit: Visit) -> None:
    page = visit("/?f=label:dog", language="zh-CN")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    expect(page.get_by_test_id("condition")).to_have_text("狗")
    panel = opened_filters(page)
    expect(value(panel, "label", "person")).to_contain_text("人")  # the others may still be chosen
    count = int(value(panel, "label", "dog").get_by_test_id("filter-count").inner_text())
    assert count_of(page) == count
    expect(page.get_by_test_id("relevance")).to_have_count(0)  # nothing is ranked


def test_how_many_and_text_and_size_become_chips_by_keys_alone(visit: Visit) -> None:
    page = visit("/?f=label:person")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.get_by_test_id("filters").press("Enter")
    panel = page.get_by_test_id("filter-panel")
    panel.get_by_test_id("many-least").fill("3")
    panel.get_by_test_id("many-label").select_option("person")
    sent = queries(page)
    with page.expect_response(re.compile("/search$")) as waited:
        panel.get_by_test_id("many-least").press("Enter")
    assert sent[-1]["filter"]["count"] == {"person": {"gte": 3}}
    assert all(sum(o["label"] == "person" for o in hit["objects"]) >= 3 for hit in waited.value.json()["hits"])
    with page.expect_response(re.compile("/search$")):
        value(panel, "area", "..0.05").press("Enter")
    assert sent[-1]["filter"]["area_share"] == {"lte": 0.05}
    with page.expect_response(re.compile("/search$")):
        panel.get_by_test_id("text-filter").fill("zzz")
        panel.get_by_test_id("text-filter").press("Enter")
    assert sent[-1]["filter"]["ocr_text"] == ["zzz"]
    expect(page.get_by_test_id("condition")).to_have_count(4)
    panel.get_by_test_id("text-filter").press("Escape")
    expect(panel).to_have_count(0)
    expect(page.get_by_test_id("filters")).to_be_focused()


def test_what_was_read_from_the_words_is_shown_and_can_be_taken_off(visit: Visit) -> None:
    page = visit()
    sent = queries(page)
    answer = answered(page, "two persons")
    assert answer["read_from_text"][0]["read_as"] == "all_of"
    assert all(len([o for o in hit["objects"] if o["part"] == 0]) >= 2 for hit in answer["hits"])
    chip = page.get_by_test_id("read-chip")
    expect(chip).to_contain_text(re.compile("at least 2: person"))
    with page.expect_response(re.compile("/search$")) as waited:
        chip.click()
    assert sent[-1]["ignore"] == [answer["read_from_text"][0]["key"]]
    assert waited.value.json()["read_from_text"] == []
    expect(chip).to_have_count(0)
    plain = page.get_by_test_id("plain-chip")
    expect(plain).to_contain_text("two persons")
    plain.click()
    expect(chip).to_be_visible()
    expect(page).not_to_have_url(re.compile("ignore="))


def test_each_thing_of_several_has_its_own_colour_and_name(visit: Visit) -> None:
    page = visit()
    answer = answered(page, "person and car")
    hit = answer["hits"][0]
    tile = page.locator(f'[data-image="{hit["image_id"]}"]')
    expect(tile.get_by_test_id("parts").locator("li")).to_have_text(["person", "car"])
    strokes = {}
    for obj in hit["objects"]:
        line = tile.locator(f'[data-testid=match-box][data-object="{obj["object_id"]}"] .line')
        strokes[obj["part"]] = line.evaluate("e => getComputedStyle(e).stroke")
    assert len({strokes[0], strokes[1]}) == 2


def test_an_empty_answer_says_what_to_relax_and_does_it(visit: Visit) -> None:
    page = visit("/?q=dog&f=label:person&f=colour:purple")
    expect(page.get_by_test_id("nothing")).to_contain_text("dog")
    ways = page.get_by_test_id("relax")
    expect(ways).to_have_text([re.compile("person"), re.compile("purple"), re.compile("all filters")])
    ways.last.click()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    expect(page.get_by_test_id("condition")).to_have_count(0)
    page.go_back()
    expect(page.get_by_test_id("nothing")).to_be_visible()


def test_what_is_less_relevant_is_counted_and_shown_on_demand(visit: Visit) -> None:
    page = visit()
    give(page)
    panel = opened_filters(page)
    slider = panel.get_by_test_id("least-relevance")
    with page.expect_response(re.compile("/search$")) as waited:
        slider.press("End")
    strict = waited.value.json()
    assert strict["cut"]["relevance"] == 1
    assert strict["cut"]["dropped"] > 0
    expect(page).to_have_url(re.compile("rel=100"))
    more = page.get_by_test_id("show-dropped")
    expect(more).to_contain_text(str(strict["cut"]["dropped"]))
    before = page.get_by_test_id("hit").count()
    more.click()
    expect(page.get_by_test_id("hit").nth(before)).to_be_visible()
    expect(panel.get_by_test_id("relevance-all")).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("relevance-chip").click()
    expect(page).not_to_have_url(re.compile("rel="))


def test_sorting_asks_anew_and_orders(visit: Visit) -> None:
    page = visit("/?f=label:person")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    with page.expect_response(re.compile("/search$")) as waited:
        page.get_by_test_id("sort").select_option("-box_area")
    hits = waited.value.json()["hits"]
    shares = [max(o["area_share"] for o in hit["objects"]) for hit in hits]
    assert len(shares) > 5
    assert shares == sorted(shares, reverse=True)
    expect(page.get_by_test_id("hit").first).to_have_attribute("data-image", hits[0]["image_id"])


def rect(what: Locator) -> list[float]:
    sides: list[float] = what.evaluate(
        "e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom] }"
    )
    return sides


@pytest.mark.parametrize("width", [390, 1440])
def test_single_objects_are_shown_by_themselves(visit: Visit, width: int) -> None:
    page = visit("/?q=horse", width=width)
    expect(page.get_by_test_id("hit").first).to_be_visible()
    pictures = page.get_by_test_id("hit").count()
    with page.expect_response(re.compile("/search$")) as waited:
        page.get_by_test_id("by-object").click()
    hits = waited.value.json()["hits"]
    assert len(hits) > pictures
    expect(page.get_by_test_id("hit")).to_have_count(len(hits))
    expect(page.get_by_test_id("count")).to_contain_text(f"{len(hits)} objects")
    for tile, hit in zip(page.get_by_test_id("hit").all(), hits, strict=True):
        (obj,) = hit["objects"]
        tile.scroll_into_view_if_needed()
        frame, line = rect(tile.locator(".picture")), rect(tile.get_by_test_id("match-box").locator(".line"))
        assert tile.get_by_test_id("match-box").get_attribute("data-object") == obj["object_id"]
        seen = [max(frame[0], line[0]), max(frame[1], line[1]), min(frame[2], line[2]), min(frame[3], line[3])]
        assert overlap(seen, line) >= 0.9  # whole in its tile
        assert (line[3] - line[1]) / (frame[3] - frame[1]) > 0.5  # and most of what is seen
        picture = rect(tile.locator("img"))
        x1, y1, x2, y2 = obj["box_norm"]
        w, h = picture[2] - picture[0], picture[3] - picture[1]
        expected = [picture[0] + x1 * w, picture[1] + y1 * h, picture[0] + x2 * w, picture[1] + y2 * h]
        assert overlap(line, expected) >= 0.98
    other = visit(page.url.removeprefix(visit.site), width=width)
    expect(other.get_by_test_id("hit")).to_have_count(len(hits))
    other.get_by_test_id("open").first.click()
    expect(other.get_by_test_id("picture-facts")).to_be_visible()
    first = hits[0]["image_id"]
    other.keyboard.press("ArrowRight")
    expect(other).not_to_have_url(re.compile(first))  # to another picture, not to another object of the same
    page.get_by_test_id("by-image").click()
    expect(page.get_by_test_id("hit")).to_have_count(pictures)


def test_a_link_restores_conditions_for_someone_else(visit: Visit) -> None:
    page = visit()
    answered(page, "two persons")
    page.get_by_test_id("read-chip").click()
    expect(page.get_by_test_id("plain-chip")).to_be_visible()
    panel = opened_filters(page)
    with page.expect_response(re.compile("/search$")):
        panel.get_by_test_id("filter-position").get_by_test_id("filter-value").first.click()
    with page.expect_response(re.compile("/search$")):
        page.get_by_test_id("sort").select_option("-box_area")
    panel.get_by_test_id("fold").uncheck()
    expect(page).to_have_url(re.compile("fold=off"))
    other = visit("about:blank")
    sent = queries(other)
    other.goto(page.url)
    expect(other.get_by_test_id("count")).to_have_text(re.compile(r"\d"))
    assert len(sent) == 1
    assert {key: sent[0][key] for key in ("filter", "sort", "fold", "ignore")} == {
        "filter": {"position": ["left"]},
        "sort": "-box_area",
        "fold": False,
        "ignore": ["all_of:two persons"],
    }
    assert count_of(other) == count_of(page)
    expect(other.get_by_test_id("condition")).to_have_text("left")
    expect(other.get_by_test_id("plain-chip")).to_be_visible()


def test_pictures_that_look_alike_are_one_result_that_opens(visit: Visit, tmp_path: Path) -> None:
    pixels = cv2.imread(str(DOG))
    assert pixels is not None
    again = tmp_path / "again.jpg"
    cv2.imwrite(str(again), pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])
    page = visit(f"/?c=alike-{uuid.uuid4().hex[:8]}")
    page.get_by_test_id("add-files").set_input_files([DOG, again])
    expect(page.get_by_test_id("add-count")).to_contain_text("2 of 2")
    answered(page, "dog")
    expect(page.get_by_test_id("hit")).to_have_count(1)
    page.get_by_test_id("alike").click()
    sheet = page.get_by_test_id("alike-sheet")
    expect(sheet.get_by_test_id("hit")).to_have_count(2)
    sheet.get_by_test_id("open").last.click()
    expect(page.get_by_test_id("viewer")).to_be_visible()


def test_why_names_the_words_that_matched(visit: Visit) -> None:
    page = visit(language="zh-CN")
    answered(page, "狗")
    page.get_by_test_id("why").first.click()
    expect(page.get_by_test_id("why-words").first).to_contain_text("狗")
    expect(page.get_by_test_id("highlights").locator("mark").first).to_have_text("狗")


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_on_a_phone_the_filters_are_a_sheet_and_nothing_sticks_out(visit: Visit, language: str) -> None:
    page = visit("/?q=person&f=colour:black", width=390, height=844, language=language, touch=True)
    expect(page.get_by_test_id("hit").first).to_be_visible()
    panel = opened_filters(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    with page.expect_response(re.compile("/search$")):
        value(panel, "position", "left").click()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.get_by_test_id("condition")).to_have_count(2)
