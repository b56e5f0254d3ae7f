"""Saved searches on the page that tell people: the tick is there where a target is set, and does what it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr
from tests.api.world import World
from tests.checkout import ROOT
from tests.e2e.conftest import Visit
from tests.servers.receiver import Receiver, receiving
from tests.servers.stack import served

from boxlens.servers import embedded_proxy
from boxlens.settings import FetchSettings, NotifySettings, Settings
from boxlens.web.build import built_page

pytestmark = pytest.mark.browser
LONGEST_S = 240.0  # a busy machine is no reason to fail
SECRET = "hunter2hunter2"
TICK = {"zh-CN": "通过邮件或手机通知所有者", "en-US": "Notify the owner by email or phone"}


@dataclass(frozen=True, slots=True)
class TellingSite:
    """A site whose owner has set a target of apprise, and who is told there."""

    address: str
    world: World
    people: Receiver


@pytest.fixture
def site_that_tells(tmp_path: Path) -> Iterator[TellingSite]:
    pytest.importorskip("apprise", reason="the extra apprise is not installed")
    page = built_page(ROOT / "search-front", lambda text: None)
    with receiving() as people:
        settings = Settings(
            data_dir=tmp_path / "data",
            collection="photos",
            fetch=FetchSettings(allow_hosts=(f"127.0.0.1:{people.port}",)),
            notify=NotifySettings(
                apprise=(SecretStr(f"json://me:{SECRET}@127.0.0.1:{people.port}/{SECRET}"),), every_s=0.2
            ),
        )
        with embedded_proxy(settings, 0, page_port=0) as proxy:
            world = World(None, settings, proxy=proxy)  # type: ignore[arg-type]  # the real way
            world.writer.create("photos", world.pack)
            world.add(1, caption="an old lighthouse")
            with served(world, page) as address:
                yield TellingSite(address, world, people)
            world.close()


@pytest.fixture
def visit_telling(chromium: Browser, site_that_tells: TellingSite) -> Iterator[Visit]:
    visiting = Visit(chromium, site_that_tells.address)
    yield visiting
    visiting.close()
    assert visiting.complaints == []


def eventually(condition: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < end, why
        time.sleep(0.1)


def save(page: Page, name: str, tick: str, *, ticked: bool) -> None:
    """Save what is searched, from the keyboard's and the finger's own parts of the sheet."""
    page.get_by_test_id("open-saved").click()
    page.get_by_test_id("saved-name").fill(name)
    expect(page.get_by_label(tick)).to_be_checked()
    page.get_by_label(tick).set_checked(ticked)
    page.get_by_test_id("saved-save").click()
    expect(page.get_by_test_id("saved-one").filter(has_text=name)).to_have_count(1)


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_people_are_told_of_what_the_search_with_the_tick_finds_and_of_nothing_else(
    visit_telling: Visit, site_that_tells: TellingSite, width: int, language: str
) -> None:
    world, people = site_that_tells.world, site_that_tells.people
    answers: list[str] = []
    page = visit_telling("/?c=photos&q=lighthouse", width=width, language=language, touch=width == 390)
    page.on("response", lambda response: answers.append(response.url) if SECRET in response.text() else None)
    save(page, "ringing", TICK[language], ticked=True)
    page.goto(f"{visit_telling.site}/?c=photos&q=fog")
    save(page, "silent", TICK[language], ticked=False)
    new = world.add(2, caption="a lighthouse in the fog")
    with httpx.Client(base_url=visit_telling.site, timeout=LONGEST_S) as api:

        def unseen() -> dict[str, int]:
            return {search["name"]: search["unseen"] for search in api.get("/v1/saved").json()["searches"]}

        eventually(lambda: unseen() == {"ringing": 1, "silent": 1}, "not both were counted")
    eventually(lambda: len(people.taken) > 0, "nobody was told")
    page.reload()
    expect(page.get_by_test_id("saved-unseen")).to_have_text("2")
    (message,) = [orjson.loads(body) for _, body in people.taken]
    assert message["title"] == "Boxlens: ringing"
    assert message["message"].splitlines()[-1] == new
    assert SECRET not in page.content()
    assert answers == []


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1440, "en-US")], ids=["phone", "desk"])
def test_nobody_is_offered_to_be_told_where_no_target_is_set(visit: Visit, width: int, language: str) -> None:
    page = visit("/?q=dog", width=width, language=language)
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.get_by_test_id("open-saved").click()
    expect(page.get_by_test_id("saved-save")).to_be_visible()
    expect(page.get_by_label(TICK[language])).to_have_count(0)
