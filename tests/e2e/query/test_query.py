"""What the query bar takes beyond one picture and words: several, boxes together, words to keep away, large photos."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, FloatRect, Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.steps import DOG, HORSES, give, look, overlap, searches, violations
from tests.samples import heic_pictures

pytestmark = pytest.mark.browser


def attach(page: Page, pictures: list[Path], how: str = "file") -> None:
    page.get_by_test_id(how).set_input_files(pictures)
    expect(page.get_by_test_id("query-loading")).to_have_count(0)
    expect(page.get_by_test_id("hit").first).to_be_visible()


def test_several_pictures_are_one_query(visit: Visit) -> None:
    page = visit()
    sent = searches(page)
    attach(page, [HORSES, DOG])
    expect(page.get_by_test_id("query-tab")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"up=.*up="))
    page.wait_for_function("() => document.querySelector('[data-testid=results][aria-busy=false]')")
    uploads = {clause["upload_id"] for clause in sent[-1]}
    assert len(sent[-1]) == len(uploads) == 2
    with page.expect_response(re.compile("/search$")):
        page.get_by_test_id("query-remove").first.click()
    assert len(sent[-1]) == 1
    page.go_back()
    expect(page.get_by_test_id("query-tab")).to_have_count(2)
    page.go_back()
    expect(page.get_by_test_id("query-panel")).to_have_count(0)


def test_a_picture_is_added_to_the_one_that_is_there(visit: Visit) -> None:
    page = visit()
    attach(page, [HORSES])
    attach(page, [DOG], "query-add-files")
    expect(page.get_by_test_id("query-tab")).to_have_count(2)
    attach(page, [DOG])  # given in the bar, it is a new query
    expect(page.get_by_test_id("query-tab")).to_have_count(0)


def test_several_boxes_of_a_picture_are_searched_together(visit: Visit) -> None:
    page = visit()
    sent = searches(page)
    give(page)
    page.get_by_test_id("several").click()
    others = page.locator("[data-testid=choice][aria-pressed=false]")
    with page.expect_response(re.compile("/search$")):
        others.first.click()
    assert len(sent[-1]) == 2
    assert len({clause["upload_id"] for clause in sent[-1]}) == 1
    expect(page.get_by_test_id("also-box")).to_have_count(1)
    first = sent[-1][0]["box"]
    with page.expect_response(re.compile("/search$")):
        page.locator("[data-testid=choice][aria-pressed=true]").first.press("Enter")
    assert len(sent[-1]) == 1
    page.go_back()
    expect(page.get_by_test_id("also-box")).to_have_attribute("data-box", ",".join(map(str, first)))
    page.get_by_test_id("several").click()
    with page.expect_response(re.compile("/search$")):
        page.get_by_test_id("found-object").first.press("Shift+Enter")  # without the mode, by key
    assert len(sent[-1]) == 3


def test_words_are_kept_away_by_a_minus_or_in_a_field(visit: Visit) -> None:
    page = visit()
    sent = searches(page)
    with page.expect_response(re.compile("/search$")):
        look(page, 'animal -dog -"red bus"')
    assert sent[-1] == [{"text": "animal"}, {"text": "dog", "weight": -1}, {"text": "red bus", "weight": -1}]
    expect(page.get_by_test_id("words")).to_have_value("animal")
    expect(page.get_by_test_id("without-chip")).to_have_count(2)
    page.get_by_test_id("without-add").click()
    with page.expect_response(re.compile("/search$")):
        page.get_by_test_id("without-field").fill("cat")
        page.get_by_test_id("without-field").press("Enter")
    assert sent[-1][-1] == {"text": "cat", "weight": -1}
    expect(page).to_have_url(re.compile("not=cat"))
    with page.expect_response(re.compile("/search$")):
        page.get_by_test_id("without-chip").first.click()
    assert {"text": "dog", "weight": -1} not in sent[-1]


def test_a_thing_kept_away_is_not_found(visit: Visit) -> None:
    page = visit()

    def labels(words: str) -> list[str]:
        with page.expect_response(re.compile("/search$")) as waited:
            look(page, words)
        hits: list[dict[str, Any]] = waited.value.json()["hits"]
        return [obj["label"] for hit in hits for obj in hit["objects"]]

    expect(page.get_by_test_id("start")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert "dog" in labels("dog horse")
    assert "dog" not in labels("dog horse -dog")


@pytest.mark.parametrize(
    ("width", "language", "without"), [(390, "zh-CN", "排除"), (1440, "en-US", "not")], ids=["phone", "desk"]
)
def test_recent_searches_are_offered_and_cleared(visit: Visit, width: int, language: str, without: str) -> None:
    page = visit(width=width, language=language, touch=width == 390)
    look(page, "dog -cat")
    expect(page.get_by_test_id("count")).not_to_be_empty()
    look(page, "horse")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.get_by_test_id("wipe").click()
    offered = page.get_by_test_id("recent-one")
    expect(offered).to_have_text([f"horse · {without} cat", f"dog · {without} cat"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("words")).to_have_value("dog")
    expect(page.get_by_test_id("recent")).to_have_count(0)
    page.get_by_test_id("wipe").click()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("recent")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.get_by_test_id("recent-clear").click()
    expect(page.get_by_test_id("recent")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('boxlens.recent')") in (None, "[]")


def test_a_link_shows_the_query_picture_elsewhere(visit: Visit) -> None:
    page = visit()
    give(page)
    box = page.get_by_test_id("chosen-box").get_attribute("data-box")
    other = visit("/" + page.url.split("/", 3)[3])
    expect(other.get_by_test_id("chosen-box")).to_have_attribute("data-box", box or "")
    element = other.locator("[data-testid=query-picture] img")
    expect(element).to_be_visible()
    with Image.open(HORSES) as original:
        size = list(original.size)
    assert element.evaluate("async e => { await e.decode(); return [e.naturalWidth, e.naturalHeight] }") == size
    expect(other.get_by_test_id("choice")).to_have_count(page.get_by_test_id("choice").count())


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_a_link_to_a_picture_that_is_not_kept_says_so(visit: Visit, width: int, language: str) -> None:
    page = visit(f"/?up=1-{'0' * 64}&box=1,1,20,20", width=width, language=language)
    expect(page.get_by_test_id("query-elsewhere")).to_be_visible()
    expect(page.get_by_test_id("problem").first).to_have_attribute("data-code", "not_found")


@pytest.mark.parametrize("turned", [1, 6, 8, 3])
def test_a_large_photo_is_sent_small_upright_and_boxed_in_its_own_pixels(
    visit: Visit, tmp_path: Path, turned: int
) -> None:
    """EXIF orientations: stored turned, shown as the original."""
    back = {1: None, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 3: Image.Transpose.ROTATE_180}[turned]
    file = tmp_path / "large.jpg"
    with Image.open(HORSES) as original:
        large = original.resize((original.width * 8, original.height * 8), Image.Resampling.BICUBIC)
    upright = (2048, round(2048 * large.height / large.width))
    exif = Image.Exif()
    exif[0x0112] = turned
    (large.transpose(back) if back is not None else large).save(file, exif=exif, quality=90)
    page = visit()
    expect(page.get_by_test_id("start")).to_be_visible()
    answers = []
    for picture in (HORSES, file):
        with page.expect_response(re.compile("/detect$")) as waited:
            page.get_by_test_id("file").set_input_files(picture)
        answers.append(waited.value.json())
        expect(page.get_by_test_id("chosen-box")).to_be_visible()
    plain, small = answers
    assert (small["width"], small["height"]) == upright
    assert len(small["objects"]) >= 1
    for obj in small["objects"][:3]:
        assert max(overlap(obj["box_norm"], other["box_norm"]) for other in plain["objects"]) > 0.8
    chosen = [float(n) for n in (page.get_by_test_id("chosen-box").get_attribute("data-box") or "").split(",")]
    assert chosen[2] <= upright[0]
    assert chosen[3] <= upright[1]
    proportion = page.locator("[data-testid=query-picture] img").evaluate("e => e.naturalWidth / e.naturalHeight")
    assert proportion == pytest.approx(upright[0] / upright[1], rel=0.01)


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_kinds_that_no_browser_shows_are_searched_with_and_shown(visit: Visit, width: int, language: str) -> None:
    page = visit(width=width, language=language)
    tiff, jpeg_2000 = io.BytesIO(), io.BytesIO()
    with Image.open(HORSES) as picture:
        proportion = picture.width / picture.height
        picture.save(tiff, "TIFF", compression="tiff_lzw")
        picture.save(jpeg_2000, "JPEG2000")
    for name, data, wide in (
        ("a.tif", tiff.getvalue(), proportion),
        ("b.heic", heic_pictures.UPRIGHT, 96 / 64),
        ("c.jp2", jpeg_2000.getvalue(), proportion),
    ):
        page.goto(visit.site)
        file: FilePayload = {"name": name, "mimeType": "", "buffer": data}
        page.get_by_test_id("file").set_input_files(file)
        expect(page.get_by_test_id("choices")).to_be_visible()
        shown = page.locator("[data-testid=query-picture] img")
        expect(shown).to_have_js_property("complete", True)
        assert shown.evaluate("e => e.naturalWidth / e.naturalHeight") == pytest.approx(wide, rel=0.02)
        expect(page.get_by_test_id("problem")).to_have_count(0)


def opened(page: Page) -> tuple[str, FloatRect]:
    """The id of an opened picture, and where it stands on the screen."""
    look(page, "person")
    page.get_by_test_id("open").first.click()
    expect(page.get_by_test_id("picture-facts")).to_be_attached()
    place = page.get_by_test_id("canvas").bounding_box()
    assert place
    return re.findall("open=([0-9a-f]{64})", page.url)[0], place


def test_a_part_of_a_stored_picture_is_drawn_and_then_moved(visit: Visit) -> None:
    page = visit()
    sent = searches(page)
    image_id, place = opened(page)
    page.get_by_test_id("draw-part").click()
    expect(page.get_by_test_id("part").get_by_test_id("chosen-box")).to_be_focused()
    corners = [(place["x"] + place["width"] * x, place["y"] + place["height"] * y) for x, y in ((0.1, 0.2), (0.6, 0.9))]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=4)
    with page.expect_response(re.compile("/search$")):
        page.mouse.up()
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    (clause,) = sent[-1]
    assert clause["image_id"] == image_id
    image = page.request.get(f"{visit.site}/v1/collections/photos/images/{image_id}").json()
    drawn = [share * image[side] for share, side in zip((0.1, 0.2, 0.6, 0.9), ("width", "height") * 2, strict=True)]
    assert overlap(clause["box"], drawn) > 0.97
    hit = page.get_by_test_id("hit").first
    expect(hit).to_have_attribute("data-image", image_id)
    box = page.get_by_test_id("chosen-box")
    expect(box).to_have_attribute("data-box", ",".join(map(str, clause["box"])))
    page.get_by_test_id("query-picture").get_by_test_id("draw").wait_for()  # and another one
    box.focus()
    with page.expect_response(re.compile("/search$")):
        page.keyboard.press("ArrowLeft")
    assert sent[-1][0]["image_id"] == image_id
    assert sent[-1][0]["box"][0] < clause["box"][0]
    page.reload()
    expect(box).to_have_attribute("data-box", ",".join(map(str, sent[-1][0]["box"])))


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_a_part_of_a_stored_picture_is_searched_by_keys_alone(visit: Visit, width: int, language: str) -> None:
    page = visit(width=width, language=language)
    sent = searches(page)
    image_id, _ = opened(page)
    way = page.get_by_test_id("draw-part")
    way.press("Enter")
    box = page.get_by_test_id("part").get_by_test_id("chosen-box")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(way).to_be_focused()
    page.keyboard.press("Enter")
    before = box.get_attribute("data-box")
    page.keyboard.press("ArrowRight")
    expect(box).not_to_have_attribute("data-box", before or "")
    moved = box.get_attribute("data-box") or ""
    assert violations(page) == []
    with page.expect_response(re.compile("/search$")):
        page.keyboard.press("Enter")
    assert sent[-1] == [{"image_id": image_id, "box": [int(side) for side in moved.split(",")]}]
    expect(page.get_by_test_id("viewer")).to_have_count(0)


def test_a_phone_offers_its_camera(visit: Visit) -> None:
    desk = visit()
    expect(desk.get_by_test_id("camera")).to_be_hidden()
    phone = visit(width=390, height=844, touch=True)
    expect(phone.get_by_test_id("camera")).to_be_visible()
    expect(phone.get_by_test_id("camera-file")).to_have_attribute("capture", "environment")
    attach(phone, [DOG], "camera-file")


@pytest.mark.parametrize(
    ("width", "language", "typed", "expected"),
    [(390, "zh-CN", "汽", "汽车"), (1440, "en-US", "red pers", "red person")],
)
def test_what_is_typed_is_completed_by_keyboard(
    visit: Visit, width: int, language: str, typed: str, expected: str
) -> None:
    page = visit(width=width, language=language)
    field = page.get_by_test_id("words")
    field.press_sequentially(typed)
    expect(page.get_by_test_id("suggestion").first).to_contain_text(expected)
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    chosen = page.get_by_test_id("suggestions").get_by_role("option", selected=True)
    expect(chosen).to_contain_text(expected)
    field.press("Enter")
    expect(field).to_have_value(expected)
    expect(page.get_by_test_id("suggestions")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"[?&]q="))
    field.press_sequentially("x")
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
