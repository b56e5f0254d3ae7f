"""What each route gives when it is used as meant."""

from __future__ import annotations

import io
import re
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.api.world import BLUE, RED, World, first_object, picture_bytes

C = "/v1/collections/photos"


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "live"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_collections_come_and_go(client: TestClient) -> None:
    assert client.put("/v1/collections/new").status_code == 201
    again = client.put("/v1/collections/new", json={"pack": "blocks", "index_type": "flat"})
    assert (again.status_code, again.json()["name"]) == (200, "new")
    assert [c["name"] for c in client.get("/v1/collections").json()["collections"]] == ["new", "photos"]
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
    assert (image["width"], image["height"], image["format"]) == (160, 120, "png")
    assert image["source_uri"] == "disk:7"
    assert image["image_url"].startswith("http://pictures.test/file/pictures/")
    assert [o["kind"] for o in image["objects"]] == ["frame", "object", "object"]
    red = next(o for o in image["objects"] if o["label"] == "red")
    assert red["box"] == RED.as_list()
    assert red["box_norm"] == [10 / 160, 10 / 120, 60 / 160, 50 / 120]
    assert red["area_share"] == RED.area / (160 * 120)
    assert "红" in red["label_names"]
    second = client.post(f"{C}/images", files={"file": ("other.png", data)})
    assert (second.status_code, second.json()["image_id"]) == (200, image["image_id"])
    places = {"other_names": ["other.png"], "other_sources": ["upload:other.png"]}  # of the same bytes
    assert client.get(f"{C}/images/{image['image_id']}").json() == {**image, **places}


