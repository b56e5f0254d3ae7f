"""JSON answers as gzip, from a size on and for clients that take it."""

from __future__ import annotations

import asyncio
import gzip
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WORTH_COMPRESSING = 1024
"""Bytes of an answer from which on it is compressed."""
_LONG = 128 * 1024  # bytes of which compressing would hold up other answers, so that a thread does it
_LEVEL = 3  # of gzip: of an answer to a search level 5 takes twice as long for a tenth less
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\b")
_NO_WEIGHT = re.compile(r"0(?:\.0*)?")


class CompressJson:
    """Sends JSON of ``WORTH_COMPRESSING`` bytes and more as gzip to whoever takes that. All else passes as it is:
    pictures and archives are compressed already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        small_allowed = takes_gzip(Headers(scope=scope).get("accept-encoding", ""))
        held: Message | None = None  # the start of an answer whose size is not known yet

        async def compress(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _compressible(message):
                held = message
                return
            start, held = held, None
            if start is not None:
                message = await _compressed(start, message, small_allowed)
                await send(start)
            await send(message)

        await self.app(scope, receive, compress)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a header Accept-Encoding allows gzip (RFC 9110, section 12.5.3); what names gzip goes before ``*``.

    >>> takes_gzip("br, gzip;q=0.5"), takes_gzip("gzip;q=0, *")
    (True, False)
    """
    allowed: dict[str, bool] = {}
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        label, _, value = weight.partition("=")
        allowed[name.strip()] = label.strip() != "q" or not _NO_WEIGHT.fullmatch(value.strip())
    return allowed.get("gzip", allowed.get("*", False))


def _compressible(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return _JSON.match(headers.get("content-type", "")) is not None and "content-encoding" not in headers


async def _compressed(start: Message, body: Message, small_allowed: bool) -> Message:
    """The body of an answer, and its start changed to fit; both as they are where it is short or comes in pieces."""
    whole: bytes = body.get("body", b"")
    if body.get("more_body") or len(whole) < WORTH_COMPRESSING:
        return body
    headers = MutableHeaders(raw=start["headers"])
    headers.add_vary_header("Accept-Encoding")
    if not small_allowed:
        return body
    if len(whole) < _LONG:
        small = gzip.compress(whole, _LEVEL, mtime=0)
    else:
        small = await asyncio.to_thread(gzip.compress, whole, _LEVEL, mtime=0)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(small))
    start["headers"] = headers.raw
    return {**body, "body": small}
