"""Answers that carry a file: whole, in part, or only the word that it has not changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from minio_proxy.backends.port import ObjectInfo
from minio_proxy.media_types import PICTURES
from minio_proxy.ranges import http_date, not_modified, wanted_range

_BY_CONTENT = re.compile(r"(?:^|/)[0-9a-f]{64}(?:\.\w+)?$")
_YEAR_S = 365 * 24 * 3600


def answer(
    request: Request,
    info: ObjectInfo,
    chunks: Callable[[int, int], Iterator[bytes]],
    *,
    cache_control: str,
) -> Response:
    """The response to GET or HEAD; ``chunks(start, length)`` gives the bytes. Raises BadRange."""
    headers = {
        "ETag": f'"{info.etag}"',
        "Last-Modified": http_date(info.modified),
        "Cache-Control": cache_control,
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(info),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if not_modified(request.headers, info.etag, info.modified):
        return Response(status_code=304, headers=headers)
    part = wanted_range(request.headers, info.size, info.etag, info.modified)
    start, length = part or (0, info.size)
    if part:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{info.size}"
    headers |= {"Content-Length": str(length), "Content-Type": info.content_type}
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return _Streamed(chunks(start, length), status_code=status, headers=headers)


class _Streamed(StreamingResponse):
    """An answer that lets its file go however it ends: whole, refused by a client that left, or never begun."""

    def __init__(self, chunks: Iterator[bytes], **more: Any) -> None:
        super().__init__(chunks, **more)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()


def cache_control(key: str, *, signed: bool, seconds_left: int | None) -> str:
    """How long a browser may keep it.

    A key that ends in a SHA-256 never changes its bytes. Signed addresses are private and kept no longer than they are
    valid; anything else is asked for again, which costs one 304.
    """
    who = "private" if signed else "public"
    if not _BY_CONTENT.search(key) or (signed and seconds_left is None):
        return f"{who}, no-cache"
    return f"{who}, max-age={seconds_left or _YEAR_S}, immutable"


def disposition(info: ObjectInfo) -> str:
    """Pictures are shown, anything else is saved: a page stored here must not run in our name."""
    name = quote(info.key.rsplit("/", 1)[-1], safe="")
    return f"{'inline' if info.content_type in PICTURES else 'attachment'}; filename*=UTF-8''{name}"
