"""Several results at once: selected by click, Shift and keyboard; tagged, exported, deleted and brought back."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.album import SHOTS, make_album
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def chosen(page: Page) -> list[bool]:
    return [tick.is_checked() for tick in page.get_by_test_id("tick").all()]


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_all_are_tagged_exported_deleted_and_brought_back_by_keyboard_alone(
    visit: Visit, tmp_path: Path, width: int, language: str
) -> None:
    album = make_album(visit.site)
    page = visit(f"/?c={album.collection}&sort=-ingested_at", width=width, language=language)
    hits, everything = page.get_by_test_id("hit"), len(SHOTS)
    expect(hits).to_have_count(everything)
    page.get_by_test_id("select").press("Enter")
    expect(page.get_by_test_id("select-all")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("selection-count")).to_contain_text(str(everything))
    page.get_by_test_id("selection-tag").press("Enter")
    expect(page.get_by_test_id("selection-tags")).to_be_focused()
    page.keyboard.type("quokka, 全部")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("selection-said")).to_contain_text(str(everything))
    page.get_by_test_id("selection-export").press("Enter")
    with page.expect_download() as table:
        page.get_by_test_id("export-csv").press("Enter")
    table.value.save_as(tmp_path / "table.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text("utf-8-sig"))))
    assert {row["image_id"] for row in rows} == set(album.ids.values())
    assert all("quokka, 全部" in row["tags"] for row in rows)
    page.get_by_test_id("selection-export").press("Enter")
    with page.expect_download() as pictures:
        page.get_by_test_id("export-zip").press("Enter")
    pictures.value.save_as(tmp_path / "pictures.zip")
    with zipfile.ZipFile(tmp_path / "pictures.zip") as archive:
        assert sorted(archive.namelist()) == sorted(f"{name}.jpg" for name in SHOTS)
    page.get_by_test_id("selection-delete").press("Enter")
    expect(hits).to_have_count(0)
    page.get_by_test_id("undo").press("Enter")
    expect(hits).to_have_count(everything)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("selection")).to_have_count(0)
    page.goto(f"{visit.site}/?c={album.collection}&f=tag:quokka")
    expect(page.get_by_test_id("hit")).to_have_count(everything)


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_only_what_was_corrected_is_downloaded(visit: Visit, tmp_path: Path, width: int, language: str) -> None:
    album = make_album(visit.site)
    page = visit(f"/?c={album.collection}&sort=-ingested_at", width=width, language=language)
    expect(page.get_by_test_id("hit")).to_have_count(len(SHOTS))
    page.get_by_test_id("select").click()
    page.get_by_test_id("select-all").click()
    page.get_by_test_id("selection-export").click()
    page.get_by_test_id("export-corrected").select_option("pictures")
    page.get_by_test_id("export-csv").click()
    expect(page.get_by_test_id("selection-said")).not_to_be_empty()  # that nothing was
    expect(page.get_by_test_id("problem")).to_have_count(0)
    corrected = f"{visit.site}/v1/collections/{album.collection}/images/{album.ids['race']}/objects/1"
    assert page.request.patch(corrected, data={"label": "our Bello"}).ok
    lines = {}
    for what in ("pictures", "boxes"):
        page.get_by_test_id("selection-export").click()
        page.get_by_test_id("export-corrected").select_option(what)
        with page.expect_download() as table:
            page.get_by_test_id("export-csv").click()
        table.value.save_as(tmp_path / what)
        lines[what] = list(csv.DictReader(io.StringIO((tmp_path / what).read_text("utf-8-sig"))))
    assert {line["image_id"] for what in lines.values() for line in what} == {album.ids["race"]}
    assert [line["label"] for line in lines["boxes"]] == ["our Bello"]
    assert len(lines["pictures"]) > 1


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_the_boxes_of_a_selection_are_downloaded_in_each_form(visit: Visit, width: int, language: str) -> None:
    album = make_album(visit.site)
    page = visit(f"/?c={album.collection}&sort=-ingested_at", width=width, language=language)
    expect(page.get_by_test_id("hit")).to_have_count(len(SHOTS))
    page.get_by_test_id("select").click()
    page.get_by_test_id("select-all").click()
    files = {}
    for form in ("json", "coco", "yolo"):
        page.get_by_test_id("selection-export").click()
        with page.expect_download() as download:
            page.get_by_test_id(f"export-{form}").click()
        assert download.value.suggested_filename.endswith(".zip" if form == "yolo" else ".json")
        files[form] = download.value.path().read_bytes()
    listed, coco = json.loads(files["json"]), json.loads(files["coco"])
    assert {image["image_id"] for image in listed} == set(album.ids.values())
    assert len(coco["images"]) == len(SHOTS)
    boxes = sum(len(image["objects"]) for image in listed)
    assert boxes == len(coco["annotations"]) > len(SHOTS)
    with zipfile.ZipFile(io.BytesIO(files["yolo"])) as archive:
        labels = [archive.read(name).decode() for name in archive.namelist() if name.startswith("labels/")]
    assert len(labels) == len(SHOTS)
    assert sum(len(text.splitlines()) for text in labels) == boxes


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_clicks_and_shift_select_and_open_nothing(visit: Visit, width: int, language: str) -> None:
    page = visit("/?sort=-ingested_at", width=width, language=language)
    expect(page.get_by_test_id("count")).not_to_be_empty()
    page.get_by_test_id("select").click()
    ticks = page.get_by_test_id("tick")
    ticks.nth(1).check()
    ticks.nth(4).click(modifiers=["Shift"])
    assert chosen(page)[:6] == [False, True, True, True, True, False]
    ticks.nth(2).press("Space")
    assert chosen(page)[:6] == [False, True, False, True, True, False]
    assert "open=" not in page.url
    page.keyboard.press("Control+a")
    total = int(re.sub(r"\D", "", (page.get_by_test_id("count").inner_text()).split("·")[0]))
    expect(page.get_by_test_id("selection-count")).to_contain_text(str(total))  # those that were not there yet as well
    page.get_by_test_id("select-none").click()
    expect(page.get_by_test_id("selection-tag")).to_be_disabled()
    page.get_by_test_id("selection-leave").click()
    expect(ticks).to_have_count(0)
    expect(page.get_by_test_id("select")).to_be_focused()


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")])
def test_an_album_is_filled_and_its_link_opens_it(visit: Visit, width: int, language: str) -> None:
    album = make_album(visit.site)
    page = visit(f"/?c={album.collection}&f=tag:holiday", width=width, language=language)
    expect(page.get_by_test_id("hit")).to_have_count(3)
    page.get_by_test_id("select").click()
    page.get_by_test_id("select-all").click()
    page.get_by_test_id("selection-album").click()
    page.get_by_test_id("selection-album-name").fill("Tuscany 2023")
    page.get_by_test_id("selection-add-album").click()
    expect(page.get_by_test_id("selection-said")).to_contain_text("3")
    page.goto(f"{visit.site}/?c={album.collection}&f=album:Tuscany+2023")
    expect(page.get_by_test_id("hit")).to_have_count(3)
    expect(page.get_by_text("Tuscany 2023").first).to_be_visible()
