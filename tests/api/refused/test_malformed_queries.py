"""Every query that makes no sense is a 422 that names the place, whatever it is that is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World, first_object, picture_bytes

from boxlens.api.middleware.limits import MAX_JSON

C = "/v1/collections/photos"
X = {"text": "x"}


def places(client: TestClient, body: str | dict[str, Any], collection: str = "photos") -> list[str]:
    """The places that are named of a refused query."""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    answer = client.post(
        f"/v1/collections/{collection}/search", content=text.encode(), headers={"content-type": "application/json"}
    )
    assert answer.json()["code"] in ("bad_input", "bad_query")
    return [error["place"] for error in problem(answer, 422, answer.json()["code"])["errors"]]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"clauses": [X], "lable": "car"}, "lable"),
        ({"clauses": [X | {"wieght": 2}]}, "clauses[0].wieght"),
        ({"clauses": [X], "filter": {"lable": ["car"]}}, "filter.lable"),
        ({"clauses": [X], "filter": {"box_score": {"gt": 0.5}}}, "filter.box_score.gt"),
        ({"clauses": [X], "filter": {"label": {"all": ["car"]}}}, "filter.label.all"),
        ({"clauses": [X], "filter": {"not": [{"label": "car"}]}}, "filter.not"),
        ('{"clauses": [{"text": "x", "weight": NaN}]}', "clauses[0].weight"),
        ('{"clauses": [{"text": "x"}], "signals": {"clip": Infinity}}', "signals.clip"),
        ({"clauses": [X | {"weight": None}]}, "clauses[0].weight"),
        ({"clauses": [X] * 10_000}, "clauses"),
        ({"clauses": [{"text": "狗" * 333_333}]}, "clauses[0].text"),
        ({"clauses": [{"text": "x" * 1_048_576}]}, "clauses[0].text"),
        ({"clauses": [{"image_url": "http://example.org/" + "x" * 1_000_000}]}, "clauses[0].image_url"),
        ({"clauses": [X], "filter": {"tags": ["x" * 1_000_000]}}, "filter.tags.any[0]"),
        ({"clauses": [X], "filter": {"tags": ["x"] * 10_000}}, "filter.tags.any"),
        ({"clauses": [X], "sort": "size"}, "sort"),
        ({"clauses": [X], "sort": "-taken"}, "sort"),
        ({"clauses": [X], "sort": ["taken_at"]}, "sort"),
        ({"clauses": [X], "group_by": "label"}, "group_by"),
        ({"clauses": [X], "fold": "perhaps"}, "fold"),
        ({"clauses": [X], "groups": "all"}, "groups"),
        ({"clauses": [X], "groups": "query_objects"}, "groups"),
        ({"clauses": [{"image_url": "http://example.org/"}] * 2, "groups": "query_objects"}, "groups"),
        ({"clauses": [X], "cursor": "x" * 100_001}, "cursor"),
        ({"clauses": [X], "size": 201}, "size"),
        ({"clauses": [X], "size": 2.5}, "size"),
        ({"clauses": {"text": "x"}}, "clauses"),
        ({"clauses": ["dog"]}, "clauses[0]"),
    ],
)
def test_the_place_is_named(client: TestClient, body: str | dict[str, Any], place: str) -> None:
    assert place in places(client, body)


@pytest.mark.parametrize("relation", [{"is": "left_of", "other": 7}, {"is": "left_of", "other": -1}])
def test_a_relation_to_something_that_is_not_there(client: TestClient, relation: dict[str, Any]) -> None:
    error_places = places(client, {"all_of": [{"text": "dog"}, {"text": "cat", "relation": relation}]})
    assert any(place.startswith("all_of") for place in error_places)


def test_a_body_that_is_too_large_is_not_even_read(client: TestClient) -> None:
    body = json.dumps({"clauses": [{"text": "x" * MAX_JSON}]})
    answer = client.post(f"{C}/search", content=body.encode(), headers={"content-type": "application/json"})
    problem(answer, 413, "too_large")


@pytest.fixture
def cursor(client: TestClient, world: World) -> str:
    """Of the query for red things, two a page, in photos."""
    world.index.create("others", world.pack)
    for seed in range(4):
        world.add(seed)
        world.add(seed, collection="others")
    answer = client.post(f"{C}/search", json=QUERY)
    cursor: str = answer.json()["next_cursor"]
    assert client.post(f"{C}/search", json=QUERY | {"cursor": cursor}).status_code == 200
    return cursor


QUERY = {"clauses": [{"text": "red"}], "size": 2, "min_relevance": None, "fold": False}


@pytest.mark.parametrize(
    "change",
    [
        {"clauses": [{"text": "blue"}]},
        {"clauses": [{"text": "red", "weight": 2}]},
        {"clauses": [{"text": "red"}, {"text": "blue", "weight": -1}]},
        {"filter": {"kind": "object"}},
        {"signals": {"clip": 0.5}},
        {"size": 3},
        {"sort": "-taken_at"},
        {"group_by": "object"},
        {"fold": True},
        {"min_relevance": 0.5},
        {"clauses": [], "filter": {"kind": "object"}},
    ],
)
def test_a_cursor_of_another_query(client: TestClient, cursor: str, change: dict[str, Any]) -> None:
    assert places(client, QUERY | change | {"cursor": cursor}) == ["cursor"]


def test_a_cursor_of_another_collection(client: TestClient, cursor: str) -> None:
    assert client.post("/v1/collections/others/search", json=QUERY).status_code == 200
    assert places(client, QUERY | {"cursor": cursor}, "others") == ["cursor"]


def test_a_damaged_cursor(client: TestClient, cursor: str) -> None:
    other = "A" if cursor[10] != "A" else "B"
    for damaged in (cursor[:-1], cursor[1:], cursor[::-1], cursor[:10] + other + cursor[11:], cursor + "AAAA", "图"):
        assert places(client, QUERY | {"cursor": damaged}) == ["cursor"]


def test_a_cursor_of_a_listing_is_none_of_a_search(client: TestClient, cursor: str) -> None:
    listing = {"filter": {"kind": "frame"}, "size": 2}
    behind = client.post(f"{C}/search", json=listing).json()["next_cursor"]
    assert places(client, QUERY | {"cursor": behind}) == ["cursor"]
    assert client.post(f"{C}/search", json=listing | {"cursor": behind}).status_code == 200


def test_the_query_in_the_address_and_the_form_too(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    for parameter, value in (("sort", "size"), ("group_by", "x"), ("fold", "x"), ("cursor", "x"), ("size", "0")):
        answer = client.get(f"{C}/search", params={"q": "x", parameter: value})
        assert [e["place"] for e in problem(answer, 422, answer.json()["code"])["errors"]] == [parameter]
    answer = client.get(f"{C}/objects/{first_object(image_id)}/similar", params={"cursor": "AAAA"})
    assert problem(answer, 422, "bad_query")["errors"][0]["place"] == "cursor"
    answer = client.post(f"{C}/search/image", files={"file": picture_bytes()}, data={"groups": "x"})
    assert problem(answer, 422, "bad_input")["errors"][0]["place"] == "groups"