def test_words_of_an_image_and_of_one_object(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    image = client.patch(f"{C}/images/{image_id}", json={"caption": "海边", "tags": ["beach"]}).json()
    assert (image["caption"], image["tags"]) == ("海边", ["beach"])
    image = client.patch(f"{C}/images/{image_id}", json={"tags": ["door"], "number": 2}).json()
    assert (image["tags"], image["objects"][2]["tags"], image["objects"][1]["tags"]) == (["beach"], ["door"], [])
    assert client.patch(f"{C}/images/{image_id}", json={"caption": ""}).json()["caption"] is None


def test_detect_then_search_with_a_box_of_it(client: TestClient, world: World) -> None:
    image_id = world.add(1, right="yellow")
    world.add(2, left="green")
    seen = client.post("/v1/detect", files={"file": ("q.png", picture_bytes(9, left="green", right="yellow"))}).json()
    assert (seen["width"], seen["height"]) == (160, 120)
    boxes = {o["label"]: o["box"] for o in seen["objects"]}
    assert boxes == {"green": RED.as_list(), "yellow": BLUE.as_list()}
    body = {"clauses": [{"upload_id": seen["upload_id"], "box": boxes["yellow"]}], "filter": {"kind": "object"}}
    answer = client.post(f"{C}/search", json=body).json()
    hit = answer["hits"][0]
    assert (hit["image_id"], hit["objects"][0]["label"]) == (image_id, "yellow")
    assert hit["objects"][0]["why"][0]["similarity"] > 0.99
    assert hit["score"] == sum(why["contribution"] for why in hit["objects"][0]["why"])
    assert {o["label"] for o in answer["query_objects"]} == {"green", "yellow"}
    assert next(o for o in answer["query_objects"] if o["label"] == "green")["box_norm"][0] == 10 / 160
    assert answer["total"] == {"value": 2, "relation": "eq"}


def test_an_upload_is_shown_to_whoever_has_its_link(client: TestClient, world: World) -> None:
    seen = client.post("/v1/detect", files={"file": ("q.png", picture_bytes(9))}).json()
    again = client.get(f"/v1/uploads/{seen['upload_id']}").json()
    address = urlsplit(again.pop("image_url"))
    assert again == seen
    response = world.transport.handle_request(
        httpx.Request("GET", f"http://pictures.test{address.path}?{address.query}")
    )
    assert Image.open(io.BytesIO(response.content)).size == (160, 120)
    gone = client.get(f"/v1/uploads/0-{'0' * 64}")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert client.get("/v1/uploads/..%2Fx").status_code in (404, 422)


def test_an_image_names_its_thumbnails_and_the_crop_of_each_object(client: TestClient, world: World) -> None:
    image = client.get(f"{C}/images/{world.add(1)}").json()
    assert list(image["thumbnails"]) == ["320"]  # the picture has 160 pixels: one width shows them all
    address = urlsplit(image["objects"][1]["crop_url"])
    response = world.transport.handle_request(
        httpx.Request("GET", f"http://pictures.test{address.path}?{address.query}")
    )
    x1, y1, x2, y2 = image["objects"][1]["box"]
    assert Image.open(io.BytesIO(response.content)).size == (x2 - x1, y2 - y1)


def test_search_by_words_in_the_address(client: TestClient, world: World) -> None:
    image_id = world.add(1, caption="two dogs on a beach", tags=("holiday",))
    world.add(2)
    answer = client.get(f"{C}/search", params={"q": "beach", "size": 5}).json()
    assert answer["hits"][0]["image_id"] == image_id
    assert any(why["signal"] == "words" for o in answer["hits"][0]["objects"] for why in o["why"])
    without = client.get(f"{C}/search", params={"q": "beach", "filter": "-tag:holiday"}).json()
    assert image_id not in [hit["image_id"] for hit in without["hits"]]
    plain = client.get(f"{C}/search", params={"q": "beach", "explain": "false"}).json()
    assert all(o["why"] == [] for hit in plain["hits"] for o in hit["objects"])


def test_chinese_and_english_label_names_mean_the_same(client: TestClient, world: World) -> None:
    world.add(1)
    world.add(2, left="green", right="yellow")
    answers = [client.get(f"{C}/search", params={"q": q}).json() for q in ("red", "红")]
    assert answers[0]["hits"]
    scores = [[(o["object_id"], o["score"]) for hit in a["hits"] for o in hit["objects"]] for a in answers]
    assert scores[0] == scores[1]
    best = [answer["hits"][0]["objects"][0]["highlights"]["label_names"] for answer in answers]
    assert best == [[{"text": "red", "spans": [[0, 3]]}], [{"text": "红", "spans": [[0, 1]]}]]


def test_search_by_stored_image_and_object_under_a_filter(client: TestClient, world: World) -> None:
    first, second = world.add(1), world.add(2, left="green", right="yellow")
    body = {
        "clauses": [{"image_id": first, "weight": 0.5}, {"object_id": first_object(second)}],
        "filter": {
            "kind": "object",
            "box_score": {"gte": 0.65},
            "any": [{"label": ["red"]}, {"label": ["yellow"]}],
            "none": [{"width": {"gte": 1000}}],
            "ingested_at": {"gte": "2020"},
        },
    }
    answer = client.post(f"{C}/search", json=body).json()
    assert {o["label"] for hit in answer["hits"] for o in hit["objects"]} == {"red", "yellow"}


def test_a_box_of_a_stored_image_is_searched_as_one_of_a_sent_picture(client: TestClient, world: World) -> None:
    stored, other = world.add(1), world.add(2, left="green", right="blue")
    world.add(3, left="green", right="yellow")
    drawn = [92, 58, 148, 112]  # about the blue block, but not its box
    upload = client.post("/v1/detect", files={"file": picture_bytes(seed=1)}).json()["upload_id"]

    def answered(clause: dict[str, object], what: str = "search") -> object:
        answer = client.post(f"{C}/{what}", json={"clauses": [clause], "min_relevance": None})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return [(hit["image_id"], hit["objects"]) for hit in body["hits"]] if what == "search" else body

    hits = answered({"image_id": stored, "box": drawn})
    assert hits == answered({"upload_id": upload, "box": drawn})
    assert isinstance(hits, list)
    assert [image_id for image_id, _ in hits[:2]] == [stored, other]
    assert hits[1][1][0]["label"] == "blue"
    for what in ("facets", "spread"):
        assert answered({"image_id": stored, "box": drawn}, what) == answered({"upload_id": upload, "box": drawn}, what)
    parts = {"all_of": [{"image_id": stored, "box": drawn}, {"text": "green"}]}
    together = client.post(f"{C}/search", json=parts).json()
    assert together["hits"][0]["image_id"] == other


def test_a_filter_alone_lists_and_pages(client: TestClient, world: World) -> None:
    ids = {world.add(seed) for seed in range(5)}
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(5):
        body = {"filter": {"label": "red"}, "size": 2, "cursor": cursor}
        page = client.post(f"{C}/search", json=body).json()
        seen += [hit["image_id"] for hit in page["hits"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(ids)
    assert set(seen) == ids


def test_search_with_an_uploaded_picture(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    world.add(2, left="green", right="yellow")
    answer = client.post(
        f"{C}/search/image", files={"file": picture_bytes(seed=1)}, data={"box": "[10,10,60,50]", "size": "1"}
    ).json()
    assert [hit["image_id"] for hit in answer["hits"]] == [image_id]
    again = client.post(f"{C}/search", json={"clauses": [{"upload_id": answer["upload_id"]}]}).json()
    assert again["hits"][0]["image_id"] == image_id
    both = client.post(
        f"{C}/search/image",
        files={"file": picture_bytes(seed=1)},
        data={"text": "red", "filter": "label:red", "explain": "1"},
    ).json()
    assert {why["clause"] for hit in both["hits"] for o in hit["objects"] for why in o["why"]} == {0, 1}


def test_similar_objects_leave_the_object_itself_out(client: TestClient, world: World) -> None:
    first, second = world.add(1), world.add(2)
    answer = client.get(f"{C}/objects/{first_object(first)}/similar", params={"size": 3}).json()
    object_ids = [o["object_id"] for hit in answer["hits"] for o in hit["objects"]]
    assert first_object(first) not in object_ids
    assert first_object(second) in object_ids


def test_facets_by_expression_and_by_filter(client: TestClient, world: World) -> None:
    world.add(1, tags=("a b",))
    world.add(2)
    by_address = client.get(f"{C}/facets", params={"filter": 'label:red tag:"a b"'}).json()
    by_body = client.post(f"{C}/facets", json={"filter": {"label": ["red"], "tags": ["a b"]}}).json()
    assert by_address == by_body
    red, blue = {"en": "red", "zh": "红"}, {"en": "blue", "zh": "蓝"}
    assert by_body["facets"]["label"] == [{"value": "red", "count": 1, "name": red}]
    assert by_body["facets"]["tag"] == [{"value": "a b", "count": 1, "name": None}]
    everything = client.get(f"{C}/facets").json()["facets"]
    assert everything["label"] == [
        {"value": "blue", "count": 2, "name": blue},
        {"value": "red", "count": 2, "name": red},
    ]


def test_facets_of_what_a_search_finds(client: TestClient, world: World) -> None:
    """Words find the red ones alone; a filter acts on top; an example picture finds everything, nearest first."""
    world.add(1, tags=("old",))
    world.add(2, left="green", tags=("new",))
    world.add(3, tags=("new",))

    def counted(**body: object) -> dict[str, dict[str, int]]:
        answer = client.post(f"{C}/facets", json=body)
        assert answer.status_code == 200, answer.text
        return {name: {c["value"]: c["count"] for c in counts} for name, counts in answer.json()["facets"].items()}

    words = {"vit": 0, "clip": 0, "words": 1}
    facets = counted(clauses=[{"text": "红"}], signals=words)
    assert (facets["label"], facets["tag"]) == ({"red": 2}, {"old": 1, "new": 1})
    assert counted(clauses=[{"text": "red"}], signals=words, filter={"tags": ["old"]})["label"] == {"red": 1}
    assert counted(clauses=[{"text": "zebra"}], signals=words)["label"] == {}
    near = client.get(f"{C}/search", params={"q": "red", "size": 1}).json()["hits"][0]["objects"][0]["object_id"]
    assert counted(clauses=[{"object_id": near}], size=1)["label"] == {"red": 2, "green": 1, "blue": 3}
    assert (
        counted(clauses=[{"object_id": near}, {"text": "red", "weight": -5}], filter={"label": ["red"]})["label"] == {}
    )


def test_labels_are_named_in_both_languages(client: TestClient, world: World) -> None:
    labels = client.get("/v1/labels").json()["labels"]
    assert labels[-1] == {"id": "yellow", "en": ["yellow", "amber"], "zh": ["黄"]}
    image = client.get(f"{C}/images/{world.add(1)}").json()
    assert [o["label_name"] for o in image["objects"]] == [None, {"en": "red", "zh": "红"}, {"en": "blue", "zh": "蓝"}]
    seen = client.post("/v1/detect", files={"file": ("a.png", picture_bytes())}).json()
    assert [o["label_name"]["zh"] for o in seen["objects"]] == ["红", "蓝"]
    answer = client.post(f"{C}/search/image", files={"file": ("a.png", picture_bytes())}).json()
    assert [o["label_name"]["en"] for o in answer["query_objects"]] == ["red", "blue"]


def test_highlights_and_matched_words(client: TestClient, world: World) -> None:
    image_id = world.add(1, caption="Two dogs 在紅色的沙發上", tags=("Sofa bed",))
    answer = client.get(f"{C}/search", params={"q": "dog sofa 红色"}).json()
    (hit,) = [hit for hit in answer["hits"] if hit["image_id"] == image_id]
    assert hit["highlights"] == {
        "caption": [{"text": "Two dogs 在紅色的沙發上", "spans": [[4, 8], [10, 12]]}],
        "tags": [{"text": "Sofa bed", "spans": [[0, 4]]}],
    }
    (frame,) = [o for o in hit["objects"] if o["kind"] == "frame"]
    (reason,) = [why for why in frame["why"] if why["signal"] == "words"]
    assert (reason["words"], reason["label"]) == (["dog", "sofa", "red"], None)
    assert all(why["words"] == [] for o in hit["objects"] for why in o["why"] if why["signal"] != "words")

    client.patch(f"{C}/images/{image_id}", json={"caption": "red 🚗", "tags": [], "number": 1})
    (hit,) = client.get(f"{C}/search", params={"q": "red"}).json()["hits"]
    red = hit["objects"][0]
    assert red["highlights"] == {
        "caption": [{"text": "red 🚗", "spans": [[0, 3]]}],
        "label_names": [{"text": "red", "spans": [[0, 3]]}],
    }
    (reason,) = [why for why in red["why"] if why["signal"] == "words"]
    assert (reason["words"], reason["label"]) == (["red"], "red")


def test_metrics_count_what_was_remembered(client: TestClient, world: World) -> None:
    world.add(1)
    for _ in range(3):
        client.get(f"{C}/search", params={"q": "red"})
    text = client.get("/metrics").text
    assert 'boxlens_query_lookups_total{of="text",result="hit"} 2.0' in text
    assert 'boxlens_query_lookups_total{of="text",result="miss"} 1.0' in text
    assert 'boxlens_query_lookups_total{of="box",result="miss"} 0.0' in text


def test_metrics_count_routes_and_stages(client: TestClient, world: World) -> None:
    world.add(1)
    client.get(f"{C}/search", params={"q": "x"})
    client.get("/v1/nowhere/at/all")
    client.request("MADEUP", "/healthz")
    text = client.get("/metrics").text
    assert re.search(
        r'boxlens_requests_total\{method="GET",route="/v1/collections/\{collection\}/search",.* 1\.0', text
    )
    assert 'route="other"' in text
    assert "nowhere" not in text
    assert "MADEUP" not in text
    assert 'boxlens_search_stage_seconds_count{stage="search"} 1.0' in text
    assert re.search(r'boxlens_stage_items_total\{stage="decode"\} [1-9]', text)


def test_hits_say_how_relevant_they_are_and_the_answer_what_was_cut(client: TestClient, world: World) -> None:
    """Labels need no sample; vectors of so small a collection tell nothing, and then nothing is cut. A word beside a
    name is a quarter of the two."""
    image_id = world.add(1, caption="a red letter day")
    world.add(2, left="green", caption="another day")
    words = {"vit": 0, "clip": 0, "words": 1}
    body = {"clauses": [{"text": "red day"}], "signals": words, "min_relevance": 0.85}
    answer = client.post(f"{C}/search", json=body).json()
    assert [(hit["image_id"], hit["weak"]) for hit in answer["hits"]] == [(image_id, False)]
    assert answer["hits"][0]["relevance"] == pytest.approx(0.9)
    assert {o["label"] for o in answer["hits"][0]["objects"]} == {"red", ""}
    assert answer["cut"] == {"relevance": 0.85, "dropped": 1}
    small = client.get(f"{C}/search", params={"q": "red", "min_relevance": 0.95}).json()
    assert small["cut"] is None
    assert "relevance_off" in small["notes"]
    assert {hit["relevance"] for hit in small["hits"]} == {None}
    raw = client.post(f"{C}/search", json={**body, "min_relevance": None, "min_similarity": {"words": 90}}).json()
    assert {o["label"] for hit in raw["hits"] for o in hit["objects"]} == {"red", ""}
    assert raw["cut"] is None


def test_an_excluded_thing_is_in_no_picture_of_the_answer(client: TestClient, world: World) -> None:
    world.add(1, left="red", right="blue")
    alone = world.add(2, left="red", right="yellow")
    clauses = [{"text": "red"}, {"text": "blue", "weight": -0.1}]
    body = {"clauses": clauses, "signals": {"vit": 0, "clip": 0, "words": 1}}
    for more in ({}, {"filter": {"label": ["red"]}}):
        hits = client.post(f"{C}/search", json=body | more).json()["hits"]
        assert [hit["image_id"] for hit in hits] == [alone]
