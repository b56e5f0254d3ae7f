"""Bad input on every route: the typed problem of the contract, never a 500, and nothing stored is lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import InProcess, World, first_object, picture_bytes

from boxlens.api.app import create_app
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.settings import ElasticsearchSettings, IndexSettings

C = "/v1/collections/photos"
NOBODY = "ab" * 32


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        ({"clauses": [{"text": "x" * 2001}]}, {"characters": 2000}),
        ({"clauses": [{"text": "x"}] * 33}, {"items": 32}),
        ({"clauses": [{"image_url": "http://example.org/"}] * 9}, {"items": 8}),
    ],
)
def test_a_limit_is_named_with_its_number(client: TestClient, body: dict[str, object], limits: dict[str, int]) -> None:
    assert problem(client.post(f"{C}/search", json=body), 422, "bad_input")["limits"] == limits


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"clauses": [{"text": "x"}], "siez": 3}, "siez"),
        ({"clauses": [{"text": "x", "wieght": 1}]}, "clauses[0].wieght"),
        ({"clauses": [{"text": "x"}, {"text": ""}]}, "clauses[1].text"),
        ({"clauses": [{"text": "   "}]}, "clauses[0].text"),
        ({"clauses": [{"text": "x" * 2001}]}, "clauses[0].text"),
        ({"clauses": [{"text": "x"}] * 33}, "clauses"),
        ({"clauses": [{"image_url": "http://example.org/"}] * 9}, "clauses"),
        ({"clauses": [{"text": "x", "weight": 1e300}]}, "clauses[0].weight"),
        ({"clauses": [{}]}, "clauses[0]"),
        ({"clauses": [{"text": "x", "image_id": NOBODY}]}, "clauses[0]"),
        ({"clauses": [{"text": "x", "box": [0, 0, 1, 1]}]}, "clauses[0]"),
        ({"clauses": [{"object_id": f"{NOBODY}-1", "box": [0, 0, 1, 1]}]}, "clauses[0]"),
        ({"clauses": [{"image_id": NOBODY, "box": [0, 0, 1, 1]}] * 9}, "clauses"),
        ({"clauses": [{"text": "x", "weight": "heavy"}]}, "clauses[0].weight"),
        ({"clauses": [{"object_id": "1"}]}, "clauses[0].object_id"),
        ({"clauses": [{"image_id": NOBODY.upper()}]}, "clauses[0].image_id"),
        ({"clauses": [{"upload_id": "../../etc"}]}, "clauses[0].upload_id"),
        ({"clauses": [{"text": "x"}], "size": 0}, "size"),
        ({"clauses": [{"text": "x"}], "size": 1_000_000}, "size"),
        ({"clauses": [{"text": "x"}], "signals": {"vit": -1}}, "signals.vit"),
        ({"clauses": [{"text": "x"}], "signals": {"vit": 0, "clip": 0, "words": 0}}, "signals"),
        ({"clauses": [{"text": "x"}], "cursor": ""}, "cursor"),
        ({"clauses": [{"text": "x"}], "filter": {"lable": ["car"]}}, "filter.lable"),
        ({"clauses": [{"text": "x"}], "filter": {"label": [1]}}, "filter.label.any[0]"),
        ({"clauses": [{"text": "x"}], "filter": {"any": [{"colour": "red"}]}}, "filter.any[0].colour"),
        ({"clauses": [{"text": "x"}], "filter": {"kind": "thing"}}, "filter.kind"),
        ({"clauses": [{"text": "x"}], "filter": {"box_score": {"gte": 1, "lte": 0}}}, "filter.box_score"),
        ({"clauses": [{"text": "x"}], "filter": {"box_score": {}}}, "filter.box_score"),
        ({"clauses": [{"text": "x"}], "filter": {"none": [{"taken_at": {"gte": "soon"}}]}}, "filter.none[0].taken_at"),
        ({"clauses": [{"text": "x"}], "groups": "query_objects"}, "groups"),
        ({"clauses": [{"text": "x"}], "group_by": "objects"}, "group_by"),
        ({"clauses": [{"text": "x"}], "sort": "--taken_at"}, "sort"),
        ({"clauses": [{"text": "x"}], "collections": ["A b"]}, "collections[0]"),
        ({"filter": {"count": {"dog": {}}}}, "filter.count.dog"),
        ({"filter": {"count": {"dog": {"gte": "two"}}}}, "filter.count.dog.gte"),
        ({"filter": {"count": {"dog": {"lte": -1}}}}, "filter.count.dog"),
        ({"filter": {"count": {"dog": {"gte": 3, "lte": 2}}}}, "filter.count.dog"),
        ({"filter": {"position": ["above"]}}, "filter.position"),
        ({"filter": {"center_x": {"gt": 0.5}}}, "filter.center_x.gt"),
        ({"filter": {"ocr_text": ["!"]}}, "filter.ocr_text"),
        ({"filter": {"location": {}}}, "filter.location"),
        ({"filter": {"location": {"near": {"lat": 91, "lon": 0, "km": 1}}}}, "filter.location.near.lat"),
        ({"filter": {"location": {"near": {"lat": 1, "lon": 0, "km": 0}}}}, "filter.location.near.km"),
        ({"filter": {"location": {"box": [1, 2, 3]}}}, "filter.location.box"),
        ({"filter": {"location": {"box": [1, 50, 3, 40]}}}, "filter.location.box"),
        ({"clauses": [{"text": "x"}], "min_relevance": "high"}, "min_relevance"),
        ({"clauses": [{"text": "x"}], "min_relevance": 1.5}, "min_relevance"),
        ({"clauses": [{"text": "x"}], "min_relevance": -0.1}, "min_relevance"),
        ({"clauses": [{"text": "x"}], "min_similarity": {"clip": 1.1}}, "min_similarity.clip"),
        ({"clauses": [{"text": "x"}], "min_similarity": {"vit": "near"}}, "min_similarity.vit"),
        ({"clauses": [{"text": "x"}], "min_similarity": {"words": -1}}, "min_similarity.words"),
        ({"clauses": [{"text": "x"}], "min_similarity": {"ocr": 0.5}}, "min_similarity.ocr"),
    ],
)
def test_queries_that_make_no_sense_are_named_by_place(client: TestClient, body: dict[str, object], place: str) -> None:
    answer = client.post(f"{C}/search", json=body)
    assert answer.json()["code"] in ("bad_input", "bad_query")
    errors = problem(answer, 422, answer.json()["code"])["errors"]
    assert place in [error["place"] for error in errors]


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"[" * 50_000, b'{"clauses": [{"text": "\\ud800"}]}'],
)
@pytest.mark.parametrize("route", ["search", "facets"])
def test_bodies_that_are_no_query(client: TestClient, route: str, text: bytes) -> None:
    answer = client.post(f"{C}/{route}", content=text, headers={"content-type": "application/json"})
    problem(answer, 422, "bad_input")


@pytest.mark.parametrize("weight", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_weights_are_finite(client: TestClient, weight: str) -> None:
    text = '{"clauses": [{"text": "x", "weight": WEIGHT}]}'.replace("WEIGHT", weight)
    answer = client.post(f"{C}/search", content=text, headers={"content-type": "application/json"})
    errors = problem(answer, 422, "bad_input")["errors"]
    assert errors[0]["place"] == "clauses[0].weight"


def test_filters_too_deep_or_too_many(client: TestClient) -> None:
    deep: dict[str, object] = {"label": "car"}
    for _ in range(9):
        deep = {"none": [deep]}
    problem(client.post(f"{C}/facets", json={"filter": deep}), 422, "bad_query")
    wide = {"any": [{"any": [{"label": "a"}] * 64}] * 9}
    problem(client.post(f"{C}/facets", json={"filter": wide}), 422, "bad_query")


@pytest.mark.parametrize("expression", ["nonsense", "lable:car", "score>=x", 'label:"a', "taken:never"])
def test_filter_expressions_name_the_character(client: TestClient, expression: str) -> None:
    for route in ("search", "facets"):
        body = problem(client.get(f"{C}/{route}", params={"q": "x", "filter": expression}), 422, "bad_query")
        assert body["errors"][0]["place"].startswith("character ")


def test_a_cursor_of_nobody(client: TestClient) -> None:
    for cursor in ("x", "AAAA", "图", "e30="):
        problem(client.get(f"{C}/search", params={"q": "x", "cursor": cursor}), 422, "bad_query")


def test_nothing_to_search_for(client: TestClient) -> None:
    problem(client.post(f"{C}/search", json={}), 422, "empty_input")
    problem(client.get(f"{C}/search"), 422, "empty_input")
    problem(client.get(f"{C}/search", params={"q": " "}), 422, "bad_input")


@pytest.mark.parametrize("size", ["0", "-1", "1000000", "x", "1e3"])
def test_sizes_outside_the_limits(client: TestClient, size: str, world: World) -> None:
    image_id = world.add(1)
    problem(client.get(f"{C}/search", params={"q": "x", "size": size}), 422, "bad_input")
    problem(client.get(f"{C}/objects/{first_object(image_id)}/similar", params={"size": size}), 422, "bad_input")
    form = client.post(f"{C}/search/image", files={"file": picture_bytes()}, data={"size": size})
    problem(form, 422, "bad_input")


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("GET", "/v1/collections/nobody", None),
        ("DELETE", "/v1/collections/nobody", None),
        ("GET", f"/v1/collections/nobody/images/{NOBODY}", None),
        ("PATCH", f"/v1/collections/nobody/images/{NOBODY}", {"caption": "x"}),
        ("DELETE", f"/v1/collections/nobody/images/{NOBODY}", None),
        ("POST", f"/v1/collections/nobody/images/{NOBODY}/restore", None),
        ("POST", "/v1/collections/nobody/search", {"clauses": [{"text": "x"}]}),
        ("GET", "/v1/collections/nobody/search?q=x", None),
        ("GET", f"/v1/collections/nobody/objects/{NOBODY}-1/similar", None),
        ("GET", "/v1/collections/nobody/facets", None),
        ("POST", "/v1/collections/nobody/facets", {}),
        ("GET", f"{C}/images/{NOBODY}", None),
        ("PATCH", f"{C}/images/{NOBODY}", {"caption": "x"}),
        ("DELETE", f"{C}/images/{NOBODY}", None),
        ("POST", f"{C}/images/{NOBODY}/restore", None),
        ("GET", f"{C}/objects/{NOBODY}-1/similar", None),
        ("POST", f"{C}/search", {"clauses": [{"object_id": f"{NOBODY}-1"}]}),
        ("POST", f"{C}/search", {"clauses": [{"image_id": NOBODY}]}),
        ("POST", f"{C}/search", {"clauses": [{"image_id": NOBODY, "box": [0, 0, 9, 9]}]}),
        ("POST", f"{C}/search", {"clauses": [{"upload_id": f"ffffffff-{NOBODY}"}]}),
        ("POST", f"{C}/search", {"clauses": [{"upload_id": f"0-{NOBODY}"}]}),
        ("GET", "/v1/nothing", None),
        ("GET", "/nothing", None),
    ],
)
def test_unknown_things(client: TestClient, world: World, method: str, path: str, json: object) -> None:
    world.add(1)
    problem(client.request(method, path, json=json), 404, "not_found")


def test_pictures_for_an_unknown_collection(client: TestClient, world: World) -> None:
    for route in ("images", "search/image"):
        answer = client.post(f"/v1/collections/nobody/{route}", files={"file": picture_bytes()})
        problem(answer, 404, "not_found")
    assert [info.name for info in world.index.collections()] == ["photos"]


@pytest.mark.parametrize("name", ["Photos", "-a", "a b", "a.b", "%2e%2e", "a" * 65, "图", "_all"])
def test_names_that_no_collection_can_have(client: TestClient, world: World, name: str) -> None:
    problem(client.put(f"/v1/collections/{name}"), 422, "bad_input")
    assert [info.name for info in world.index.collections()] == ["photos"]


@pytest.mark.parametrize("image_id", ["1", "x" * 64, NOBODY.upper(), NOBODY + "0", f"{NOBODY}-1"])
def test_ids_that_no_image_can_have(client: TestClient, image_id: str) -> None:
    for method, suffix in [("GET", ""), ("DELETE", ""), ("POST", "/restore")]:
        problem(client.request(method, f"{C}/images/{image_id}{suffix}"), 422, "bad_input")


@pytest.mark.parametrize("object_id", ["1", NOBODY, f"{NOBODY}-", f"{NOBODY}--1", f"{NOBODY}-01", f"{NOBODY}-x"])
def test_ids_that_no_object_can_have(client: TestClient, object_id: str) -> None:
    problem(client.get(f"{C}/objects/{object_id}/similar"), 422, "bad_input")


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({}, "empty_input"),
        ({"number": 1}, "empty_input"),
        ({"caption": "x", "number": -1}, "bad_input"),
        ({"captoin": "x"}, "bad_input"),
        ({"tags": ["", "x"]}, "bad_input"),
        ({"tags": ["x"] * 101}, "bad_input"),
        ({"caption": "x" * 5001}, "bad_input"),
    ],
)
def test_changes_that_change_nothing(client: TestClient, world: World, patch: dict[str, object], code: str) -> None:
    image_id = world.add(1, caption="kept")
    problem(client.patch(f"{C}/images/{image_id}", json=patch), 422, code)
    assert client.get(f"{C}/images/{image_id}").json()["caption"] == "kept"


def test_another_pack_is_refused(client: TestClient, world: World) -> None:
    missing = problem(client.put("/v1/collections/new", json={"pack": "third"}), 404, "not_found")
    assert missing["errors"][0]["place"] == "pack"
    problem(client.put("/v1/collections/photos", json={"pack": "other"}), 409, "pack_mismatch")
    problem(client.put("/v1/collections/new", json={"min_relevance": 2}), 422, "bad_input")
    problem(client.put("/v1/collections/new", json={"nms_iou": "NaN"}), 422, "bad_input")
    assert [info.name for info in world.index.collections()] == ["photos"]
    problem(client.put("/v1/collections/new", json={"index_type": "magic"}), 422, "bad_input")


def test_methods_that_are_not_taken(client: TestClient) -> None:
    answer = client.post("/healthz")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"
    problem(client.put(f"{C}/search", json={}), 405, "method_not_allowed")


def every_use_of_the_index(client: TestClient, image_id: str) -> Iterator[object]:
    yield client.get("/v1/collections")
    yield client.get(C)
    yield client.post(f"{C}/images", files={"file": picture_bytes(seed=9)})
    yield client.get(f"{C}/images/{image_id}")
    yield client.patch(f"{C}/images/{image_id}", json={"caption": "x"})
    yield client.delete(f"{C}/images/{image_id}")
    yield client.post(f"{C}/images/{image_id}/restore")
    yield client.get(f"{C}/search", params={"q": "x"})
    yield client.get(f"{C}/objects/{first_object(image_id)}/similar")
    yield client.get(f"{C}/facets")
    yield client.delete(C)


def test_elasticsearch_stopped(transport: InProcess) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # taken, and nobody listens
        settings = ElasticsearchSettings(timeout_s=2)
        nobody = connect(f"http://127.0.0.1:{unused.getsockname()[1]}", settings)
        with (
            closing(World(transport, index=ElasticsearchIndex(nobody, IndexSettings()))) as world,
            TestClient(create_app(world), base_url="http://localhost") as client,
        ):
            for answer in every_use_of_the_index(client, NOBODY):
                assert problem(answer, 503, "elasticsearch_away")["hint"]
            assert client.get("/healthz").status_code == 200
        nobody.close()


@pytest.mark.parametrize(("fault", "status", "code"), [(0, 503, "proxy_away"), (507, 507, "disk_full")])
def test_object_store_stopped_or_full(
    client: TestClient, world: World, transport: InProcess, fault: int, status: int, code: str
) -> None:
    image_id = world.add(1)
    transport.status = fault
    problem(client.post(f"{C}/images", files={"file": picture_bytes(seed=5)}), status, code)
    problem(client.post("/v1/detect", files={"file": picture_bytes()}), status, code)
    problem(client.post(f"{C}/search/image", files={"file": picture_bytes()}), status, code)
    problem(client.delete(f"{C}/images/{image_id}"), status, code)
    transport.status = None
    assert client.get(f"{C}/images/{image_id}").status_code == 200  # not deleted without its way back
    assert world.images() == {image_id}


def test_what_nobody_foresaw_keeps_its_trace_to_itself(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(name: str) -> object:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(world.index, "info", explode)
    with TestClient(create_app(world), base_url="http://localhost") as client:
        answer = client.get(C)
    body = problem(answer, 500, "internal")
    assert "secret" not in answer.text
    number = body["detail"].rstrip(".").rsplit(" ", 1)[1]
    assert any(number in record.getMessage() and record.exc_info for record in caplog.records)


def test_a_request_that_says_the_length_of_its_body_in_two_ways_is_refused(client: TestClient) -> None:
    headers = {"Transfer-Encoding": "chunked", "Content-Length": "2", "Content-Type": "application/json"}
    answer = client.post(f"{C}/search", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    assert answer.headers["connection"] == "close"
