"""Collections of other packs and with settings of their own, over the API."""

from __future__ import annotations

from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World


def test_a_collection_may_have_any_pack_the_server_has(client: TestClient, world: World) -> None:
    made = client.put("/v1/collections/shop", json={"pack": "other", "score_threshold": 0.5, "min_relevance": 0.8})
    assert made.status_code == 201
    answer = made.json()
    assert (answer["pack"], answer["score_threshold"], answer["nms_iou"], answer["min_relevance"]) == (
        "other",
        0.5,
        None,
        0.8,
    )
    again = client.put("/v1/collections/shop")
    assert (again.status_code, again.json()) == (200, answer)


def test_settings_that_are_given_change_and_others_stay(client: TestClient, world: World) -> None:
    client.put("/v1/collections/shop", json={"score_threshold": 0.5})
    answer = client.put("/v1/collections/shop", json={"nms_iou": 0.6}).json()
    assert (answer["score_threshold"], answer["nms_iou"]) == (0.5, 0.6)
    assert client.get("/v1/collections/shop").json() == answer


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


def test_a_frozen_collection_answers_409_with_the_way_out_until_it_is_thawed(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    collection = "/v1/collections/photos"
    assert client.post(f"{collection}/freeze").json()["frozen"] is True
    for answer in (
        client.delete(f"{collection}/images/{image_id}"),
        client.patch(f"{collection}/images/{image_id}", json={"caption": "other"}),
        client.delete(collection),
    ):
        refused = problem(answer, 409, "frozen")
        assert "/v1/collections/photos/thaw" in refused["hint"]
    assert client.get(f"{collection}/images/{image_id}").status_code == 200
    assert client.post(f"{collection}/thaw").json()["frozen"] is False
    assert client.patch(f"{collection}/images/{image_id}", json={"caption": "other"}).status_code == 200
    assert client.post("/v1/collections/no/freeze").status_code == 404
