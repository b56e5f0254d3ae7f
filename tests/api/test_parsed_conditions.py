"""Conditions read from the words over HTTP: told in the answer, acted on, and switched off one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World, picture_bytes

from boxlens.domain.references import ImageRef

C = "/v1/collections/photos"


def search(client: TestClient, q: str, **more: Any) -> dict[str, Any]:
    """Without folding: the pictures of these tests look alike."""
    answer = client.get(f"{C}/search", params={"q": q, "fold": False, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def file_names(answer: dict[str, Any]) -> set[str]:
    return {hit["image_id"] for hit in answer["hits"]}


def test_what_was_read_is_told_in_the_form_of_a_query(client: TestClient, world: World) -> None:
    both, _ = world.add(1), world.add(2, left="green")
    answer = search(client, "red left of 蓝")
    assert file_names(answer) == {both}
    (condition,) = answer["read_from_text"]
    assert condition == {
        "key": "all_of:red left of 蓝",
        "text": "red left of 蓝",
        "clause": 0,
        "start": 0,
        "end": 13,
        "read_as": "all_of",
        "all_of": [
            {"text": "red", "count": {"min": 1, "max": None}, "relation": {"is": "left_of", "other": 1}},
            {"text": "蓝", "count": {"min": 1, "max": None}, "relation": None},
        ],
        "filter": None,
        "away": None,
        "admits_nothing": False,
    }
    assert answer["words_left"] == ""
    again = client.post(f"{C}/search", json={"all_of": condition["all_of"]}).json()
    assert file_names(again) == {both}
    assert again["read_from_text"] == []
    assert not search(client, "red right of blue")["hits"]


def test_dates_filter_and_exclusions_push_away(client: TestClient, world: World) -> None:
    world.add(1)
    answer = search(client, "red 2023年7月 -yellow")
    assert answer["hits"] == []
    by_date, away = answer["read_from_text"]
    assert by_date["filter"] == {"taken_at": {"gte": "2023-07-01", "lte": "2023-07-31"}}
    assert (away["read_as"], away["away"]) == ("not", {"text": "yellow", "weight": -0.5})
    assert answer["words_left"] == "red"
    posted = client.post(f"{C}/search", json={"clauses": [{"text": "red"}], "filter": by_date["filter"]})
    assert posted.json()["hits"] == []
    assert search(client, "red 2023年7月 -yellow", ignore=by_date["key"])["hits"]


def test_an_empty_answer_tells_which_condition_leaves_nothing(client: TestClient, world: World) -> None:
    dated = ImageRef("dated", data=picture_bytes(1, left="green"), taken_at=datetime(2023, 7, 2, tzinfo=UTC))
    world.indexer.add(dated, collection="photos")

    def emptying(q: str) -> dict[str, bool]:
        answer = search(client, q)
        assert bool(answer["hits"]) == ("2023年7月" in q)
        assert ("not_all_together" in answer["notes"]) == (q == "red and blue 2023年7月")
        return {condition["key"]: condition["admits_nothing"] for condition in answer["read_from_text"]}

    assert emptying("red and blue 2023年8月") == {"all_of:red and blue": False, "filter:2023年8月": True}
    assert emptying("red and blue 2023年7月") == {"all_of:red and blue": False, "filter:2023年7月": False}
    assert emptying("blue 2023年7月") == {"filter:2023年7月": False}


def test_nothing_is_read_unless_it_is_asked_for(client: TestClient, world: World) -> None:
    world.add(1, left="green")
    assert "not_all_together" in search(client, "red and blue")["notes"]
    for switched_off in ({"read_text": False}, {"ignore": ["all_of:red and blue"]}):
        answer = search(client, "red and blue", **switched_off)
        assert (answer["read_from_text"], answer["words_left"]) == ([], None)
        assert answer["hits"]
        assert "not_all_together" not in answer["notes"]
    body: dict[str, Any] = {"clauses": [{"text": "red and blue"}]}
    assert client.post(f"{C}/search", json=body).json()["read_from_text"] == []
    read = client.post(f"{C}/search", json=body | {"read_text": True}).json()
    assert [condition["read_as"] for condition in read["read_from_text"]] == ["all_of"]


def test_words_beside_a_picture_are_read_too(client: TestClient, world: World) -> None:
    both, _ = world.add(1), world.add(2, left="green")
    files = {"file": ("a.png", picture_bytes(7))}
    answer = client.post(f"{C}/search/image", files=files, data={"text": "red and blue"}).json()
    assert file_names(answer) == {both}
    assert [o["label"] for o in answer["query_objects"]] == ["red", "blue"]
    plain = client.post(f"{C}/search/image", files=files, data={"text": "red and blue", "read_text": "false"}).json()
    assert len(plain["hits"]) == 2


def test_pages_of_a_read_query_follow(client: TestClient, world: World) -> None:
    stored = {world.add(seed) for seed in range(3)}
    first = search(client, "red and blue", size=2)
    second = search(client, "red and blue", size=2, cursor=first["next_cursor"])
    assert file_names(first) | file_names(second) == stored
    answer = client.get(
        f"{C}/search", params={"q": "red and green", "size": 2, "fold": False, "cursor": first["next_cursor"]}
    )
    problem(answer, 422, "bad_query")


def test_too_many_keys_are_refused(client: TestClient) -> None:
    body = {"clauses": [{"text": "x"}], "ignore": ["x"] * 65}
    errors = problem(client.post(f"{C}/search", json=body), 422, "bad_input")["errors"]
    assert errors[0]["place"] == "ignore"
    body = {"clauses": [{"text": "x"}], "read_text": "perhaps"}
    problem(client.post(f"{C}/search", json=body), 422, "bad_input")


def test_a_denial_that_is_not_read_is_told_and_never_answered_with_its_opposite(
    client: TestClient, world: World
) -> None:
    world.add(1)
    answer = search(client, "not exactly quite very nearly red")
    assert (answer["hits"], "negation_unread" in answer["notes"]) == ([], True)
    assert search(client, '"not exactly quite very nearly red"')["notes"] != answer["notes"]
    assert "negation_unread" not in search(client, "blue without green")["notes"]
