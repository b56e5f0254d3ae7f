"""Bad input on every route: the typed problem of the contract, never a 500, and nothing stored is lost."""

from __future__ import annotations

import io
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from starlette.testclient import TestClient
from tests.api.world import InProcess, World, first_object, picture_bytes

from embedding_pipeline.api.app import create_app
from embedding_pipeline.settings import ApiSettings, ElasticsearchSettings, FetchSettings, IndexSettings, Settings
from embedding_pipeline.stores.elastic import ElasticIndex
from embedding_pipeline.stores.elastic_client import connect

C = "/v1/collections/photos"
NOBODY = "ab" * 32


def huge_header() -> bytes:
    """A PNG that says it has 200 megapixels and then breaks off."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return start + struct.pack(">I", 1000) + b"IDAT" + zlib.compress(b"\0" * 1000)


FILES = {
    "empty": (b"", 422, "empty_input"),
    "one byte": (b"x", 415, "unsupported_type"),
    "truncated": (picture_bytes()[:800], 422, "unreadable_picture"),
    "200 megapixels": (huge_header(), 413, "too_large"),
    "text": (b"this is no picture at all\n" * 20, 415, "unsupported_type"),
    "too many bytes": (b"\xff\xd8\xff" + b"\0" * 200_000, 413, "too_large"),
}
FILE_ROUTES = [f"{C}/images", "/v1/detect", f"{C}/search/image"]


class Handler(BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        try:
            if self.path == "/slow":
                self.server.stopping.wait(5)
            self.wfile.write({"/large": b"x" * 300_000, "/text": b"no picture"}.get(self.path, picture_bytes(seed=7)))
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.stopping = threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stopping.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def settings(web: str) -> Settings:
    fetch = FetchSettings(timeout_s=0.5, allow_hosts=(web.removeprefix("http://"),))
    return Settings(api=ApiSettings(max_upload_bytes=100_000), fetch=fetch)


def problem(answer: object, status: int, code: str) -> dict[str, object]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"urn:boxlens:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.text
    return body


@pytest.mark.parametrize("route", FILE_ROUTES)
@pytest.mark.parametrize("kind", FILES)
def test_files_that_are_no_pictures(client: TestClient, world: World, route: str, kind: str) -> None:
    kept = world.add(1)
    before = world.files()
    data, status, code = FILES[kind]
    problem(client.post(route, files={"file": ("a.jpg", data)}), status, code)
    assert world.files() == before
    assert world.images() == {kept}


@pytest.mark.parametrize("route", FILE_ROUTES[:2])
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("http://10.0.0.1/a.jpg", 422, "forbidden_url"),
        ("http://127.0.0.1:1/a.jpg", 422, "forbidden_url"),
        ("http://localhost/a.jpg", 422, "forbidden_url"),
        ("http://[::1]/a.jpg", 422, "forbidden_url"),
        ("file:///etc/passwd", 422, "forbidden_url"),
        ("not an address", 422, "forbidden_url"),
        ("/redirect", 422, "forbidden_url"),
        ("/slow", 502, "fetch_failed"),
        ("/missing", 502, "fetch_failed"),
        ("/large", 413, "too_large"),
        ("/text", 415, "unsupported_type"),
    ],
)
def test_addresses_that_bring_no_picture(
    client: TestClient, web: str, route: str, path: str, status: int, code: str
) -> None:
    url = web + path if path.startswith("/") else path
    problem(client.post(route, data={"image_url": url}), status, code)
    problem(client.post(f"{C}/search", json={"clauses": [{"image_url": url}]}), status, code)


def test_an_address_that_brings_one(client: TestClient, web: str) -> None:
    answer = client.post(f"{C}/images", data={"image_url": f"{web}/p/q.png"})
    assert (answer.status_code, answer.json()["file_name"]) == (201, "q.png")
    assert answer.json()["source_uri"] == f"{web}/p/q.png"
    found = client.post(f"{C}/search", json={"clauses": [{"image_url": f"{web}/x"}]}).json()
    assert found["hits"][0]["image_id"] == answer.json()["image_id"]


@pytest.mark.parametrize("route", FILE_ROUTES[:2])
def test_neither_or_both_of_file_and_address(client: TestClient, route: str) -> None:
    problem(client.post(route), 422, "bad_input")
    problem(client.post(route, data={"caption": "x"}), 422, "bad_input")
    both = client.post(route, files={"file": picture_bytes()}, data={"image_url": "http://example.org/"})
    problem(both, 422, "bad_input")


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ([10, 10, 10, 20], "bad_box"),
        ([20, 10, 10, 20], "bad_box"),
        ([200, 100, 220, 120], "bad_box"),
        ([-50, -50, -1, -1], "bad_box"),
        ([1, 2, 3], "bad_input"),
        (["a", 2, 3, 4], "bad_input"),
    ],
)
def test_boxes_that_mean_nothing(client: TestClient, box: list[object], code: str) -> None:
    seen = client.post("/v1/detect", files={"file": picture_bytes()}).json()
    body = {"clauses": [{"upload_id": seen["upload_id"], "box": box}]}
    problem(client.post(f"{C}/search", json=body), 422, code)


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ("1,1,1,9", "bad_box"),
        ("200,100,220,120", "bad_box"),
        ("nan,0,5,5", "bad_box"),
        ("0,0,inf,5", "bad_box"),
        ("1,2,3", "bad_box"),
        ("a,b,c,d", "bad_query"),
    ],
)
def test_boxes_in_a_form(client: TestClient, box: str, code: str) -> None:
    problem(client.post(f"{C}/search/image", files={"file": picture_bytes()}, data={"box": box}), 422, code)


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
        ({"clauses": [{"text": "x"}], "all_of": [{"text": "dog"}]}, "all_of"),
        ({"clauses": [{"text": "x"}], "groups": "query_objects"}, "groups"),
        ({"clauses": [{"text": "x"}], "group_by": "object"}, "group_by"),
        ({"clauses": [{"text": "x"}], "sort": "-taken_at"}, "sort"),
        ({"clauses": [{"text": "x"}], "collections": ["a"]}, "collections"),
        ({"clauses": [{"text": "x"}], "min_relevance": "auto"}, "min_relevance"),
        ({"clauses": [{"text": "x"}], "min_similarity": {"clip": 0.2}}, "min_similarity"),
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


def test_a_form_that_breaks_off(client: TestClient) -> None:
    for route in FILE_ROUTES:
        answer = client.post(
            route, content=b"--x\r\nContent-Dis", headers={"content-type": "multipart/form-data; boundary=x"}
        )
        assert answer.status_code == 422
        problem(answer, 422, "bad_input")


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
    problem(client.put("/v1/collections/new", json={"pack": "other"}), 409, "pack_mismatch")
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
        with TestClient(create_app(World(transport, index=ElasticIndex(nobody, IndexSettings())))) as client:
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


def test_what_nobody_foresaw_keeps_its_trace_to_itself(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def explode(name: str) -> object:
        raise RuntimeError("secret detail")

    world.index.info = explode
    with TestClient(create_app(world)) as client:
        answer = client.get(C)
    body = problem(answer, 500, "internal")
    assert "secret" not in answer.text
    number = body["detail"].rstrip(".").rsplit(" ", 1)[1]
    assert any(number in record.getMessage() and record.exc_info for record in caplog.records)


def test_a_body_too_large_for_its_route(client: TestClient) -> None:
    problem(client.post("/v1/detect", files={"file": io.BytesIO(b"x" * 500_000)}), 413, "too_large")
    text = b'{"clauses": [{"text": "' + b"x" * 1_100_000 + b'"}]}'
    answer = client.post(f"{C}/search", content=text, headers={"content-type": "application/json"})
    problem(answer, 413, "too_large")
    endless = client.post(f"{C}/search", content=(b"x" * 65536 for _ in range(200)))
    problem(endless, 413, "too_large")
