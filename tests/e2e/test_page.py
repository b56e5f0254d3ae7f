"""The page in a real browser: looking by words and pictures, choosing boxes, opening, sharing, adding."""

from __future__ import annotations

import re
import uuid

import httpx
import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.album import put
from tests.e2e.conftest import Visit
from tests.e2e.steps import DOG, HORSES, NO_PICTURE, give, look, overlap, searches

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("words", "language", "width"),
    [("dog", "en-US", 1440), ("狗", "zh-CN", 1440), ("dog", "en-US", 390), ("狗", "zh-CN", 390)],
)
def test_words_find_pictures_with_their_boxes(visit: Visit, words: str, language: str, width: int) -> None:
    page = visit(width=width, language=language, touch=width == 390)
    look(page, words)
    expect(page.get_by_test_id("hit").first).to_be_visible()
    expect(page.get_by_test_id("match-box").first).to_be_attached()
    expect(page.get_by_test_id("count")).to_contain_text(re.compile(r"\d"))
    expect(page).to_have_url(re.compile(r"[?&]q="))
    assert page.locator("html").get_attribute("lang") == ("en" if language == "en-US" else "zh-CN")


def test_pictures_are_seen_however_this_machine_is_called(visit: Visit) -> None:
    page = visit("about:blank")
    page.goto(f"{visit.site.replace('127.0.0.1', 'localhost')}/?q=dog")
    picture = page.get_by_test_id("hit").first.locator("img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("e => e.naturalWidth") > 0
    expect(page).to_have_url(re.compile(r"[?&]q=dog"))


@pytest.mark.parametrize(("width", "zoom"), [(1440, 1), (390, 1), (1024, 1.5)])
def test_boxes_lie_where_the_answer_says(visit: Visit, width: int, zoom: float) -> None:
    page = visit(width=width)
    page.evaluate("zoom => document.body.style.zoom = zoom", zoom)
    with page.expect_response(
        lambda r: r.url.endswith("/search") and '"text":"dog"' in (r.request.post_data or "")
    ) as waited:
        look(page, "dog")
    hits = waited.value.json()["hits"]
    checked = 0
    for hit in hits[:6]:
        tile = page.locator(f'[data-image="{hit["image_id"]}"]')
        tile.scroll_into_view_if_needed()
        frame = tile.locator(".picture").bounding_box()
        for obj in hit["objects"]:
            if obj["kind"] != "object" or not frame:
                continue
            drawn = tile.locator(f'[data-testid=match-box][data-object="{obj["object_id"]}"] .line')
            at = drawn.evaluate(
                "e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom] }"
            )
            inside = tile.locator(".picture").evaluate(
                "e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height] }"
            )
            x1, y1, x2, y2 = obj["box_norm"]
            left, top, w, h = inside
            expected = [left + x1 * w, top + y1 * h, left + x2 * w, top + y2 * h]
            assert overlap(at, expected) >= 0.98
            checked += 1
    assert checked > 0


def test_a_picture_is_searched_by_its_main_object_and_then_by_another(visit: Visit) -> None:
    page = visit()
    sent = searches(page)
    give(page)
    assert "upload_id" in sent[-1][0]
    first = sent[-1][0]["box"]
    expect(page.get_by_test_id("chosen-box")).to_have_attribute("data-box", ",".join(map(str, first)))
    others = page.get_by_test_id("found-object")
    expect(others.first).to_be_attached()
    with page.expect_response(re.compile("/search$")):
        others.last.press("Enter")
    assert sent[-1][0]["box"] != first
    with page.expect_response(re.compile("/search$")):
        page.get_by_test_id("whole").click()
    assert sent[-1][0]["box"][:2] == [0, 0]
    expect(page.get_by_test_id("whole")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    page.go_back()
    expect(page.get_by_test_id("chosen-box")).to_have_attribute("data-box", ",".join(map(str, first)))


def test_a_box_is_drawn_and_then_moved_by_keys(visit: Visit) -> None:
    page = visit()
    sent = searches(page)
    give(page)
    area = page.get_by_test_id("box-editor").bounding_box()
    assert area
    x, y, w, h = area["x"], area["y"], area["width"], area["height"]
    with page.expect_response(re.compile("/search$")):
        page.mouse.move(x + w * 0.05, y + h * 0.05)
        page.mouse.down()
        page.mouse.move(x + w * 0.2, y + h * 0.3, steps=4)
        page.mouse.move(x + w * 0.4, y + h * 0.5, steps=4)
        page.mouse.up()
    drawn = sent[-1][0]["box"]
    expected = [640 * 0.05, 360 * 0.05, 640 * 0.4, 360 * 0.5]
    assert overlap(drawn, expected) >= 0.95
    chosen = page.get_by_test_id("chosen-box")
    chosen.focus()
    with page.expect_response(re.compile("/search$")):
        chosen.press("ArrowRight")
        chosen.press("Shift+ArrowDown")
    moved = sent[-1][0]["box"]
    assert moved[0] > drawn[0]
    assert moved[2] - moved[0] == drawn[2] - drawn[0]
    assert moved[3] - moved[1] > drawn[3] - drawn[1]
    chosen.press("ArrowLeft")
    chosen.press("Escape")
    expect(chosen).to_have_attribute("data-box", ",".join(map(str, moved)))


def test_words_and_a_picture_are_one_query(visit: Visit) -> None:
    page = visit()
    sent = searches(page)
    give(page)
    with page.expect_response(re.compile("/search$")):
        look(page, "horse")
    assert [sorted(clause) for clause in sent[-1]] == [["text"], ["box", "upload_id"]]
    page.get_by_test_id("remove-picture").click()
    expect(page.get_by_test_id("query-panel")).to_have_count(0)
    expect(page.get_by_test_id("words")).to_have_value("horse")


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_picture_may_be_dropped_or_pasted_anywhere(visit: Visit, way: str) -> None:
    page = visit()
    expect(page.get_by_test_id("start")).to_be_visible()
    page.evaluate(
        """async ([way, bytes]) => {
          const data = new DataTransfer()
          data.items.add(new File([new Uint8Array(bytes)], 'horses.jpg', { type: 'image/jpeg' }))
          const event = way === 'drop'
            ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
            : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
          document.body.dispatchEvent(event)
        }""",
        [way, list(HORSES.read_bytes())],
    )
    expect(page.get_by_test_id("choices")).to_be_visible()


def test_a_picture_opens_turns_closes_and_leads_on(visit: Visit) -> None:
    page = visit()
    look(page, "person")
    first = page.get_by_test_id("open").first
    first.click()
    viewer = page.get_by_test_id("viewer")
    expect(page.get_by_test_id("viewer-similar").first).to_be_visible()
    opened = page.url
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(opened)
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(page).not_to_have_url(re.compile("open="))
    first.click()
    expect(page.get_by_test_id("viewer-similar").first).to_be_visible()
    sent = searches(page)
    with page.expect_response(re.compile("/search$")):
        page.get_by_test_id("viewer-similar").first.click()
    assert list(sent[-1][0]) == ["object_id"]
    expect(page.get_by_test_id("query-panel")).to_be_visible()
    expect(page.get_by_test_id("hit").first).to_be_visible()


def test_a_box_of_a_result_is_searched_from(visit: Visit) -> None:
    page = visit()
    look(page, "dog")
    chip = page.get_by_test_id("similar").first
    expected = chip.get_attribute("data-object")
    sent = searches(page)
    with page.expect_response(re.compile("/search$")):
        chip.press("Enter")
    assert sent[-1] == [{"object_id": expected}]
    expect(page.get_by_test_id("hit").first).to_be_visible()


def test_why_it_matched_is_told_on_demand(visit: Visit) -> None:
    page = visit()
    look(page, "dog")
    page.get_by_test_id("why").first.click()
    expect(page.get_by_test_id("why-words").first).to_be_visible()
    page.get_by_test_id("why-numbers").locator("summary").click()
    expect(page.get_by_test_id("why-note").locator("tbody tr").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("why-note")).to_have_count(0)


def test_a_link_restores_the_search_for_someone_else(visit: Visit) -> None:
    page = visit()
    give(page)
    look(page, "horse")
    expect(page).to_have_url(re.compile("q=horse"))
    page.get_by_test_id("open").first.click()
    expect(page.get_by_test_id("viewer")).to_be_visible()
    path = "/" + page.url.split("/", 3)[3]
    page.reload()
    expect(page.get_by_test_id("viewer-similar").first).to_be_visible()
    other = visit(path)
    expect(other.get_by_test_id("viewer-similar").first).to_be_visible()
    other.keyboard.press("Escape")
    expect(other.get_by_test_id("hit").first).to_be_visible()
    expect(other.get_by_test_id("words")).to_have_value("horse")


def test_keys_alone_are_enough(visit: Visit) -> None:
    page = visit()
    expect(page.get_by_test_id("start")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("dog")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.testid") == "open":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("viewer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    assert page.evaluate("document.activeElement.dataset.testid") == "open"


FOCUSED = "document.activeElement.closest('[data-testid]')?.dataset.testid"


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_the_keyboard_keeps_its_place_where_what_had_the_focus_is_gone(visit: Visit, width: int, language: str) -> None:
    page = visit("/?q=person&f=colour:black&f=colour:white", width=width, language=language)
    chips = page.get_by_test_id("condition")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    chips.first.press("Enter")
    expect(chips).to_have_count(1)
    expect(chips).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("filters")).to_be_focused()
    expect(page.get_by_test_id("results")).to_have_attribute("aria-busy", "false")
    why = page.get_by_test_id("why").first
    why.press("Enter")
    expect(page.get_by_test_id("more-like")).to_be_focused()
    page.keyboard.press("Escape")
    expect(why).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_test_id("not-this").press("Enter")
    expect(page.get_by_test_id("example-unlike")).to_be_visible()
    page.wait_for_function(f"{FOCUSED} !== undefined")
    look(page, "zeppelinqqq")
    page.get_by_test_id("nothing-all").press("Enter")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.wait_for_function(f"{FOCUSED} !== undefined")


def test_pictures_are_added_and_found_at_once(visit: Visit) -> None:
    page = visit(f"/?c=added-{uuid.uuid4().hex[:8]}")
    page.get_by_test_id("add-files").set_input_files([DOG, NO_PICTURE])
    expect(page.get_by_test_id("add-count")).to_contain_text("2 of 2")
    expect(page.get_by_test_id("add-count")).to_contain_text("1 failed")
    look(page, "dog")
    expect(page.get_by_test_id("hit").first).to_be_visible()


def test_language_and_look_are_switched_and_kept(visit: Visit) -> None:
    page = visit()
    page.get_by_test_id("language").click()
    expect(page.get_by_test_id("add")).to_have_attribute("aria-label", "添加图片")
    page.get_by_test_id("look").click()
    expect(page.locator("html")).to_have_attribute("data-look", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-look", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


@pytest.mark.parametrize("width", [360, 390, 768, 1440, 2560])
def test_nothing_sticks_out_at_any_width(visit: Visit, width: int) -> None:
    page = visit(width=width, language="zh-CN")
    give(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def overhang(what: Locator) -> int:
    """CSS pixels by which an element's content is wider than it."""
    return int(what.evaluate("e => e.scrollWidth - e.clientWidth"))


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_names_that_cannot_be_broken_make_nothing_stick_out(visit: Visit, width: int, language: str) -> None:
    collection, tag = f"long-{'c' * 44}-{uuid.uuid4().hex[:8]}", "t" * 60
    with httpx.Client(base_url=visit.site, timeout=120) as api:
        api.put(f"/v1/collections/{collection}", json={}).raise_for_status()
        image_id = put(api, collection, f"{'f' * 200}.jpg", DOG.read_bytes(), tags=[tag], caption="x" * 300)
    page = visit(
        f"/?c={collection}&q=zeppelinqqq&not={'n' * 60}&f=tag:{tag}&f=album:{'z' * 80}", width=width, language=language
    )
    whole = page.locator("html")
    expect(page.get_by_test_id("relax").first).to_be_visible()
    assert overhang(whole) == 0
    page.get_by_test_id("open-saved").click()
    expect(page.get_by_test_id("saved-name")).to_be_visible()
    assert overhang(page.get_by_test_id("sheet")) == 0
    page.goto(f"{visit.site}/?c={collection}&sort=-ingested_at")
    page.get_by_test_id("filters").click()
    panel = page.get_by_test_id("filter-panel")
    expect(panel.get_by_test_id("filter-value").first).to_be_visible()
    assert (overhang(whole), overhang(panel)) == (0, 0)
    page.goto(f"{visit.site}/?c={collection}&sort=-ingested_at&open={image_id}")
    expect(page.get_by_test_id("picture-facts")).to_be_attached()
    assert (overhang(whole), overhang(page.get_by_test_id("viewer"))) == (0, 0)
