"""Several things in one image over HTTP: parts and boxes told apart, and every malformed part refused at its place."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import BLUE, RED, World, first_object

C = "/v1/collections/photos"
DOG: dict[str, Any] = {"text": "dog"}


def search(client: TestClient, **body: Any) -> dict[str, Any]:
    """Without folding: the pictures of these tests look alike."""
    answer = client.post(f"{C}/search", json={"fold": False} | body)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def test_boxes_say_which_part_they_stand_for(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    world.add(2, left="green")
    answer = search(
        client, all_of=[{"text": "red"}, {"text": "蓝", "relation": {"is": "right_of", "other": 0}}], explain=True
    )
    assert [hit["image_id"] for hit in answer["hits"]] == [image_id]
    assert answer["total"] == {"value": 1, "relation": "eq"}
    (hit,) = answer["hits"]
    assert [(o["part"], o["label"], o["box"]) for o in hit["objects"]] == [
        (0, "red", RED.as_list()),
        (1, "blue", BLUE.as_list()),
    ]
    assert hit["score"] == min(o["score"] for o in hit["objects"])
    for matched in hit["objects"]:
        assert sum(why["contribution"] for why in matched["why"]) == pytest.approx(matched["score"])
        assert {(why["of"], why["clause"]) for why in matched["why"]} == {("all_of", matched["part"])}
    assert not search(client, all_of=[{"text": "red"}, {"text": "blue", "relation": {"is": "left_of", "other": 0}}])[
        "hits"
    ]


def test_clauses_rank_what_all_of_admits(client: TestClient, world: World) -> None:
    plain, beach = world.add(1), world.add(2, caption="a beach")
    world.add(3, left="green", caption="a beach")
    both = [{"text": "red"}, {"text": "blue"}]
    answer = search(client, all_of=both, clauses=[{"text": "beach"}], signals={"words": 1, "clip": 0, "vit": 0})
    assert [hit["image_id"] for hit in answer["hits"]] == [beach, plain]
    assert [o["part"] for o in answer["hits"][0]["objects"]] == [0, 1, None]
    away = search(
        client, all_of=both, clauses=[{"text": "beach", "weight": -1}], signals={"words": 1, "clip": 0, "vit": 0}
    )
    assert [hit["image_id"] for hit in away["hits"]] == [plain]


def test_another_order_and_facets_go_with_all_of(client: TestClient, world: World) -> None:
    ids = [world.add(seed) for seed in range(3)]
    world.add(4, left="green")
    body: dict[str, Any] = {"all_of": [{"text": "red"}, {"text": "blue"}]}
    for sort, order in (("ingested_at", ids), ("-ingested_at", ids[::-1])):
        assert [hit["image_id"] for hit in search(client, **body, sort=sort)["hits"]] == order
    counts = client.post("/v1/collections/photos/facets", json=body).json()["facets"]["label"]
    assert {count["value"]: count["count"] for count in counts} == {"red": 3, "blue": 3}


@pytest.mark.parametrize("more", [{"group_by": "object", "fold": False}, {"cursor": "x"}])
def test_what_does_not_go_with_all_of_is_named(client: TestClient, more: dict[str, Any]) -> None:
    answer = client.post(f"{C}/search", json={"all_of": [DOG]} | more)
    assert problem(answer, 422, "bad_query")["errors"][0]["place"] == next(iter(more))


def test_parts_are_also_pictures_and_stored_objects(client: TestClient, world: World) -> None:
    image = world.add(1)
    answer = search(client, all_of=[{"object_id": first_object(image)}, {"text": "blue"}])
    assert answer["hits"][0]["image_id"] == image
    upload = client.post("/v1/detect", files={"file": ("a.png", world.store.get("pictures", keys(world)[0]))}).json()
    by_picture = search(client, all_of=[{"upload_id": upload["upload_id"], "box": RED.as_list()}, {"text": "blue"}])
    assert [o["label"] for o in by_picture["hits"][0]["objects"]] == ["red", "blue"]


def keys(world: World) -> list[str]:
    return list(world.store.keys("pictures"))


@pytest.mark.parametrize(
    ("all_of", "place"),
    [
        ([DOG] * 10_000, "all_of"),
        ([{}], "all_of[0]"),
        ([{"text": ""}], "all_of[0].text"),
        ([{"text": "dog", "weight": 1}], "all_of[0].weight"),
        ([{"text": "dog", "image_id": "ab" * 32}], "all_of[0]"),
        ([{"text": "dog", "count": {"min": 3, "max": 2}}], "all_of[0].count"),
        ([{"text": "dog", "count": {"min": -1}}], "all_of[0].count.min"),
        ([{"text": "dog", "count": {"min": 1.5}}], "all_of[0].count.min"),
        ([{"text": "dog", "count": {"max": 10**9}}], "all_of[0].count.max"),
        ([{"text": "dog", "count": 2}], "all_of[0].count"),
        ([{"text": "dog", "count": {"max": 0}}], "all_of"),
        ([DOG, {"text": "cat", "relation": {"is": "left_of", "other": 2}}], "all_of[1].relation.other"),
        ([DOG, {"text": "cat", "relation": {"is": "left_of", "other": 1}}], "all_of[1].relation.other"),
        ([DOG, {"text": "cat", "relation": {"is": "left_of", "other": -1}}], "all_of[1].relation.other"),
        ([DOG, {"text": "cat", "relation": {"is": "behind", "other": 0}}], "all_of[1].relation.is"),
        ([DOG, {"text": "cat", "relation": {"is": "left_of"}}], "all_of[1].relation.other"),
        ([DOG, {"text": "cat", "relation": {"is": "left_of", "other": 0, "by": 3}}], "all_of[1].relation.by"),
        ([DOG, {"text": "cat", "relation": "left"}], "all_of[1].relation"),
        (
            [
                {"text": "dog", "relation": {"is": "left_of", "other": 1}},
                {"text": "cat", "relation": {"is": "left_of", "other": 0}},
            ],
            "all_of[1].relation",
        ),
        ([{"object_id": "ab" * 32 + "-1"}], "all_of[0]"),
        ([{"image_url": "http://example.org/"}] * 9, "all_of"),
        ("dog", "all_of"),
    ],
)
def test_malformed_parts_are_named_by_place(client: TestClient, all_of: object, place: str) -> None:
    answer = client.post(f"{C}/search", json={"all_of": all_of})
    if place == "all_of[0]" and answer.status_code == 404:
        errors = problem(answer, 404, "not_found")["errors"]
    else:
        assert answer.json()["code"] in ("bad_input", "bad_query")
        errors = problem(answer, 422, answer.json()["code"])["errors"]
    assert place in [error["place"] for error in errors]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_counts_are_numbers(client: TestClient, number: str) -> None:
    text = '{"all_of": [{"text": "x", "count": {"min": NUMBER}}]}'.replace("NUMBER", number)
    answer = client.post(f"{C}/search", content=text, headers={"content-type": "application/json"})
    assert problem(answer, 422, "bad_input")["errors"][0]["place"] == "all_of[0].count.min"


def test_pages_of_several_follow_and_belong_to_their_query(client: TestClient, world: World) -> None:
    stored = {world.add(seed) for seed in range(5)}
    body: dict[str, Any] = {"all_of": [{"text": "red"}, {"text": "blue"}], "size": 2}
    seen: list[str] = []
    answer = search(client, **body)
    while True:
        seen += [hit["image_id"] for hit in answer["hits"]]
        if answer["next_cursor"] is None:
            break
        answer = search(client, **body, cursor=answer["next_cursor"])
    assert sorted(seen) == sorted(stored)
    first = search(client, **body)["next_cursor"]
    other = {"all_of": [{"text": "red"}], "size": 2, "fold": False, "cursor": first}
    assert problem(client.post(f"{C}/search", json=other), 422, "bad_query")["errors"][0]["place"] == "cursor"
