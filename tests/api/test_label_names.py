"""A label in a filter may be any name of its class, in Chinese or English; a name of no class is refused."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World

C = "/v1/collections/photos"


def image_ids(client: TestClient, filter: Any) -> set[str]:
    answer = (
        client.get(f"{C}/search", params={"filter": filter})
        if isinstance(filter, str)
        else client.post(f"{C}/search", json={"filter": filter, "fold": False})
    )
    assert answer.status_code == 200, answer.text
    return {hit["image_id"] for hit in answer.json()["hits"]}


@pytest.mark.parametrize(
    "filter",
    [
        "label:黄",
        "label:黃",
        "label:AMBER",
        "label:ｙｅｌｌｏｗ",
        "label:ambers",
        "count.amber:1",
        'count."黃">=1',
        {"label": "黄"},
        {"label": ["amber", "green"]},
        {"label": {"none": ["红", "BLUE"]}, "kind": "object"},
        {"count": {"Amber": 1}},
        {"count.黄": {"gte": 1}},
        {"any": [{"label": ["黄"]}]},
        {"none": [{"any": [{"label": ["RED", "蓝"]}]}], "kind": ["object"]},
    ],
)
def test_any_name_of_a_class_stands_for_it(client: TestClient, world: World, filter: Any) -> None:
    yellow = world.add(1, left="yellow", right="yellow")
    world.add(2)
    assert image_ids(client, filter) == {yellow}


def test_facets_take_names_too(client: TestClient, world: World) -> None:
    world.add(1)
    world.add(2, left="green")
    by_address = client.get(f"{C}/facets", params={"filter": "label:红"}).json()["facets"]["label"]
    by_body = client.post(f"{C}/facets", json={"filter": {"label": "RED"}}).json()["facets"]["label"]
    assert by_address == by_body == [{"value": "red", "count": 1, "name": {"en": "red", "zh": "红"}}]


@pytest.mark.parametrize(
    ("filter", "place", "near"),
    [
        ("label:yelow", "filter.label", "yellow"),
        ("tag:x -label:grean", "filter.label", "green"),
        ({"label": ["red", "ambre"]}, "filter.label", "amber"),
        ({"any": [{"label": "red"}, {"none": [{"label": "bluu"}]}]}, "filter.any[1].none[0].label", "blue"),
        ({"count": {"gren": 2}}, "filter.count.gren", "green"),
        ({"label": "红红"}, "filter.label", "红"),
        ({"label": "zeppelin"}, "filter.label", None),
    ],
)
@pytest.mark.parametrize("route", ["search", "facets"])
def test_a_name_of_no_class_is_refused_at_its_place(
    client: TestClient, route: str, filter: Any, place: str, near: str | None
) -> None:
    url = f"{C}/{route}"
    answer = (
        client.get(url, params={"filter": filter})
        if isinstance(filter, str)
        else client.post(url, json={"filter": filter})
    )
    body = problem(answer, 422, "bad_query")
    assert body["errors"][0]["place"] == place
    assert body["hint"] == (f"Did you mean {near}?" if near else "All classes and their names: GET /v1/labels.")


def test_beside_all_of_and_clauses_names_are_taken_as_well(client: TestClient, world: World) -> None:
    both = world.add(1)
    world.add(2, left="green")
    body = {"all_of": [{"text": "蓝"}], "filter": {"label": "红"}}
    answer = client.post(f"{C}/search", json=body)
    assert [hit["image_id"] for hit in answer.json()["hits"]] == [both]
    form = {"filter": "label:绿", "text": "green"}
    with_picture = client.post(
        f"{C}/search/image", data=form, files={"file": ("a.png", world.store.get(*min(world.files())))}
    )
    assert {o["label"] for hit in with_picture.json()["hits"] for o in hit["objects"]} == {"green"}
