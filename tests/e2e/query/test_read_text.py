"""Text in pictures: read on the way in, found by words, marked where it is shown, and a filter of its own."""

from __future__ import annotations

import io
import re
import uuid
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, expect
from tests.e2e.album import put
from tests.e2e.conftest import Visit
from tests.e2e.query.test_conditions import opened_filters
from tests.e2e.steps import HORSES, PICTURES, look

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not FONT.is_file(), reason="a Chinese font is needed: apt-get install fonts-wqy-zenhei"),
]
STREET = PICTURES / "000000006723.jpg"
SIGNS = (("中关村咖啡店", (30, 20), 44), ("ABC-123", (380, 300), 36))


def painted() -> bytes:
    """A street with a shop's sign and a plate put into it."""
    with Image.open(STREET) as photo:
        picture = photo.convert("RGB")
    draw = ImageDraw.Draw(picture)
    for text, at, size in SIGNS:
        font = ImageFont.truetype(FONT, size)
        x1, y1, x2, y2 = draw.textbbox(at, text, font=font)
        draw.rectangle((x1 - 12, y1 - 10, x2 + 12, y2 + 10), fill="white", outline="black", width=2)
        draw.text(at, text, font=font, fill="black")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.fixture(scope="module")
def street(site: str) -> tuple[str, str]:
    """A collection of two photos, and the id of the one that holds text."""
    collection = f"signs-{uuid.uuid4().hex[:8]}"
    with httpx.Client(base_url=site, timeout=120) as api:
        api.put(f"/v1/collections/{collection}", json={}).raise_for_status()
        put(api, collection, "horses.jpg", HORSES.read_bytes())
        return collection, put(api, collection, "street.jpg", painted())


def expect_hit(page: Page, image_id: str) -> None:
    """The picture with the text is the first result."""
    expect(page.get_by_test_id("hit").first).to_have_attribute("data-image", image_id)


@pytest.mark.parametrize(
    ("words", "language", "marked"),
    [("咖啡店", "zh-CN", "咖啡店"), ("abc-123", "en-US", "ABC-123"), ("中关村", "zh-CN", "中关村")],
)
def test_words_of_a_sign_find_it_and_are_marked(
    visit: Visit, street: tuple[str, str], words: str, language: str, marked: str
) -> None:
    collection, image_id = street
    page = visit(f"/?c={collection}", language=language)
    look(page, words)
    expect_hit(page, image_id)
    page.get_by_test_id("why").first.click()
    highlights = page.get_by_test_id("highlights")
    expect(highlights.locator("mark").first).to_have_text(marked)
    page.keyboard.press("Escape")
    page.get_by_test_id("open").first.click()
    text = page.get_by_test_id("read-text")
    for line, _, _ in SIGNS:
        expect(text).to_contain_text(line)
    expect(text.locator("mark")).to_have_text([marked])


def test_without_a_search_nothing_of_the_text_is_marked(visit: Visit, street: tuple[str, str]) -> None:
    collection, image_id = street
    page = visit(f"/?c={collection}&open={image_id}")
    expect(page.get_by_test_id("read-text")).to_contain_text("ABC-123")
    expect(page.get_by_test_id("read-text").locator("mark")).to_have_count(0)
    context = page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("copy-text").click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert {line for line, _, _ in SIGNS} <= set(copied.split("\n"))


@pytest.mark.parametrize("typed", ["ABC-123", "咖啡", "中关村 咖啡店"])
def test_the_filter_for_text_leaves_the_picture_that_says_it(visit: Visit, street: tuple[str, str], typed: str) -> None:
    collection, image_id = street
    page = visit(f"/?c={collection}&sort=-ingested_at")
    expect(page.get_by_test_id("hit")).to_have_count(2)
    panel = opened_filters(page)
    panel.get_by_test_id("text-filter").fill(typed)
    panel.get_by_test_id("text-filter").press("Enter")
    expect(page.get_by_test_id("hit")).to_have_count(1)
    expect_hit(page, image_id)
    expect(page.get_by_test_id("condition")).to_contain_text(f"text “{typed}”")
    other = visit(page.url.removeprefix(visit.site))
    expect(other.get_by_test_id("hit")).to_have_count(1)
    other.get_by_test_id("condition").click()
    expect(other.get_by_test_id("hit")).to_have_count(2)


def test_text_that_stands_nowhere_is_said_to_be_nowhere(visit: Visit, street: tuple[str, str]) -> None:
    page = visit(f"/?c={street[0]}&f=text:ABC-999")
    expect(page.get_by_test_id("nothing")).to_be_visible()
    expect(page.get_by_test_id("relax")).to_have_text(re.compile("ABC-999"))
