"""Suggestions through the API."""

from __future__ import annotations

from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World


def texts(client: TestClient, typed: str, **params: int) -> list[tuple[str, str, int]]:
    answer = client.get("/v1/collections/photos/suggestions", params={"q": typed, **params})
    assert answer.status_code == 200
    return [(term["text"], term["kind"], term["count"]) for term in answer.json()["suggestions"]]


def test_classes_tags_words_and_files_of_the_collection_are_suggested_with_counts(
    client: TestClient, world: World
) -> None:
    for seed in range(3):
        world.add(seed, tags=("redwood",) if seed else (), caption="a reddish evening" if seed == 2 else None)
    assert texts(client, "re") == [("red", "label", 3), ("redwood", "tag", 2), ("reddish", "word", 1)]
    assert texts(client, "hong") == [("红", "label", 3)]
    assert texts(client, "re", limit=1) == [("red", "label", 3)]


def test_what_the_collection_does_not_hold_is_not_suggested(client: TestClient, world: World) -> None:
    world.add()
    assert texts(client, "green") == []


def test_bad_suggestions_are_refused(client: TestClient) -> None:
    problem(client.get("/v1/collections/nothing/suggestions?q=a"), 404, "not_found")
    problem(client.get("/v1/collections/photos/suggestions"), 422, "bad_input")
    problem(client.get("/v1/collections/photos/suggestions?q=a&limit=0"), 422, "bad_input")
