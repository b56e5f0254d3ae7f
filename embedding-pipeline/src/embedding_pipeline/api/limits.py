"""What every request passes before a route sees it: the last net for errors, keys, and a bound on bodies.

Plain ASGI, because the middleware class of Starlette would hold every answer in memory.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from embedding_pipeline.api import problems
from embedding_pipeline.errors import Denied

MAX_JSON = 2 * 1024 * 1024
MULTIPART_OVERHEAD = 256 * 1024  # boundaries and the other fields of a form
_DRAIN = 4  # times the limit is read and thrown away, so that most clients get to see the answer


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


class RequireKey:
    """Asks for one of the keys on everything under /v1 and on the metrics, before any body is read."""

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self.app = app
        self._keys = [key.encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._protected(scope) and not self._allowed(Headers(scope=scope)):
            denied = Denied(
                "A valid API key is needed.", hint="Send it as Authorization: Bearer KEY or X-API-Key: KEY."
            )
            await problems.of_boxlens(denied)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    @staticmethod
    def _protected(scope: Scope) -> bool:
        path: str = scope["path"]
        return path == "/v1" or path.startswith("/v1/") or path.rstrip("/") == "/metrics"

    def _allowed(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        matches = [hmac.compare_digest(given.encode("latin-1"), key) for key in self._keys]
        return any(matches)  # after comparing with every key, so that the time taken tells nothing


class LimitBody:
    """Refuses bodies larger than an upload (multipart) or than a query (anything else) with 413."""

    def __init__(self, app: ASGIApp, max_upload_bytes: int) -> None:
        self.app = app
        self._max_multipart = max_upload_bytes + MULTIPART_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        multipart = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/")
        limit = self._max_multipart if multipart else MAX_JSON
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read <= limit:
                return message
            while message["type"] == "http.request" and message.get("more_body") and read <= _DRAIN * limit:
                message = await receive()
                read += len(message.get("body", b""))
            raise HTTPException(413, f"The request has more than {limit} bytes.")

        await self.app(scope, counted, send)
