"""ProxyStore against answers as minio-proxy gives them, over httpx's own in-process transport."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadInput, BoxlensError, DiskFull, NotFound, ProxyAway, TooLarge, Unavailable
from boxlens.objectstore.proxy_client import ProxyStore

Answer = Callable[[httpx.Request], httpx.Response]


def store(answer: Answer, **more: Any) -> ProxyStore:
    return ProxyStore("http://proxy.test/", transport=httpx.MockTransport(answer), pause_s=0, **more)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, NotFound),
        (507, DiskFull),
        (413, TooLarge),
        (401, Unavailable),
        (403, Unavailable),
        (422, BadInput),
        (429, ProxyAway),
        (500, ProxyAway),
        (503, ProxyAway),
    ],
)
def test_each_status_becomes_its_error(status: int, error: type[BoxlensError]) -> None:
    client = store(lambda request: httpx.Response(status))
    with pytest.raises(error) as caught:
        client.get("images", "a")
    assert type(caught.value) is error


def test_connection_errors_and_503_are_tried_again() -> None:
    tries: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(request.method)
        if len(tries) == 1:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(503 if len(tries) == 2 else 200, content=b"bytes")

    assert store(answer).get("images", "a") == b"bytes"
    assert tries == ["GET", "GET", "GET"]


@pytest.mark.parametrize("stumble", [408, 429, 500, 502, 503, 504, "refused", "reset", "cut"])
@pytest.mark.parametrize("verb", ["put", "put_file", "get", "stat", "delete"])
def test_what_passes_is_sent_again_from_its_first_byte(tmp_path: Path, verb: str, stumble: int | str) -> None:
    """And no more than four times; a file is read anew for each."""
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"bytes" * 500_000)
    bodies: list[bytes] = []
    stumbles: list[int | str] = [stumble] * 3

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        if not stumbles:
            headers = {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT", "Content-Length": "3"}
            return httpx.Response(200, content=b"bye", headers=headers)
        match stumbles.pop():
            case int(status):
                return httpx.Response(status)
            case "refused":
                raise httpx.ConnectError("refused", request=request)
            case "reset":
                raise httpx.WriteError("reset", request=request)
        raise httpx.RemoteProtocolError("half of a body came", request=request)

    def once() -> None:
        client = store(answer)
        calls: dict[str, Callable[[], object]] = {
            "put": lambda: client.put("videos", "a", file.read_bytes(), "video/mp4"),
            "put_file": lambda: client.put_file("videos", "a", file),
            "get": lambda: client.get("videos", "a"),
            "stat": lambda: client.stat("videos", "a"),
            "delete": lambda: client.delete("videos", "a"),
        }
        calls[verb]()

    once()
    assert bodies == [file.read_bytes() if verb.startswith("put") else b""] * 4
    stumbles[:] = [stumble] * 50
    with pytest.raises(ProxyAway):
        once()
    assert len(bodies) == 8


def test_away_for_good_names_the_address() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ProxyAway, match=r"http://proxy\.test"):
        store(refuse).put("images", "a", b"x", "image/png")
    assert "proxy.test" in store(refuse).ready()


def test_write_key_and_body_travel() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201)

    store(answer, write_key="secret").put("images", "a b/图.jpg", b"data", "image/jpeg")
    (request,) = seen
    assert (request.method, request.content) == ("PUT", b"data")
    assert request.url.raw_path == b"/file/images/a%20b/%E5%9B%BE.jpg"
    assert request.headers["Authorization"] == "Bearer secret"
    assert request.headers["Content-Type"] == "image/jpeg"


def test_keys_follow_the_pages() -> None:
    pages = {
        None: {"keys": [{"key": "a", "size": 1}, {"key": "b", "size": 2}], "next_cursor": "b"},
        "b": {"keys": [{"key": "c", "size": 3}], "next_cursor": None},
    }
    client = store(lambda request: httpx.Response(200, json=pages[request.url.params.get("cursor")]))
    assert list(client.keys("images", "x/")) == ["a", "b", "c"]
    assert list(store(lambda request: httpx.Response(404)).keys("images")) == []


def test_absent_is_none_and_deleting_it_is_no_error() -> None:
    client = store(lambda request: httpx.Response(404))
    assert client.stat("images", "a") is None
    client.delete("images", "a")
    headers = {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT", "Content-Length": "7"}
    there = store(lambda request: httpx.Response(200, headers=headers))
    assert there.stat("images", "a") == (7, datetime(2015, 10, 21, 7, 28, tzinfo=UTC))


def test_signed_url_is_public_stable_and_expires() -> None:
    now = [1_000_000.0]
    client = store(
        lambda request: httpx.Response(200),
        public_url="https://pictures.example/",
        signing_key="k",
        url_ttl_s=600,
        clock=lambda: now[0],
    )
    first = client.url("images", "ab/c.jpg", width=320)
    now[0] += 100
    assert client.url("images", "ab/c.jpg", width=320) == first
    parts = urlsplit(first)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    expires = int(query["expires"])
    assert (parts.netloc, parts.path, query["w"]) == ("pictures.example", "/file/images/ab/c.jpg", "320")
    assert 600 <= expires - now[0] <= 1200
    message = f"images\nab/c.jpg\n320\n\n{expires}".encode()
    assert query["signature"] == hmac.new(b"k", message, hashlib.sha256).hexdigest()


def test_url_without_signing_key_is_plain() -> None:
    client = store(lambda request: httpx.Response(200))
    cut = client.url("images", "a.jpg", box=Box(1, 2.5, 30, 40))
    assert cut == "http://proxy.test/file/images/a.jpg?box=1,2.5,30,40"
    assert client.url("images", "a.jpg") == "http://proxy.test/file/images/a.jpg"
    assert client.url("images", "a.jpg", width=320) == "http://proxy.test/file/images/a.jpg?w=320"
