"""The opened picture: zoomed, described, kept, deleted and brought back."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.steps import DOG, HORSES, look, overlap

pytestmark = pytest.mark.browser


def opened(page: Page, words: str = "dog") -> None:
    look(page, words)
    page.get_by_test_id("open").first.click()
    expect(page.get_by_test_id("picture-facts")).to_be_visible()


def own_collection(visit: Visit) -> Page:
    """A page on a collection of its own with two pictures, so that what a test changes disturbs nobody."""
    page = visit(f"/?c=opened-{uuid.uuid4().hex[:8]}")
    page.get_by_test_id("add-files").set_input_files([DOG, HORSES])
    expect(page.get_by_test_id("add-count")).to_contain_text("2 of 2")
    page.get_by_role("button", name="Close").click()
    return page


def canvas(page: Page) -> dict[str, float]:
    box = page.get_by_test_id("canvas").bounding_box()
    assert box
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def test_keys_zoom_and_move_and_still_turn_when_fitted(visit: Visit) -> None:
    page = visit()
    opened(page, "person")
    fitted, address = canvas(page), page.url
    page.keyboard.press("+")
    page.keyboard.press("+")
    large = canvas(page)
    assert large["width"] == pytest.approx(fitted["width"] * 1.96, rel=0.01)
    page.keyboard.press("ArrowRight")
    assert canvas(page)["x"] < large["x"]
    assert page.url == address  # an arrow moves the zoomed picture instead of turning to the next
    page.keyboard.press("-")
    assert canvas(page)["width"] < large["width"]
    page.keyboard.press("0")
    assert canvas(page) == fitted
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(address)


def test_the_wheel_zooms_about_the_pointer_and_boxes_stay_exact(visit: Visit) -> None:
    page = visit()
    opened(page)
    before = canvas(page)
    at = (round(before["x"] + before["width"] * 0.3), round(before["y"] + before["height"] * 0.6))
    share = [(at[i] - before[k]) / before[s] for i, (k, s) in enumerate((("x", "width"), ("y", "height")))]
    page.mouse.move(*at)
    page.mouse.wheel(0, -400)
    after = canvas(page)
    assert after["width"] > before["width"] * 1.5
    assert after["x"] + after["width"] * share[0] == pytest.approx(at[0], abs=1)
    assert after["y"] + after["height"] * share[1] == pytest.approx(at[1], abs=1)
    boxes = page.get_by_test_id("stage").get_by_test_id("match-box")
    spots = page.get_by_test_id("viewer-spot")
    assert boxes.count() == spots.count() > 0
    drawn = [edges(box.locator(".line")) for box in boxes.all()]
    for spot in spots.all():  # boxes and what is clicked come from box and box_norm, each on its own way
        assert max(overlap(edges(spot), box) for box in drawn) >= 0.98


def edges(what: Any) -> list[float]:
    sides: list[float] = what.evaluate(
        "e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom] }"
    )
    return sides


def test_a_drag_moves_and_searches_nothing(visit: Visit) -> None:
    page = visit()
    opened(page)
    left, top, right, bottom = edges(page.get_by_test_id("viewer-spot").first)
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.wheel(0, -400)  # about the pointer, so that the object stays in sight
    before, address = canvas(page), page.url
    spot = edges(page.get_by_test_id("viewer-spot").first)
    stage = edges(page.get_by_test_id("stage"))
    x, y = (max(spot[0], stage[0]) + min(spot[2], stage[2])) / 2, (max(spot[1], stage[1]) + min(spot[3], stage[3])) / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y + 30, steps=5)
    page.mouse.up()
    assert (canvas(page)["x"], canvas(page)["y"]) != (before["x"], before["y"])
    assert page.url == address
    page.get_by_test_id("zoom-whole").click()
    expect(page.get_by_test_id("zoom-out")).to_be_disabled()


def test_two_fingers_zoom(visit: Visit) -> None:
    page = visit(width=390, height=844)
    opened(page)
    before = canvas(page)
    middle = (before["x"] + before["width"] / 2, before["y"] + before["height"] / 2)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, apart: float) -> None:
        points = [{"x": middle[0] + side * apart, "y": middle[1], "id": i} for i, side in enumerate((-1, 1))]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []})

    fingers("touchStart", 30)
    for apart in (45, 60, 75, 90):
        fingers("touchMove", apart)
    fingers("touchEnd", 90)
    assert canvas(page)["width"] == pytest.approx(before["width"] * 3, rel=0.1)


def test_caption_and_tags_are_written_and_searched(visit: Visit) -> None:
    page = own_collection(visit)
    opened(page)
    page.get_by_test_id("edit-words").click()
    page.get_by_test_id("caption-field").fill("<b>our zebrafink</b>")
    page.get_by_test_id("tags-field").fill("holiday, 海边，holiday")
    page.get_by_test_id("save-words").click()
    expect(page.get_by_test_id("caption")).to_have_text("<b>our zebrafink</b>")
    expect(page.get_by_test_id("tags").locator("li")).to_have_text(["holiday", "海边"])
    assert page.get_by_test_id("viewer").locator("b").count() == 0
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    look(page, "zebrafink")
    expect(page.get_by_test_id("hit")).to_have_count(1)


def test_an_object_is_described_alone(visit: Visit) -> None:
    page = own_collection(visit)
    opened(page)
    objects = page.get_by_test_id("viewer-objects").locator("> li")
    name = objects.nth(1).locator(".name").inner_text()
    objects.nth(1).get_by_test_id("describe-object").click()
    expect(page.get_by_test_id("caption-field")).to_be_focused()
    page.keyboard.type("<i>the quokkafink</i>")
    page.get_by_test_id("tags-field").fill("rare")
    page.get_by_test_id("save-words").press("Enter")
    words = objects.nth(1).get_by_test_id("object-words")
    expect(words.locator("p")).to_have_text("<i>the quokkafink</i>")
    expect(words.locator("li")).to_have_text(["rare"])
    expect(page.get_by_test_id("object-words")).to_have_count(1)  # of this object alone
    expect(page.get_by_test_id("caption")).to_have_count(0)
    expect(objects.nth(1).get_by_test_id("describe-object")).to_be_focused()
    objects.nth(1).get_by_test_id("describe-object").press("Enter")
    expect(page.get_by_test_id("caption-field")).to_have_value("<i>the quokkafink</i>")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("caption-field")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    look(page, "quokkafink")
    expect(page.get_by_test_id("hit")).to_have_count(1)
    expect(page.get_by_test_id("hit").locator(".name")).to_have_text(name)
    page.reload()
    page.get_by_test_id("open").click()
    expect(page.get_by_test_id("object-words").locator("p")).to_have_text("<i>the quokkafink</i>")


def test_refused_words_come_back_to_be_sent_again(visit: Visit) -> None:
    page = own_collection(visit)
    opened(page)

    def refuse(route: Any) -> None:
        if route.request.method == "PATCH":
            route.fulfill(status=503, content_type="application/problem+json", body='{"code": "elasticsearch_away"}')
        else:
            route.continue_()

    page.route("**/images/*", refuse)
    page.get_by_test_id("edit-words").click()
    page.get_by_test_id("caption-field").fill("a dog of ours")
    page.get_by_test_id("save-words").click()
    words = page.get_by_test_id("picture-words")
    expect(words.get_by_test_id("problem")).to_have_attribute("data-code", "elasticsearch_away")
    expect(page.get_by_test_id("caption-field")).to_have_value("a dog of ours")
    page.unroute("**/images/*")
    words.get_by_test_id("retry").click()
    expect(page.get_by_test_id("caption")).to_have_text("a dog of ours")
    page.get_by_test_id("edit-words").click()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("caption-field")).to_have_count(0)
    expect(page.get_by_test_id("viewer")).to_be_visible()


def test_a_deleted_picture_is_gone_and_comes_back(visit: Visit) -> None:
    page = own_collection(visit)
    opened(page)
    match = re.search(r"open=([0-9a-f]+)", page.url)
    assert match
    page.get_by_test_id("delete").click()
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    tile = page.locator(f'[data-image="{match[1]}"]')
    expect(tile).to_have_count(0)
    look(page, "dog ")
    expect(tile).to_have_count(0)
    page.get_by_test_id("undo").click()
    expect(page.get_by_test_id("undo-note")).to_have_count(0)
    look(page, "dog")
    expect(tile).to_have_count(1)


def test_picture_and_crop_are_kept_as_files(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    opened(page)
    with page.expect_download() as whole:
        page.get_by_test_id("download").click()
    with page.expect_download() as part:
        page.get_by_test_id("crop").first.click()
    assert whole.value.suggested_filename.endswith(".jpg")
    whole.value.save_as(tmp_path / "whole")
    part.value.save_as(tmp_path / "part")
    line = page.get_by_test_id("viewer-similar").first.get_attribute("data-object")
    box = page.locator(f'.stage [data-testid=match-box][data-object="{line}"] .line')
    width = float(box.get_attribute("width") or 0)
    with Image.open(tmp_path / "whole") as full, Image.open(tmp_path / "part") as crop:
        assert full.width > crop.width
        assert crop.width == pytest.approx(width, abs=2)
