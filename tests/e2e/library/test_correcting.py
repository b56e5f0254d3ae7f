"""Labels and boxes corrected in the opened picture: by mouse and keys on a desk, by finger on a phone."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.steps import DOG, violations
from tests.e2e.test_phone import Finger

pytestmark = pytest.mark.browser


def opened(visit: Visit, **how: Any) -> Page:
    """A collection of its own with one picture, which is open."""
    page = visit(**how)
    collection = f"corrected-{uuid.uuid4().hex[:8]}"
    address = f"{visit.site}/v1/collections/{collection}"
    assert page.request.put(address, data={}).ok
    picture: FilePayload = {"name": DOG.name, "mimeType": "image/jpeg", "buffer": DOG.read_bytes()}
    answer = page.request.post(f"{address}/images", multipart={"file": picture}, timeout=240_000)
    assert answer.ok, answer.text()
    page.goto(f"{visit.site}/?c={collection}&open={answer.json()['image_id']}")
    expect(page.get_by_test_id("picture-facts")).to_be_attached()
    return page


def sides(box: Locator) -> list[float]:
    return [float(side) for side in (box.get_attribute("data-box") or "").split(",")]


def test_label_and_box_are_corrected_by_keys_and_taken_back(visit: Visit) -> None:
    page = opened(visit)
    objects, forms = page.get_by_test_id("viewer-objects"), page.get_by_test_id("correction")
    page.get_by_test_id("correct-object").first.click()
    expect(page.get_by_test_id("classes").locator("option[value=horse]")).to_be_attached()
    assert violations(page) == []
    page.get_by_test_id("label-field").fill("our Bello")
    box = page.get_by_test_id("correcting").get_by_test_id("chosen-box")
    before = sides(box)
    box.focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    after = sides(box)
    assert after[:2] == before[:2]
    assert after[2] < before[2]
    assert after[3] < before[3]
    page.get_by_test_id("save-correction").click()
    expect(forms).to_have_count(0)
    expect(objects).to_contain_text("our Bello")
    expect(page.get_by_test_id("corrected-by")).to_have_text("by hand")
    page.reload()
    expect(objects).to_contain_text("our Bello")
    page.get_by_test_id("correct-object").first.click()
    assert sides(box) == after
    page.keyboard.press("Escape")
    expect(forms).to_have_count(0)
    page.get_by_test_id("undo-correction").click()
    expect(page.get_by_test_id("corrected-by")).to_have_count(0)
    expect(page.get_by_test_id("undo-correction")).to_have_count(0)
    expect(objects).not_to_contain_text("our Bello")
    assert visit.complaints == []


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_the_results_behind_show_what_was_corrected(visit: Visit, width: int, language: str) -> None:
    page = opened(visit, width=width, language=language)
    page.goto(re.sub("open=.*", "sort=-ingested_at", page.url))
    tile = page.get_by_test_id("hit")
    expect(tile).to_have_count(1)
    page.get_by_test_id("open").click()
    corrector = page.get_by_test_id("correct-object").first
    shown = tile.locator(f"[data-testid=similar][data-object='{corrector.get_attribute('data-corrects')}']")
    corrector.click()
    page.get_by_test_id("label-field").fill("our Bello")
    page.get_by_test_id("save-correction").click()
    expect(page.get_by_test_id("corrected-by")).to_be_visible()
    page.get_by_test_id("close-viewer").click()
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    expect(shown).to_have_text("our Bello")
    page.get_by_test_id("open").click()
    page.get_by_test_id("undo-correction").click()
    expect(page.get_by_test_id("corrected-by")).to_have_count(0)
    page.get_by_test_id("close-viewer").click()
    expect(shown).not_to_have_text("our Bello")
    assert visit.complaints == []


def test_a_finger_draws_another_object_and_removes_it(visit: Visit) -> None:
    page = opened(visit, width=390, height=844, touch=True, language="zh-CN")
    address = page.url
    page.get_by_test_id("draw-object").click()
    box = page.get_by_test_id("correcting").get_by_test_id("chosen-box")
    before = sides(box)
    corner = box.locator(".grip.se").bounding_box()
    assert corner
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    Finger(page).sweep((x, y), (x - 40, y - 30))
    page.wait_for_function(
        "before => document.querySelector('[data-testid=correcting] [data-testid=chosen-box]').dataset.box !== before",
        arg=",".join(f"{side:g}" for side in before),
    )
    after = sides(box)
    assert (after[:2], after[2] < before[2], after[3] < before[3]) == (before[:2], True, True)
    assert violations(page) == []
    page.get_by_test_id("label-field").fill("猫")
    page.get_by_test_id("save-correction").click()
    line = page.get_by_test_id("viewer-objects").locator("li", has_text="人工修正")
    expect(line).to_contain_text("猫")
    assert page.url == address  # the finger neither turned nor closed the picture
    line.get_by_test_id("correct-object").click()
    page.get_by_test_id("remove-object").click()
    expect(page.get_by_test_id("corrected-by")).to_have_count(0)
    expect(page.get_by_test_id("undo-correction")).to_be_visible()
    assert visit.complaints == []
