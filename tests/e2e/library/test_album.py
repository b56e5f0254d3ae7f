"""Dates, cameras, places and tags on the page: counted, chosen, taken off, typed, shared, and an order by date."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.album import SHOTS, Album, Shot, jpeg, put
from tests.e2e.conftest import Visit
from tests.e2e.query.test_conditions import opened_filters, value
from tests.e2e.steps import look

pytestmark = pytest.mark.browser

WITH_DATE = [name for name, shot in SHOTS.items() if shot.taken]
BY_DATE = sorted(WITH_DATE, key=lambda name: SHOTS[name].taken, reverse=True)


@pytest.fixture
def listed(visit: Visit, album: Album) -> Page:
    """A page that lists the whole album, the newest first."""
    page = visit(f"/?c={album.collection}&sort=-taken_at")
    expect(page.get_by_test_id("hit")).to_have_count(len(SHOTS))
    return page


def file_names(page: Page, album: Album) -> list[str]:
    """The pictures of the grid by name, in their order."""
    return album.names(hit.get_attribute("data-image") for hit in page.get_by_test_id("hit").all())


def expect_shown(page: Page, album: Album, names: list[str]) -> None:
    expect(page.get_by_test_id("results")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_test_id("hit")).to_have_count(len(names))
    assert sorted(file_names(page, album)) == sorted(names)


def counted(group: Locator) -> dict[str, int]:
    values = group.get_by_test_id("filter-value")
    expect(values.first).to_be_visible()
    return {
        element.get_attribute("data-value") or "": int(element.get_by_test_id("filter-count").inner_text())
        for element in values.all()
    }


def having(field: str, value: str) -> list[str]:
    """Names of the shots with that tag, year or camera."""
    of: dict[str, Callable[[Shot], tuple[str, ...]]] = {
        "tag": lambda s: s.tags,
        "taken": lambda s: (s.taken[:4],),
        "camera": lambda s: (camera(*s.camera),),
    }
    return [name for name, shot in SHOTS.items() if value in of[field](shot)]


def camera(make: str, model: str) -> str:
    return model if model.startswith(make) else f"{make} {model}"


def test_years_tags_and_cameras_are_counted_rightly(listed: Page) -> None:
    panel = opened_filters(listed)
    assert counted(panel.get_by_test_id("filter-tag")) == Counter(tag for s in SHOTS.values() for tag in s.tags)
    assert counted(panel.get_by_test_id("filter-taken")) == Counter(SHOTS[name].taken[:4] for name in WITH_DATE)
    cameras = Counter(camera(*SHOTS[name].camera) for name in WITH_DATE)
    assert counted(panel.get_by_test_id("filter-camera")) == cameras


@pytest.mark.parametrize(
    ("field", "label"),
    [("tag", "holiday"), ("tag", "garden"), ("taken", "2023"), ("taken", "2021"), ("camera", "FUJIFILM X-T5")],
)
def test_a_chip_leaves_exactly_its_pictures_and_travels(
    visit: Visit, album: Album, listed: Page, field: str, label: str
) -> None:
    panel = opened_filters(listed)
    value(panel, field, label).click()
    expect_shown(listed, album, having(field, label))
    assert f"f={field}:{label}" in unquote(listed.url).replace("+", " ")
    other = visit(listed.url.removeprefix(visit.site))
    expect_shown(other, album, having(field, label))
    expect(other.get_by_test_id("condition")).to_have_count(1)
    listed.get_by_test_id("condition").click()
    expect_shown(listed, album, list(SHOTS))
    assert "f=" not in listed.url


def test_values_of_one_field_are_alternatives_and_fields_must_all_hold(album: Album, listed: Page) -> None:
    panel = opened_filters(listed)
    value(panel, "taken", "2023").click()
    value(panel, "taken", "2022").click()
    expect_shown(listed, album, ["table", "race", "cat", "frisbee"])
    expect(panel).to_have_attribute("aria-busy", "false")
    # Years count what the others leave, tags what the years leave.
    assert counted(panel.get_by_test_id("filter-taken")) == {"2023": 3, "2022": 1, "2021": 1}
    assert counted(panel.get_by_test_id("filter-tag")) == {"holiday": 2, "garden": 1, "race": 1}
    value(panel, "tag", "holiday").click()
    expect_shown(listed, album, ["table", "frisbee"])
    panel.get_by_test_id("clear-filters").click()
    expect_shown(listed, album, list(SHOTS))


@pytest.mark.parametrize(
    ("first", "last", "names", "chip"),
    [
        ("2023-07-04", "2023-07-31", ["table", "race"], "Jul 4 – 31, 2023"),
        ("", "2022-07-15", ["frisbee", "herd"], "until Jul 15, 2022"),
        ("2023-07-05", "", ["race", "cat"], "since Jul 5, 2023"),
        ("2022-12-31", "2021-05-02", ["frisbee"], "May 2, 2021 – Dec 31, 2022"),  # given the wrong way round
    ],
)
def test_days_of_ones_own_bound_the_date(
    album: Album, listed: Page, first: str, last: str, names: list[str], chip: str
) -> None:
    time = opened_filters(listed).get_by_test_id("filter-time")
    time.get_by_test_id("time-from").fill(first)
    time.get_by_test_id("time-until").fill(last)
    time.get_by_role("button", name="Add").click()
    expect_shown(listed, album, names)
    expect(listed.get_by_test_id("condition")).to_have_text(re.compile(re.sub(r"\s", r"\\s", chip)))
    listed.get_by_test_id("condition").click()
    expect_shown(listed, album, list(SHOTS))


def test_newest_taken_comes_first_and_without_a_date_last(album: Album, listed: Page) -> None:
    assert file_names(listed, album)[: len(BY_DATE)] == BY_DATE
    assert sorted(file_names(listed, album)[len(BY_DATE) :]) == ["elephant", "hydrant"]
    expect(listed.get_by_test_id("sort")).to_have_value("-taken_at")
    expect(listed.get_by_test_id("tile-taken")).to_have_text(["Nov 2, 2023", *[re.compile(r"\d")] * 4, "", ""])
    expect(listed.locator(".best")).to_have_count(0)  # a list of all has no best match, and no score
    expect(listed.get_by_test_id("why")).to_have_count(0)
    listed.get_by_test_id("open").first.click()
    expect(listed.get_by_test_id("picture-facts")).to_be_visible()
    expect(listed.get_by_test_id("viewer").locator(".best, .matched")).to_have_count(0)


def test_the_same_order_of_a_search_for_words(visit: Visit, album: Album) -> None:
    page = visit(f"/?c={album.collection}&q=person&rel=all")
    expect(page.get_by_test_id("hit").nth(2)).to_be_visible()
    page.get_by_test_id("sort").select_option("-taken_at")
    expect(page).to_have_url(re.compile("sort=-taken_at"))
    expect(page.get_by_test_id("results")).to_have_attribute("aria-busy", "false")
    names = file_names(page, album)
    assert [name for name in names if name in BY_DATE] == [name for name in BY_DATE if name in names]
    assert {"race", "table", "frisbee"} <= set(names)
    assert names[-1] == "elephant"  # has no date


@pytest.mark.parametrize(
    ("typed", "language", "read", "names"),
    [
        ("July 2023 dog", "en-US", "Jul 2023", ["table"]),
        ("dog taken before 2023", "en-US", "until 2022", ["frisbee"]),
        ("2023年7月 狗", "zh-CN", "2023年7月", ["table"]),
        ("2023年7月 马", "zh-CN", "2023年7月", ["race"]),
    ],
)
def test_a_date_in_the_words_is_a_condition_that_can_be_taken_off(
    visit: Visit, album: Album, typed: str, language: str, read: str, names: list[str]
) -> None:
    page = visit(f"/?c={album.collection}", language=language)
    look(page, typed)
    chip = page.get_by_test_id("read-chip")
    expect(chip).to_have_text(re.compile(re.sub(r"\s", r"\\s", read)))
    expect_shown(page, album, names)
    chip.click()
    expect(chip).to_have_count(0)
    expect(page.get_by_test_id("plain-chip")).to_be_visible()
    expect(page.get_by_test_id("hit").nth(len(names))).to_be_visible()  # dogs of any time


def test_pictures_from_around_a_place_are_found_from_an_opened_one(visit: Visit, album: Album) -> None:
    page = visit(f"/?c={album.collection}&sort=-taken_at&open={album.ids['table']}")
    facts = page.get_by_test_id("picture-facts")
    expect(facts).to_contain_text("Canon EOS R6")
    expect(facts).to_contain_text("Jul 4, 2023")
    expect(facts.get_by_test_id("place")).to_have_text("39.9163° N, 116.3972° E")
    facts.get_by_test_id("around").click()
    expect(page.get_by_test_id("viewer")).to_have_count(0)
    expect_shown(page, album, ["table", "race"])
    expect(page.get_by_test_id("condition")).to_contain_text("5 km")
    other = visit(page.url.removeprefix(visit.site))
    expect_shown(other, album, ["table", "race"])


@pytest.mark.parametrize(("width", "language", "brown"), [(390, "en-US", "brown"), (1440, "zh-CN", "棕色")])
def test_where_all_is_one_kind_of_thing_the_start_offers_colours(
    visit: Visit, width: int, language: str, brown: str
) -> None:
    collection = f"one-{uuid.uuid4().hex[:8]}"
    with httpx.Client(base_url=visit.site, timeout=120) as api:
        api.put(f"/v1/collections/{collection}", json={}).raise_for_status()
        bear = Shot("000000000285")
        put(api, collection, "bear.jpg", jpeg(bear))
        counts = api.get(f"/v1/collections/{collection}/facets").json()["facets"]
    assert [c["value"] for c in counts["label"] if c["value"]] == ["bear"]
    page = visit(f"/?c={collection}", width=width, language=language, touch=width == 390)
    offered = page.get_by_test_id("start-labels").locator("button")
    expect(offered).to_have_count(len(counts["colour"]))
    page.get_by_role("button", name=brown).click()
    expect(page).to_have_url(re.compile("f=colour:brown"))
    expect(page.get_by_test_id("hit")).to_have_count(1)


def test_the_start_leads_to_all_pictures(visit: Visit, album: Album) -> None:
    page = visit(f"/?c={album.collection}")
    page.get_by_test_id("all-pictures").click()
    expect_shown(page, album, list(SHOTS))
    expect(page.get_by_test_id("count")).to_contain_text(str(len(SHOTS)))
    page.go_back()
    expect(page.get_by_test_id("start")).to_be_visible()
