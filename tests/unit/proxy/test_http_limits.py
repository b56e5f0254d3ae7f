"""Slow senders, floods and unread answers, against a real server whose limits are small."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from http_limits import DeadlineProtocol, Queue, ReceiveFirst, Refused
from http_limits.bodies import App, Receive, Scope, Send
from minio_proxy.app import create_app
from minio_proxy.settings import ProxySettings


class Hasty(DeadlineProtocol):
    head_s = 0.5
    unread_s = 0.5


def refuse(refused: Refused) -> App:
    headers = {} if refused.retry_after_s is None else {"Retry-After": str(refused.retry_after_s)}
    return JSONResponse({"code": refused.code}, refused.status, headers)


@contextmanager
def serving(app: App, protocol: type[DeadlineProtocol] = Hasty) -> Iterator[tuple[str, int]]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=protocol, log_level="critical", lifespan="off", timeout_keep_alive=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{len(body)}")(scope, receive, send)


def limited(**limits: float) -> App:
    return ReceiveFirst(echo, refuse=refuse, limit_of=lambda scope: 3_000_000, **limits)  # type: ignore[arg-type]


def url(address: tuple[str, int]) -> str:
    return f"http://{address[0]}:{address[1]}/"


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nA: "])
def test_a_head_that_does_not_end_is_cut_off(begun: bytes) -> None:
    with serving(echo) as address, socket.create_connection(address, 60) as slow:
        slow.sendall(begun)
        assert slow.recv(10) == b""


def test_a_second_head_that_does_not_end_is_cut_off_too() -> None:
    with serving(echo) as address, socket.create_connection(address, 60) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT")
        received = b""
        while part := slow.recv(1000):
            received += part
        assert received.count(b"HTTP/1.1 200") == 1


def test_a_body_that_does_not_come_is_refused_and_many_of_them_hold_nobody() -> None:
    with serving(limited(idle_s=1.0)) as address:
        slow = [socket.create_connection(address, 60) for _ in range(100)]
        for connection in slow:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        assert httpx.post(url(address), content=b"x" * 1000, trust_env=False).text == "1000"
        assert slow[0].recv(1000).startswith(b"HTTP/1.1 408")
        for connection in slow:
            connection.close()


def test_a_body_below_the_least_rate_is_refused() -> None:
    async def trickle(scope: Scope, receive: Receive, send: Send) -> None:
        async def slowly() -> dict[str, object]:
            await asyncio.sleep(0.05)
            return {"type": "http.request", "body": b"x", "more_body": True}

        await limited(idle_s=0.2, least_rate=1000.0)(scope, slowly, send)

    with serving(trickle) as address:
        assert httpx.post(url(address), content=b"x", trust_env=False, timeout=60).status_code == 408


@pytest.mark.parametrize("size", [1, 1000, 1_048_576, 1_048_577, 3_000_000])
def test_a_body_arrives_as_it_was_sent(size: int) -> None:
    with serving(limited()) as address:
        assert httpx.post(url(address), content=os.urandom(size), trust_env=False).text == str(size)
        assert httpx.post(url(address), content=iter([b"x" * size]), trust_env=False).text == str(size)


def test_a_body_of_two_lengths_is_refused_and_nothing_after_it_is_taken_for_a_request(tmp_path: Path) -> None:
    hidden = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = "POST /file/photos/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: {}\r\n\r\n"
    with serving(create_app(ProxySettings(root=tmp_path))) as address, socket.create_connection(address, 60) as sender:
        sender.sendall(head.format(len(hidden)).encode() + hidden)
        answers = b"".join(iter(lambda: sender.recv(65536), b""))
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert answers.count(b"HTTP/1.1 ") == 1


def test_what_is_too_large_is_refused_with_an_answer() -> None:
    with serving(limited()) as address:
        answer = httpx.post(url(address), content=b"x" * 3_000_001, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_quotas_hold_for_all_bodies_at_once_for_one_client_and_for_an_hour() -> None:
    with serving(limited(in_flight=2000)) as address:
        answer = httpx.post(url(address), content=b"x" * 600, trust_env=False)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        assert httpx.post(url(address), content=b"x" * 2001, trust_env=False).status_code == 503
        assert httpx.post(url(address), content=b"x" * 500, trust_env=False).text == "500"
    with serving(limited(per_hour=1000)) as address:
        assert httpx.post(url(address), content=b"x" * 900, trust_env=False).text == "900"
        answer = httpx.post(url(address), content=b"x" * 101, trust_env=False)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 3600


def test_a_queue_ends_and_what_does_not_wait_in_it_goes_on() -> None:
    open_gate = threading.Event()

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/work":
            await asyncio.to_thread(open_gate.wait, 60)
        await PlainTextResponse("done")(scope, receive, send)

    def concerns(scope: Scope) -> bool:
        return bool(scope["path"] == "/work")

    queue = Queue(work, refuse=refuse, concerns=concerns, at_once=2, waiting=3, wait_s=60)
    with serving(queue) as address, ThreadPoolExecutor(12) as threads:
        asked = [threads.submit(httpx.get, url(address) + "work", trust_env=False, timeout=60) for _ in range(10)]
        assert httpx.get(url(address) + "healthz", trust_env=False).text == "done"
        refused = list(itertools.islice(as_completed(asked, timeout=60), 5))
        assert {request.result().headers["retry-after"] for request in refused} == {"2"}
        open_gate.set()
        statuses = sorted(request.result().status_code for request in asked)
    assert statuses == [200] * 5 + [503] * 5


def test_who_reads_an_answer_slowly_holds_no_place_and_is_cut_off() -> None:
    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        size = 64 * 1024 * 1024 if scope["path"] == "/large" else 4
        await Response(b"x" * size)(scope, receive, send)

    queue = Queue(large, refuse=refuse, concerns=lambda scope: True, at_once=1, waiting=1, wait_s=60)
    with serving(queue) as address, socket.create_connection(address, 60) as slow:
        slow.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert httpx.get(url(address), trust_env=False, timeout=60).text == "xxxx"
        received = 0
        try:
            threading.Event().wait(1.5)
            while part := slow.recv(1024 * 1024):
                received += len(part)
        except ConnectionResetError:
            pass
        assert received < 64 * 1024 * 1024


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_outlives_an_aborted_download(tmp_path: Path) -> None:
    app = create_app(ProxySettings(root=tmp_path / "root"))
    with serving(app, DeadlineProtocol) as address:
        with httpx.Client(base_url=url(address), trust_env=False) as client:
            client.put("/file/pictures/large.bin", content=b"x" * 16_000_000).raise_for_status()
        before = descriptors()
        for _ in range(20):
            with socket.create_connection(address, 60) as leaving:
                leaving.sendall(b"GET /file/pictures/large.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                leaving.recv(10)
        assert httpx.get(url(address) + "healthz", trust_env=False).status_code == 200
        for _ in range(100):
            gc.collect()
            if descriptors() <= before:
                break
            threading.Event().wait(0.1)
        assert descriptors() <= before
