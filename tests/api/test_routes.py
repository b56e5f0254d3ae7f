"""What each route gives when it is used as meant."""

from __future__ import annotations

import re

from starlette.testclient import TestClient
from tests.api.world import World, first_object, picture_bytes

C = "/v1/collections/photos"


def upload(client: TestClient, data: bytes, **form: object) -> dict[str, object]:
    answer = client.post(f"{C}/images", files={"file": ("a/b.png", data)}, data=form)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "live"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_collections_come_and_go(client: TestClient) -> None:
    assert client.put("/v1/collections/new").status_code == 201
    again = client.put("/v1/collections/new", json={"pack": "colours", "index_type": "flat"})
    assert again.status_code == 200
    assert again.json()["name"] == "new"
    assert [c["name"] for c in client.get("/v1/collections").json()["collections"]] == ["photos", "new"]
    assert client.get("/v1/collections/new").json()["images"] == 0
    assert client.delete("/v1/collections/new").status_code == 204
    assert client.get("/v1/collections/new").status_code == 404


def test_an_upload_becomes_an_image_with_its_objects_once(client: TestClient) -> None:
    data = picture_bytes(seed=3)
    answer = client.post(
        f"{C}/images",
        files={"file": ("holiday/a b.png", data)},
        data={"caption": "两只狗", "tags": ["x", "y", "x"], "source_uri": "disk:7"},
    )
    assert answer.status_code == 201
    image = answer.json()
    assert (image["file_name"], image["caption"], image["tags"]) == ("a b.png", "两只狗", ["x", "y"])
    assert (image["width"], image["height"], image["format"]) == (40, 30, "png")
    assert image["source_uri"] == "disk:7"
    assert image["image_url"].startswith("http://pictures.test/file/images/")
    assert [o["kind"] for o in image["objects"]] == ["frame"] + ["object"] * 4
    assert image["objects"][4]["box"] == [20, 15, 40, 30]
    assert image["objects"][4]["box_norm"] == [0.5, 0.5, 1, 1]
    assert image["objects"][4]["area_share"] == 0.25
    second = client.post(f"{C}/images", files={"file": ("other.png", data)})
    assert second.status_code == 200
    assert second.json()["image_id"] == image["image_id"]
    assert client.get(f"{C}/images/{image['image_id']}").json() == image


def test_words_of_an_image_and_of_one_object(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    image = client.patch(f"{C}/images/{image_id}", json={"caption": "海边", "tags": ["beach"]}).json()
    assert (image["caption"], image["tags"]) == ("海边", ["beach"])
    image = client.patch(f"{C}/images/{image_id}", json={"tags": ["door"], "number": 2}).json()
    assert (image["tags"], image["objects"][2]["tags"], image["objects"][1]["tags"]) == (["beach"], ["door"], [])
    assert client.patch(f"{C}/images/{image_id}", json={"caption": ""}).json()["caption"] is None


def test_detect_then_search_with_a_box_of_it(client: TestClient, world: World) -> None:
    wanted = world.add(1)
    world.add(2)
    seen = client.post("/v1/detect", files={"file": ("q.png", picture_bytes(seed=1))}).json()
    assert (seen["width"], seen["height"], len(seen["objects"])) == (40, 30, 4)
    body = {"clauses": [{"upload_id": seen["upload_id"], "box": seen["objects"][1]["box"]}]}
    answer = client.post(f"{C}/search", json=body).json()
    assert answer["hits"][0]["image_id"] == wanted
    best = max(answer["hits"][0]["objects"], key=lambda o: o["score"])
    assert best["box"] == [20, 0, 40, 15]
    assert best["why"][0]["signal"] == "vit"
    assert [o["primary"] for o in answer["query_objects"]] == [True, False, False, False]
    assert answer["query_objects"][3]["box_norm"] == [0.5, 0.5, 1, 1]
    assert answer["total"] == {"value": 2, "relation": "eq"}


def test_search_by_words_in_the_address(client: TestClient, world: World) -> None:
    image_id = world.add(1, caption="两只狗在海边", tags=("holiday",))
    world.add(2)
    answer = client.get(f"{C}/search", params={"q": "狗", "size": 5}).json()
    assert [hit["image_id"] for hit in answer["hits"]] == [image_id]
    assert client.get(f"{C}/search", params={"q": "狗", "filter": "-tag:holiday"}).json()["hits"] == []
    plain = client.get(f"{C}/search", params={"q": "狗", "explain": "false"}).json()
    assert all(o["why"] == [] for o in plain["hits"][0]["objects"])


def test_search_by_stored_image_and_object_under_a_filter(client: TestClient, world: World) -> None:
    first, second = world.add(1), world.add(2)
    body = {
        "clauses": [{"image_id": first, "weight": 0.5}, {"object_id": first_object(second)}],
        "filter": {
            "kind": "object",
            "box_score": {"gte": 0.65},
            "any": [{"label": ["quarter 0"]}, {"label": ["quarter 2"]}],
            "none": [{"width": {"gte": 1000}}],
            "taken_at": {"gte": "2023-05", "lte": "2023-05"},
        },
    }
    answer = client.post(f"{C}/search", json=body).json()
    assert {o["label"] for hit in answer["hits"] for o in hit["objects"]} == {"quarter 0", "quarter 2"}


def test_search_with_an_uploaded_picture(client: TestClient, world: World) -> None:
    wanted = world.add(1)
    world.add(2)
    answer = client.post(
        f"{C}/search/image", files={"file": picture_bytes(seed=1)}, data={"box": "[0,0,20,15]", "size": "1"}
    ).json()
    assert [hit["image_id"] for hit in answer["hits"]] == [wanted]
    again = client.post(f"{C}/search", json={"clauses": [{"upload_id": answer["upload_id"]}]}).json()
    assert again["hits"][0]["image_id"] == wanted


def test_similar_objects(client: TestClient, world: World) -> None:
    wanted = world.add(1)
    answer = client.get(f"{C}/objects/{first_object(wanted)}/similar", params={"size": 3}).json()
    assert answer["hits"][0]["image_id"] == wanted


def test_facets_by_expression_and_by_filter(client: TestClient, world: World) -> None:
    world.add(1)
    world.add(2)
    by_address = client.get(f"{C}/facets", params={"filter": "label:quarter\\ 0"})
    assert by_address.status_code == 422  # a space ends a value unless it is quoted
    by_address = client.get(f"{C}/facets", params={"filter": 'label:"quarter 0"'}).json()
    by_body = client.post(f"{C}/facets", json={"filter": {"label": ["quarter 0"]}}).json()
    assert by_address == by_body
    assert by_body["facets"]["label"] == [{"value": "quarter 0", "count": 2}]


def test_metrics_count_routes_and_stages(client: TestClient, world: World) -> None:
    world.add(1)
    client.get(f"{C}/search", params={"q": "x"})
    client.get("/v1/nowhere/at/all")
    text = client.get("/metrics").text
    assert re.search(
        r'boxlens_requests_total\{method="GET",route="/v1/collections/\{collection\}/search",.* 1\.0', text
    )
    assert 'route="other"' in text
    assert "nowhere" not in text
    assert 'boxlens_search_stage_seconds_count{stage="total"} 1.0' in text
    assert 'boxlens_stage_items_total{stage="decode"} 3.0' in text
