"""What every request passes before a route sees it: the last net for errors, and what bounds bodies and work.

Plain ASGI, because the middleware class of Starlette would hold every answer in memory.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from boxlens.api import problems

MAX_JSON = 2 * 1024 * 1024
MULTIPART_OVERHEAD = 256 * 1024  # boundaries and the other fields of a form
WORTH_COMPRESSING = 1024
"""Bytes of an answer from which on it is compressed."""
_LONG = 128 * 1024  # bytes of which compressing would hold up other answers, so that a thread does it
_LEVEL = 5  # of gzip: of an answer to a search level 9 takes twice as long for 2 % less
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\b")
_TAKES_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?!\s*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$))(?=[;,]|$)", re.IGNORECASE)


class CatchErrors:
    """Answers with a problem when a route fails in a way nobody foresaw; the trace goes to the log alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if started:
                raise
            await problems.of_unexpected(error)(scope, receive, send)


class CompressJson:
    """Sends JSON of ``WORTH_COMPRESSING`` bytes and more as gzip to whoever takes that. All else passes as it is:
    pictures and archives are compressed already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        takes_gzip = _TAKES_GZIP.search(Headers(scope=scope).get("accept-encoding", "")) is not None
        held: Message | None = None  # the start of an answer whose size is not known yet

        async def compress(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _compressible(message):
                held = message
                return
            start, held = held, None
            if start is not None:
                message = await _compressed(start, message, takes_gzip)
                await send(start)
            await send(message)

        await self.app(scope, receive, compress)


def _compressible(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return _JSON.match(headers.get("content-type", "")) is not None and "content-encoding" not in headers


async def _compressed(start: Message, body: Message, takes_gzip: bool) -> Message:
    """The body of an answer, and its start changed to fit; both as they are where it is short or comes in pieces."""
    whole: bytes = body.get("body", b"")
    if body.get("more_body") or len(whole) < WORTH_COMPRESSING:
        return body
    headers = MutableHeaders(raw=start["headers"])
    headers.add_vary_header("Accept-Encoding")
    if not takes_gzip:
        return body
    if len(whole) < _LONG:
        small = gzip.compress(whole, _LEVEL, mtime=0)
    else:
        small = await asyncio.to_thread(gzip.compress, whole, _LEVEL, mtime=0)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(small))
    start["headers"] = headers.raw
    return {**body, "body": small}


def body_limit(max_upload_bytes: int) -> Callable[[Scope], int]:
    """The bytes that the body of a request may have: an upload (multipart), or a query (anything else)."""

    def limit_of(scope: Scope) -> int:
        multipart = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/")
        return max_upload_bytes + MULTIPART_OVERHEAD if multipart else MAX_JSON

    return limit_of


def is_work(scope: Scope) -> bool:
    """Whether a request waits in the queue of the work: health, the metrics and the page's files do not."""
    path: str = scope["path"]
    return path.startswith("/v1/")


def client_of(scope: Scope) -> str:
    """Who sends a request: the name of its key, or its address where it has none."""
    client = scope.get("client")
    return scope["state"].get("key_name") or (str(client[0]) if client else "")
