"""Collections of other packs and with settings of their own, over the API."""

from __future__ import annotations

from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World


def test_a_collection_may_have_any_pack_the_server_has(client: TestClient, world: World) -> None:
    made = client.put("/v1/collections/shop", json={"pack": "other", "score_threshold": 0.5, "min_relevance": 0.8})
    assert made.status_code == 201
    told = made.json()
    assert (told["pack"], told["score_threshold"], told["nms_iou"], told["min_relevance"]) == ("other", 0.5, None, 0.8)
    again = client.put("/v1/collections/shop")
    assert (again.status_code, again.json()) == (200, told)


def test_settings_that_are_given_change_and_others_stay(client: TestClient, world: World) -> None:
    client.put("/v1/collections/shop", json={"score_threshold": 0.5})
    told = client.put("/v1/collections/shop", json={"nms_iou": 0.6}).json()
    assert (told["score_threshold"], told["nms_iou"]) == (0.5, 0.6)
    assert client.get("/v1/collections/shop").json() == told


def test_several_collections_are_searched_at_once(client: TestClient, world: World) -> None:
    world.index.create("more", world.pack)
    first, second = world.add(1), world.add(2, collection="more")
    query = {"clauses": [{"text": "red"}], "min_relevance": None, "fold": False}
    alone = client.post("/v1/collections/photos/search", json=query).json()
    assert {(hit["image_id"], hit["collection"]) for hit in alone["hits"]} == {(first, "photos")}
    both = client.post("/v1/collections/photos/search", json=query | {"collections": ["more", "photos"]}).json()
    assert {(hit["image_id"], hit["collection"]) for hit in both["hits"]} == {(first, "photos"), (second, "more")}


def test_several_collections_of_different_packs_are_refused(client: TestClient, world: World) -> None:
    client.put("/v1/collections/shop", json={"pack": "other"})
    query = {"clauses": [{"text": "red"}], "collections": ["shop"]}
    answer = client.post("/v1/collections/photos/search", json=query)
    refused = problem(answer, 409, "pack_mismatch")
    assert "photos" in refused["detail"]
    assert "shop" in refused["detail"]
    problem(client.post("/v1/collections/photos/search", json=query | {"collections": ["no"]}), 404, "not_found")
    for wrong in (["A"], ["x"] * 17, "shop", ["a,b"]):
        problem(client.post("/v1/collections/photos/search", json=query | {"collections": wrong}), 422, "bad_input")
