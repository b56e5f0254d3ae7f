"""Saved searches on the page: saved from the results, new pictures counted, opened, deleted."""

from __future__ import annotations

import time
import uuid

import httpx
import pytest
from playwright.sync_api import expect
from tests.e2e.album import SHOTS, jpeg, put
from tests.e2e.conftest import Visit
from tests.e2e.steps import violations

pytestmark = pytest.mark.browser
LONGEST_S = 240.0  # a busy machine is no reason to fail


def counted(api: httpx.Client, name: str) -> int:
    searches = api.get("/v1/saved").raise_for_status().json()["searches"]
    return sum(search["unseen"] for search in searches if search["name"] == name)


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_a_search_is_saved_and_counts_what_comes(visit: Visit, width: int, language: str) -> None:
    name = collection = f"saved-{uuid.uuid4().hex[:8]}"
    with httpx.Client(base_url=visit.site, timeout=LONGEST_S) as api:
        api.put(f"/v1/collections/{collection}", json={}).raise_for_status()
        put(api, collection, "cat.jpg", jpeg(SHOTS["cat"]), tags=["quokka"])
        page = visit(f"/?c={collection}&f=tag:quokka", width=width, language=language)
        expect(page.get_by_test_id("hit")).to_have_count(1)
        page.get_by_test_id("open-saved").click()
        page.get_by_test_id("saved-name").fill(name)
        page.get_by_test_id("saved-save").click()
        saved = page.get_by_test_id("saved-one").filter(has_text=name)
        expect(saved).to_have_count(1)
        expect(page.get_by_test_id("save-search")).to_have_count(0)
        assert violations(page) == []
        new = put(api, collection, "herd.jpg", jpeg(SHOTS["herd"]), tags=["quokka"])
        put(api, collection, "table.jpg", jpeg(SHOTS["table"]))
        end = time.monotonic() + LONGEST_S
        while counted(api, name) == 0:
            assert time.monotonic() < end, "nothing was counted"
            time.sleep(0.2)
        page.reload()
        expect(page.get_by_test_id("saved-unseen")).to_have_text("1")
        page.get_by_test_id("open-saved").click()
        expect(saved.get_by_test_id("saved-new")).to_contain_text("1" if language == "zh-CN" else "one new")
        saved.get_by_test_id("saved-open").click()
        expect(page.get_by_test_id("hit")).to_have_count(2)
        expect(page.get_by_test_id("hit").first).to_have_attribute("data-image", new)
        expect(page.get_by_test_id("saved-unseen")).to_have_count(0)
        assert counted(api, name) == 0
        page.get_by_test_id("open-saved").click()
        saved.get_by_test_id("saved-delete").click()
        expect(saved).to_have_count(0)
