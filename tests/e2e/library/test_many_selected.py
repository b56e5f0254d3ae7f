"""Two hundred results at once, by keyboard alone: all selected, tagged, exported, deleted and brought back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.api.world import World, picture_bytes
from tests.checkout import ROOT
from tests.e2e.conftest import Visit
from tests.servers.stack import served

from boxlens.domain.references import ImageRef
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.servers import embedded_proxy
from boxlens.settings import ElasticsearchSettings, Settings
from boxlens.web.build import built_page

pytestmark = pytest.mark.browser

MANY = 200
COLLECTION = "many"
FARTHEST = 60  # steps of Tab to what is meant
PATIENCE = 180_000  # ms; a busy machine is no reason to fail


@pytest.fixture(scope="module")
def many(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site over the embedded Elasticsearch and a minio-proxy of its own, with two hundred drawn pictures; only the
    networks are small."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("many"), collection=COLLECTION)
    page = built_page(ROOT / "search-front", lambda text: None)
    client = connect(elasticsearch_url, ElasticsearchSettings())
    with embedded_proxy(settings, 0, page_port=0) as proxy:
        index = ElasticsearchIndex(client, prefix=COLLECTION)
        world = World(None, settings, index, proxy=proxy)  # type: ignore[arg-type]  # the real way
        pictures = [ImageRef(f"drawn:{n}.png", data=picture_bytes(n)) for n in range(MANY)]
        assert world.indexer.ingest(pictures, collection=COLLECTION).stored == MANY
        with served(world, page) as address:
            yield address
        world.writer.drop(COLLECTION)
        world.close()
    client.close()


@pytest.fixture
def visit_many(chromium: Browser, many: str) -> Iterator[Visit]:
    visiting = Visit(chromium, many)
    yield visiting
    visiting.close()
    assert visiting.complaints == []


def go_to(page: Page, name: str) -> None:
    """Tab until it has the focus."""
    for _ in range(FARTHEST):
        if page.evaluate("document.activeElement?.dataset.testid ?? ''") == name:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not lead to {name}")


def press(page: Page, name: str) -> None:
    go_to(page, name)
    page.keyboard.press("Enter")


def exported(page: Page, form: str, folder: Path) -> list[dict[str, str]]:
    """The lines of a table that the page saves."""
    press(page, "selection-export")
    go_to(page, f"export-{form}")
    with page.expect_download(timeout=PATIENCE) as table:
        page.keyboard.press("Enter")
    table.value.save_as(folder / form)
    return list(csv.DictReader(io.StringIO((folder / form).read_text("utf-8-sig"))))


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_two_hundred_are_tagged_exported_deleted_and_brought_back_by_keyboard_alone(
    visit_many: Visit, tmp_path: Path, width: int, language: str
) -> None:
    page = visit_many(f"/?c={COLLECTION}&sort=-ingested_at", width=width, language=language)
    hits, tag = page.get_by_test_id("hit"), f"quokka {width}"
    expect(hits.first).to_be_visible()
    press(page, "select")
    expect(page.get_by_test_id("select-all")).to_be_focused()
    page.keyboard.press("Control+a")
    expect(page.get_by_test_id("selection-count")).to_contain_text(str(MANY), timeout=PATIENCE)
    press(page, "selection-tag")
    expect(page.get_by_test_id("selection-tags")).to_be_focused()
    page.keyboard.type(tag)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("selection-said")).to_contain_text(str(MANY), timeout=PATIENCE)
    expect(page.get_by_test_id("selection-tag")).to_be_focused()  # the panel is closed again
    rows = exported(page, "csv", tmp_path)
    assert len({row["image_id"] for row in rows if tag in row["tags"]}) == MANY
    press(page, "selection-delete")
    expect(hits).to_have_count(0)
    expect(page.get_by_test_id("undo-note")).to_contain_text(str(MANY), timeout=PATIENCE)
    press(page, "undo")
    expect(page.get_by_test_id("undo-note")).to_have_count(0, timeout=PATIENCE)
    expect(hits).to_have_count(MANY)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("select")).to_be_focused()
    facets = page.request.get(f"{visit_many.site}/v1/collections/{COLLECTION}/facets").json()["facets"]
    assert {entry["value"]: entry["count"] for entry in facets["tag"]}[tag] == MANY
