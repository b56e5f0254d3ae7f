"""Pictures added to a collection: a folder, pause and resume, failures with reasons; the status of the service."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit
from tests.e2e.steps import DOG, HORSES, NO_PICTURE, PICTURES, look

pytestmark = pytest.mark.browser


def new_collection() -> str:
    return f"adding-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures at different depths, and a file that is none."""
    (tmp_path / "trip" / "day one").mkdir(parents=True)
    shutil.copy(DOG, tmp_path / "trip" / "dog.jpg")
    shutil.copy(HORSES, tmp_path / "trip" / "day one" / "horses.jpg")
    (tmp_path / "trip" / "notes.txt").write_text("no picture")
    return tmp_path / "trip"


def test_a_folder_is_taken_in_whole(visit: Visit, folder: Path) -> None:
    page = visit(f"/?c={new_collection()}")
    page.get_by_test_id("add-folder").set_input_files(folder)
    expect(page.get_by_test_id("add-count")).to_contain_text("2 of 2")
    expect(page.get_by_test_id("add-count")).to_contain_text("1 other files skipped")
    look(page, "dog")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    look(page, "horse")
    expect(page.get_by_test_id("hit").first).to_be_visible()


def test_a_dropped_folder_goes_into_the_collection(visit: Visit, folder: Path) -> None:
    page = visit(f"/?c={new_collection()}")
    expect(page.get_by_test_id("empty-collection")).to_be_visible()
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 400, "data": data})
    expect(page.get_by_test_id("add-count")).to_contain_text("2 of 2")
    expect(page.get_by_test_id("query-panel")).to_have_count(0)


def test_adding_is_paused_and_resumed(visit: Visit) -> None:
    page = visit(f"/?c={new_collection()}")
    expect(page.get_by_test_id("empty-collection")).to_be_visible()
    held: list[Any] = []
    page.route("**/images", lambda route: held.append(route))
    pictures = sorted(PICTURES.glob("*.jpg"))[:4]
    page.get_by_test_id("add-files").set_input_files(pictures)
    expect(page.locator("[data-testid=added-file][data-state=sending]")).to_have_count(2)
    page.get_by_test_id("add-pause").click()
    while len(held) < 2:  # the collection is made first
        page.wait_for_timeout(50)
    for route in held:
        route.fulfill(status=201, content_type="application/json", body="{}")
    expect(page.get_by_test_id("add-count")).to_contain_text("2 of 4")
    expect(page.locator("[data-testid=added-file][data-state=waiting]")).to_have_count(2)
    assert len(held) == 2
    page.unroute("**/images")
    page.get_by_test_id("add-pause").click()
    expect(page.get_by_test_id("add-count")).to_contain_text("4 of 4")
    page.get_by_test_id("add-clear").click()
    expect(page.get_by_test_id("added-file")).to_have_count(0)


@pytest.mark.parametrize(
    ("width", "language", "why", "added"),
    [
        (390, "zh-CN", "服务器没有响应", "1 张已存在"),
        (1440, "en-US", "The server is not responding", "1 already added"),
    ],
    ids=["phone", "desk"],
)
def test_a_failed_file_says_why_and_is_sent_again(
    visit: Visit, tmp_path: Path, width: int, language: str, why: str, added: str
) -> None:
    page = visit(f"/?c={new_collection()}", width=width, language=language, touch=width == 390)
    file = tmp_path / f"{'of_a_scanner_' * 9}.jpg"
    shutil.copy(DOG, file)
    page.route("**/images", lambda route: route.abort())
    page.get_by_test_id("add-files").set_input_files([file])
    row = page.get_by_test_id("added-file")
    expect(row).to_contain_text(why)
    expect(row).to_contain_text(file.name)
    assert row.evaluate("e => [...e.children].every((part) => part.scrollWidth <= part.clientWidth + 1)")  # none is cut
    page.unroute("**/images")
    page.get_by_test_id("add-again").click()
    expect(row).to_have_attribute("data-state", "added")
    page.get_by_test_id("add-files").set_input_files([file, NO_PICTURE])
    expect(page.get_by_test_id("add-count")).to_contain_text(added)
    expect(page.get_by_test_id("added-file").first).to_have_attribute("data-state", "failed")


FOLLOWED = {
    "id": 7,
    "folder": "/pictures/family",
    "collection": "photos",
    "gone": "mark",
    "state": "waiting",
    "paused": False,
    "polling": False,
    "quiet": "",
    "pending": 12,
    "problem": "",
    "last_sync": None,
}


@pytest.mark.parametrize(
    ("width", "language", "here", "counts", "waits"),
    [
        (390, "zh-CN", "当前图库", r"\d+ 张图片 · [\d,]+ 个物体", "12 项更改等待处理"),
        (1440, "en-US", "shown here", r"\d+ pictures · [\d,]+ objects", "12 changes waiting"),
    ],
    ids=["phone", "desk"],
)
def test_the_status_names_collections_followed_folders_and_what_is_missing(
    visit: Visit, width: int, language: str, here: str, counts: str, waits: str
) -> None:
    page = visit(width=width, language=language, touch=width == 390)
    page.route("**/v1/following", lambda route: route.fulfill(json={"folders": [FOLLOWED]}))
    page.get_by_test_id("open-status").click()
    expect(page.get_by_test_id("status-ready")).to_be_visible()
    element = page.get_by_test_id("status-collection").filter(has_text=here)
    expect(element).to_contain_text(re.compile(counts))
    expect(page.get_by_test_id("followed-state")).to_contain_text(waits)
    lack = (
        '{"code": "unavailable", "missing": [{"name": "p", "detail": "minio-proxy is away.", "repair": "Start it."}]}'
    )
    page.route("**/readyz", lambda route: route.fulfill(status=503, content_type="application/json", body=lack))
    page.get_by_test_id("status-again").click()
    expect(page.get_by_test_id("status")).to_contain_text("minio-proxy is away.Start it.")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("sheet")).to_have_count(0)


def sheet(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_test_id("shortcuts").first).to_be_visible()


def test_the_shortcuts_are_a_key_away(visit: Visit) -> None:
    page = visit()
    expect(page.get_by_test_id("start")).to_be_visible()
    sheet(page)
    page.keyboard.press("Escape")
    page.get_by_test_id("words").fill("what")
    page.get_by_test_id("words").press("?")
    expect(page.get_by_test_id("sheet")).to_have_count(0)
    expect(page.get_by_test_id("words")).to_have_value("what?")
