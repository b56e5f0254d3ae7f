"""The body of a request is received whole before the application sees any of it: at a least speed, within quotas."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import IO, Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_IN_MEMORY = 1024 * 1024
_BLOCK = 256 * 1024
_DRAINED = 4  # times the limit


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request was refused, with its HTTP status; ``retry_after_s``: when to come again, where that helps."""

    status: int
    code: str
    detail: str
    hint: str
    retry_after_s: int | None = None


class ReceiveFirst:
    """ASGI middleware. ``refuse`` answers a request with a refusal.

    ``idle_s``: the longest wait for the next bytes; ``least_rate``: bytes a second, reckoned from ``idle_s`` after the
    start. ``limit_of`` a request: the bytes its body may have. ``in_flight``: bytes of all bodies being received and
    worked on; one client may have a quarter of them. ``per_hour``: bytes that one client may send in an hour, 0 for any
    number. ``client_of`` names who sends: by default its address.
    """

    def __init__(
        self,
        app: App,
        *,
        refuse: Callable[[Refused], App],
        limit_of: Callable[[Scope], int],
        idle_s: float = 10.0,
        least_rate: float = 4096.0,
        in_flight: int = 1024**3,
        per_hour: int = 0,
        client_of: Callable[[Scope], str] = lambda scope: str((scope.get("client") or ("",))[0]),
    ) -> None:
        self._app, self._refuse, self._limit_of = app, refuse, limit_of
        self._idle_s, self._least_rate, self._in_flight = idle_s, least_rate, in_flight
        self._per_hour = per_hour
        self._client_of = client_of
        self._held: defaultdict[str, int] = defaultdict(int)
        self._hour = 0
        self._sent: defaultdict[str, int] = defaultdict(int)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        client, limit = self._client_of(scope), self._limit_of(scope)
        held = 0
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            try:
                started = time.monotonic()
                while True:
                    refusal, message = await self._next(receive, started, held)
                    if refusal is None and message["type"] == "http.disconnect":
                        return
                    part = message.get("body", b"")
                    if refusal is None and held + len(part) > limit:
                        await _drain(receive, message, _DRAINED * limit)
                        detail = f"The request has more than {limit} bytes."
                        refusal = Refused(413, "too_large", detail, "Send less.")
                    if refusal is None and part:
                        refusal = self._quota(client, len(part))
                    if refusal is not None:
                        await self._refuse(refusal)(scope, receive, send)
                        return
                    held += len(part)
                    self._held[client] += len(part)
                    await _write(body, part)
                    if not message.get("more_body"):
                        break
                body.seek(0)
                await self._app(scope, _replayed(body, held, receive), send)
            finally:
                self._held[client] -= held
                if not self._held[client]:
                    del self._held[client]

    async def _next(self, receive: Receive, started: float, held: int) -> tuple[Refused | None, Message]:
        """The next part of the body, or why it came too slowly."""
        try:
            async with asyncio.timeout(self._idle_s):
                message = await receive()
        except TimeoutError:
            message = {"type": "http.disconnect"}
            late = True
        else:
            spent = time.monotonic() - started - self._idle_s
            late = bool(message.get("more_body")) and spent > 0 and held < spent * self._least_rate
        if not late:
            return None, message
        detail = "The body of the request came too slowly."
        return Refused(408, "too_slow", detail, "Send it again over a faster line, or a smaller picture."), message

    def _quota(self, client: str, more: int) -> Refused | None:
        if sum(self._held.values()) + more > self._in_flight:
            return Refused(503, "busy", "Too much is being uploaded at the moment.", "Try again in a moment.", 2)
        if self._held[client] + more > self._in_flight // 4:
            return Refused(429, "busy", "You are uploading too much at once.", "Send less at the same time.", 2)
        hour, into = divmod(int(time.monotonic()), 3600)
        if hour != self._hour:
            self._hour = hour
            self._sent.clear()
        self._sent[client] += more
        if self._per_hour and self._sent[client] > self._per_hour:
            detail = f"You have sent {self._per_hour} bytes within an hour, and that is the limit."
            return Refused(429, "busy", detail, "Go on later, or take pictures in by `boxlens ingest`.", 3600 - into)
        return None


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


async def _drain(receive: Receive, message: Message, most: int) -> None:
    """Read and throw away some of what is too much, so that most clients get to see the answer."""
    read = 0
    while message["type"] == "http.request" and message.get("more_body") and read <= most:
        try:
            async with asyncio.timeout(1):
                message = await receive()
        except TimeoutError:
            return
        read += len(message.get("body", b""))


async def _write(body: IO[bytes], part: bytes) -> None:
    """To memory at once; to disk in a thread, where a slow disk stops nobody else."""
    if body.tell() + len(part) <= _IN_MEMORY:
        body.write(part)
    else:
        await asyncio.to_thread(body.write, part)


def _replayed(body: IO[bytes], size: int, receive: Receive) -> Receive:
    """Gives the body as it was received; afterwards what the connection says."""
    left = size
    ended = False

    async def replay() -> Message:
        nonlocal left, ended
        if ended:
            return await receive()
        part = body.read(_BLOCK) if size <= _IN_MEMORY else await asyncio.to_thread(body.read, _BLOCK)
        left -= len(part)
        ended = left <= 0
        return {"type": "http.request", "body": part, "more_body": not ended}

    return replay
