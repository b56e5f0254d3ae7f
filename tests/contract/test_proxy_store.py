"""ProxyStore against the real minio-proxy on the folder backend, over real HTTP."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from PIL import Image

from boxlens.domain.boxes import Box
from boxlens.domain.errors import NotFound, ProxyAway, Unavailable
from boxlens.objectstore.proxy_client import ProxyStore
from minio_proxy.app import create_app
from minio_proxy.settings import ProxySettings

WRITE_KEY, SIGNING_KEY = "write-key", "signing-key"


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), (200, 30, 30)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root: Path = tmp_path_factory.mktemp("proxy")
    settings = ProxySettings(root=root, write_key=WRITE_KEY, signing_key=SIGNING_KEY)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listener.close()


@pytest.fixture
def store(address: str) -> Iterator[ProxyStore]:
    client = ProxyStore(address, write_key=WRITE_KEY, signing_key=SIGNING_KEY)
    yield client
    client.close()


def test_bytes_come_back_as_they_went(store: ProxyStore) -> None:
    for key in ("plain.jpg", "deep/er/图 片+%41.jpg"):
        assert store.stat("images", key) is None
        store.put("images", key, picture(), "image/jpeg")
        store.put("images", key, picture(), "image/jpeg")
        there = store.stat("images", key)
        assert there is not None
        assert there.size == len(picture())
        assert abs((datetime.now(UTC) - there.put_at).total_seconds()) < 60
        assert store.get("images", key) == picture()
        store.delete("images", key)
        store.delete("images", key)
        assert store.stat("images", key) is None
    with pytest.raises(NotFound):
        store.get("images", "plain.jpg")


def test_files_that_are_no_pictures_are_kept_too(store: ProxyStore) -> None:
    store.put("trash", "photos/ab.json", b'{"format": 1}', "application/json")
    assert store.get("trash", "photos/ab.json") == b'{"format": 1}'


def test_keys_are_listed_by_prefix_over_pages(store: ProxyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        store.put("uploads", f"a/{number}", b"x", "application/octet-stream")
    store.put("uploads", "b/0", b"x", "application/octet-stream")
    monkeypatch.setattr("boxlens.objectstore.proxy_client.PAGE", 2)
    assert list(store.keys("uploads", "a/")) == [f"a/{number}" for number in range(5)]
    assert len(list(store.keys("uploads"))) == 6
    assert list(store.keys("never-written")) == []


def test_a_browser_reads_what_is_signed_and_nothing_else(store: ProxyStore) -> None:
    store.put("images", "signed/图.jpg", picture(), "image/jpeg")
    whole = httpx.get(store.url("images", "signed/图.jpg"), trust_env=False)
    assert (whole.status_code, whole.content) == (200, picture())
    small = httpx.get(store.url("images", "signed/图.jpg", width=320), trust_env=False)
    assert Image.open(io.BytesIO(small.content)).width == 320
    cut = httpx.get(store.url("images", "signed/图.jpg", box=Box(10, 20, 110.5, 90)), trust_env=False)
    assert Image.open(io.BytesIO(cut.content)).size == (101, 70)
    bare = store.url("images", "signed/图.jpg").split("?")[0]
    assert httpx.get(bare, trust_env=False).status_code in (401, 403)
    other = store.url("images", "signed/图.jpg", width=320).replace("w=320", "w=640")
    assert httpx.get(other, trust_env=False).status_code in (401, 403)


def test_an_address_expires(address: str) -> None:
    past = ProxyStore(address, write_key=WRITE_KEY, signing_key=SIGNING_KEY, clock=lambda: time.time() - 3 * 3600)
    past.put("images", "old.jpg", picture(), "image/jpeg")
    assert httpx.get(past.url("images", "old.jpg"), trust_env=False).status_code in (401, 403)
    past.close()


def test_signing_alone_is_enough_to_read_and_list(store: ProxyStore, address: str) -> None:
    store.put("signed", "a.jpg", picture(), "image/jpeg")
    reader = ProxyStore(address, signing_key=SIGNING_KEY)
    assert list(reader.keys("signed")) == ["a.jpg"]
    assert reader.get("signed", "a.jpg") == picture()
    reader.close()


def test_a_wrong_key_may_not_write(address: str) -> None:
    stranger = ProxyStore(address, write_key="guess")
    with pytest.raises(Unavailable):
        stranger.put("images", "x.jpg", picture(), "image/jpeg")
    with pytest.raises(Unavailable):
        list(stranger.keys("images"))
    stranger.close()


def test_ready_says_whether_it_answers(store: ProxyStore) -> None:
    assert store.ready() == ""
    away = ProxyStore("http://127.0.0.1:9", pause_s=0)
    assert "127.0.0.1:9" in away.ready()
    with pytest.raises(ProxyAway):
        away.get("images", "x")
    away.close()
