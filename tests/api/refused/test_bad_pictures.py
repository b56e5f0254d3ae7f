"""Files and addresses that are no pictures, and boxes outside them: typed problems, and nothing stored is lost."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World, picture_bytes

from boxlens.settings import ApiSettings, FetchSettings, Settings

C = "/v1/collections/photos"
NOBODY = "ab" * 32


LIMITS = {"bytes": 100_000, "pixels": 64_000_000}


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


class StoppableServer(ThreadingHTTPServer):
    """Handlers that wait do so until ``stopping``."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.stopping = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: StoppableServer
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
    server = StoppableServer(("127.0.0.1", 0), Handler)
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


@pytest.mark.parametrize("route", FILE_ROUTES)
@pytest.mark.parametrize("kind", FILES)
def test_files_that_are_no_pictures(client: TestClient, world: World, route: str, kind: str) -> None:
    image_id = world.add(1)
    before = world.files()
    data, status, code = FILES[kind]
    refused = problem(client.post(route, files={"file": ("a.jpg", data)}), status, code)
    assert refused.get("limits") == (LIMITS if code == "too_large" else None)
    assert world.files() == before
    assert world.images() == {image_id}


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
    body = client.post(f"{C}/search", json={"clauses": [{"image_url": f"{web}/x"}]}).json()
    assert body["hits"][0]["image_id"] == answer.json()["image_id"]


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
def test_boxes_that_mean_nothing(client: TestClient, world: World, box: list[object], code: str) -> None:
    seen = client.post("/v1/detect", files={"file": picture_bytes()}).json()
    for picture in ({"upload_id": seen["upload_id"]}, {"image_id": world.add(1)}):
        problem(client.post(f"{C}/search", json={"clauses": [{**picture, "box": box}]}), 422, code)


def test_a_box_of_a_stored_image_whose_bytes_are_gone(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    record = world.index.image("photos", image_id)[0].image
    world.store.delete(record.bucket, record.image_key)
    body = {"clauses": [{"image_id": image_id, "box": [10, 10, 60, 50]}]}
    problem(client.post(f"{C}/search", json=body), 404, "not_found")
    assert client.post(f"{C}/search", json={"clauses": [{"image_id": image_id}]}).status_code == 200


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


def test_a_form_that_breaks_off(client: TestClient) -> None:
    for route in FILE_ROUTES:
        answer = client.post(
            route, content=b"--x\r\nContent-Dis", headers={"content-type": "multipart/form-data; boundary=x"}
        )
        assert answer.status_code == 422
        problem(answer, 422, "bad_input")


def test_a_body_too_large_for_its_route(client: TestClient) -> None:
    answer = client.post("/v1/detect", files={"file": io.BytesIO(b"x" * 500_000)})
    assert problem(answer, 413, "too_large")["limits"] == LIMITS
    text = b'{"clauses": [{"text": "' + b"x" * 2_200_000 + b'"}]}'
    answer = client.post(f"{C}/search", content=text, headers={"content-type": "application/json"})
    problem(answer, 413, "too_large")
    endless = client.post(f"{C}/search", content=(b"x" * 65536 for _ in range(200)))
    problem(endless, 413, "too_large")
