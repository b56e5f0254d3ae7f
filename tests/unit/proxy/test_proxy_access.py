"""Keys and signatures of minio-proxy, and clients that misbehave, on a real socket."""

from __future__ import annotations

import hashlib
import hmac
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.servers import live

from minio_proxy.app import create_app
from minio_proxy.settings import ProxySettings
from minio_proxy.signing import signed_path

Opened = Callable[..., tuple[httpx.Client, ProxySettings]]
AUTH = {"Authorization": "Bearer w-key"}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """A proxy over a folder with the given settings."""
    with ExitStack() as stack:

        def start(**values: object) -> tuple[httpx.Client, ProxySettings]:
            settings = ProxySettings.model_validate({"root": tmp_path / "root", **values})
            url = stack.enter_context(live.serving(create_app(settings)))
            return stack.enter_context(httpx.Client(base_url=url, timeout=20)), settings

        yield start


def test_writing_needs_the_write_key_when_one_is_set(opened: Opened) -> None:
    client, _ = opened(write_key="w-key")
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic w-key"}, {"X-Write-Key": ""}):
        refused = client.put("/file/photos/k", content=b"1", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "denied")
    assert client.put("/file/photos/k", content=b"1", headers=AUTH).status_code == 201
    assert client.put("/file/photos/k", content=b"2", headers={"X-Write-Key": "w-key"}).status_code == 201
    assert client.delete("/file/photos/k").status_code == 401
    assert client.get("/file/photos/k").content == b"2"


def test_reading_needs_a_signature_when_a_signing_key_is_set(opened: Opened) -> None:
    client, _ = opened(write_key="w-key", signing_key="s-key")
    key = "a b/猫.bin"
    assert client.put("/file/photos/a%20b/%E7%8C%AB.bin", content=b"1", headers=AUTH).status_code == 201
    soon = int(time.time()) + 600
    good = signed_path("s-key", "photos", key, expires=soon)
    assert client.get(good).content == b"1"
    assert client.head(good).status_code == 200
    assert client.get(good.split("?")[0]).status_code == 401
    assert client.get(good.split("?")[0], headers=AUTH).content == b"1"
    for wrong in (
        good.replace("photos", "others"),
        good.replace("expires=", "expires=1"),
        good + "&w=160",
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        signed_path("other", "photos", key, expires=soon),
        signed_path("s-key", "photos", key, expires=int(time.time()) - 1),
        signed_path("s-key", "photos", key, expires=soon, w="320").replace("w=320", "w=160"),
    ):
        assert client.get(wrong).status_code == 401, wrong
    assert client.get("/file/photos").status_code == 401
    assert client.get(signed_path("s-key", "photos", "", expires=soon)).json()["keys"][0]["key"] == key
    assert client.get(signed_path("s-key", "", "", expires=soon)).json()["buckets"] == ["photos"]


def test_the_signed_text_is_the_documented_one() -> None:
    text = "photos\na b.jpg\n320\n1,2,3,4\n2000000000"
    expected = hmac.new(b"s-key", text.encode(), hashlib.sha256).hexdigest()
    path = signed_path("s-key", "photos", "a b.jpg", expires=2000000000, w="320", box="1,2,3,4")
    assert path == f"/file/photos/a%20b.jpg?w=320&box=1,2,3,4&expires=2000000000&signature={expected}"


def test_how_long_browsers_keep_a_file(opened: Opened) -> None:
    client, _ = opened(write_key="w-key", signing_key="s-key")
    by_content = hashlib.sha256(b"1").hexdigest() + ".jpg"
    for key in (by_content, "k.jpg"):
        client.put(f"/file/photos/{key}", content=b"1", headers=AUTH)
    expires = int(time.time()) + 600
    of_content = client.get(signed_path("s-key", "photos", by_content, expires=expires)).headers["cache-control"]
    assert of_content.startswith("private, max-age=")
    assert of_content.endswith(", immutable")
    assert 500 < int(of_content.split("=")[1].split(",")[0]) <= 600
    of_name = client.get(signed_path("s-key", "photos", "k.jpg", expires=expires)).headers["cache-control"]
    assert of_name == "private, no-cache"


def test_pages_of_others_neither_read_nor_write(opened: Opened) -> None:
    client, _ = opened()
    page = {"Origin": "http://evil.example"}
    assert client.put("/file/photos/k", content=b"1").status_code == 201
    for method, path in (
        ("POST", "/file/photos/k"),
        ("GET", "/file/photos/k"),
        ("GET", "/file"),
        ("DELETE", "/file/photos/k"),
    ):
        refused = client.request(method, path, headers=page)
        assert (refused.status_code, refused.json()["code"]) == (403, "origin_not_allowed")
        assert "BOXLENS_PROXY__ORIGINS" in refused.json()["hint"]
        assert "access-control-allow-origin" not in refused.headers
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert client.get("/file/photos/k", headers=embedded).status_code == 403
    assert client.get("/file/photos/k").content == b"1"


def test_a_name_that_may_have_been_rebound_is_refused(opened: Opened) -> None:
    client, _ = opened(allowed_hosts="photos.example")
    assert client.get("/file", headers={"Host": "evil.example"}).json()["code"] == "host_not_allowed"
    assert client.get("/file", headers={"Host": "photos.example:9000"}).status_code == 200


def test_the_own_page_and_allowed_origins_may_read_by_script(opened: Opened) -> None:
    client, settings = opened(origins="https://partner.example", page_ports="8080,8081")
    assert settings.page_ports == (8080, 8081)
    client.put("/file/photos/k", content=b"1")
    for origin in ("http://127.0.0.1:8081", "https://partner.example"):
        read = client.get("/file/photos/k", headers={"Origin": origin})
        assert read.headers["access-control-allow-origin"] == origin
        assert read.headers["vary"] == "Origin"
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "Range"}
        preflight = client.options("/file/photos/k", headers=headers)
        assert preflight.status_code == 204
        assert "PUT" not in preflight.headers["access-control-allow-methods"]


@pytest.mark.parametrize("ending", ["closes", "waits", "drips"])
def test_a_broken_upload_leaves_nothing(opened: Opened, ending: str) -> None:
    client, settings = opened(idle_s=0.3)
    host, port = urlsplit(str(client.base_url)).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(b"PUT /file/photos/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
        while ending == "drips" and not select.select([raw], [], [], 0.05)[0]:
            raw.sendall(b"x")
        if ending != "closes":
            assert b" 408 " in raw.recv(4096).split(b"\r\n")[0]
    wait_until(lambda: not list(settings.incoming_dir.iterdir()))
    assert client.get("/file/photos/k").status_code == 404


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come true in 20 s"
        time.sleep(0.02)


def test_an_s3_server_that_is_away_is_a_problem_not_a_crash(opened: Opened) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        client, _ = opened(backend="s3", s3_endpoint=endpoint, s3_access_key="a", s3_secret_key="b" * 8)
        for answer in (client.get("/healthz"), client.get("/file"), client.put("/file/photos/k", content=b"1")):
            assert (answer.status_code, answer.json()["code"]) == (503, "store_away")
            assert answer.json()["hint"]


def test_variables_meant_for_others_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOXLENS_PROXY__URL", "embedded")
    monkeypatch.setenv("BOXLENS_PROXY__PORT", "1")
    monkeypatch.setenv("BOXLENS_PROXY__WRITE_KEY", "")
    monkeypatch.setenv("BOXLENS_PROXY__WIDTHS", "100, 200")
    settings = ProxySettings()
    assert settings.write_key is None
    assert settings.widths == (100, 200)
