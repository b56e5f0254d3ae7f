"""What the page says where something is refused, missing, late or lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.api.refused.test_bad_pictures import huge_header
from tests.e2e.conftest import Visit
from tests.e2e.steps import NO_PICTURE, look

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("width", "language", "todo"), [(390, "zh-CN", "保存图片后拖到这里"), (1440, "en-US", "Save the picture")]
)
def test_a_private_link_is_refused_with_what_to_do(visit: Visit, width: int, language: str, todo: str) -> None:
    page = visit(width=width, language=language)
    look(page, "http://127.0.0.1:1/a.jpg")
    problem = page.get_by_test_id("problem")
    expect(problem).to_have_attribute("data-code", "forbidden_url")
    expect(problem).to_contain_text(todo)


def test_a_file_that_is_no_picture_is_refused_where_it_was_given(visit: Visit) -> None:
    page = visit()
    page.get_by_test_id("file").set_input_files(NO_PICTURE)
    problem = page.get_by_test_id("problem")
    expect(problem).to_have_attribute("data-code", re.compile("unsupported_type|unreadable_picture"))
    dismiss = page.get_by_test_id("dismiss").bounding_box()
    assert dismiss
    assert dismiss["height"] == dismiss["width"]  # in the corner, however high the notice is
    page.get_by_test_id("dismiss").click()
    expect(problem).to_have_count(0)


@pytest.mark.parametrize(
    ("width", "language", "pixels"), [(390, "zh-CN", "6,400 万像素"), (1440, "en-US", "64 megapixels")]
)
def test_a_limit_is_named_with_its_number(visit: Visit, width: int, language: str, pixels: str) -> None:
    page = visit(width=width, language=language)
    problem = page.get_by_test_id("problem")
    page.get_by_test_id("file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": huge_header()})
    expect(problem).to_contain_text(pixels)
    expect(problem).to_contain_text("20 MB")
    page.get_by_test_id("dismiss").click()
    words = page.get_by_test_id("words")
    words.fill("x" * 1999)
    expect(page.get_by_test_id("limit")).to_have_count(0)
    words.press("End")
    words.press("y")
    expect(page.get_by_test_id("limit")).to_contain_text("2,000")
    page.goto(f"{visit.site}/?q={'x' * 2001}")
    expect(problem).to_contain_text("2,000")


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_nothing_found_says_so_and_leads_on(visit: Visit, width: int, language: str) -> None:
    page = visit(width=width, language=language, touch=width == 390)
    look(page, "zeppelinqqq")
    nothing = page.get_by_test_id("nothing")
    expect(nothing).to_contain_text("zeppelinqqq")
    expect(nothing).not_to_contain_text("框" if language == "zh-CN" else "box")  # of which there is none
    page.get_by_test_id("nothing-all").click()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    expect(page.get_by_test_id("words")).to_have_value("")
    page.go_back()
    expect(nothing).to_be_visible()


def test_a_late_answer_never_overwrites_a_newer_one(visit: Visit) -> None:
    page = visit()
    expect(page.get_by_test_id("start")).to_be_visible()
    held: list[Any] = []

    def hold(route: Any) -> None:
        if route.request.post_data_json["clauses"] == [{"text": "dog"}]:
            held.append(route)
        else:
            route.continue_()

    page.route("**/search", hold)
    look(page, "dog")
    expect(page.get_by_test_id("skeleton").first).to_be_visible()
    look(page, "zeppelinqqq")
    expect(page.get_by_test_id("nothing")).to_be_visible()
    assert len(held) == 1
    held[0].fulfill(status=503, content_type="application/problem+json", body='{"code": "unavailable"}')
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("nothing")).to_be_visible()
    expect(page.get_by_test_id("problem")).to_have_count(0)


def test_a_lost_server_is_told_and_found_again(visit: Visit) -> None:
    page = visit()
    expect(page.get_by_test_id("start")).to_be_visible()
    page.route("**/v1/**", lambda route: route.abort())
    look(page, "dog")
    expect(page.get_by_test_id("problem").first).to_have_attribute("data-code", "offline")
    page.unroute("**/v1/**")
    page.get_by_test_id("retry").first.click()
    expect(page.get_by_test_id("hit").first).to_be_visible()


def test_a_key_is_asked_for_where_it_is_missing(visit: Visit) -> None:
    page = visit()

    signed_in: list[str] = []

    def guard(route: Any) -> None:
        if route.request.url.endswith("/v1/session"):
            signed_in.append(route.request.headers.get("authorization", ""))
        if signed_in == ["Bearer sesame"]:
            route.continue_()
        else:
            route.fulfill(status=401, content_type="application/problem+json", body='{"code": "denied"}')

    page.route("**/v1/**", guard)
    look(page, "dog")
    page.get_by_test_id("key").first.fill("sesame")
    page.get_by_test_id("key-enter").first.click()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    (cookie,) = page.context.cookies(f"{visit.site}/v1/collections")
    assert (cookie["value"], cookie["httpOnly"], cookie["sameSite"]) == ("sesame", True, "Strict")
    assert page.evaluate("document.cookie + JSON.stringify(localStorage)").find("sesame") == -1
