"""What bounds the bodies and the work of requests, as ``http_limits`` asks it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Scope

from boxlens.api.middleware.clients import network_of

MAX_JSON = 2 * 1024 * 1024
MULTIPART_OVERHEAD = 256 * 1024  # boundaries and the other fields of a form


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
    """Who sends a request: the name of its key, or its network where it has none."""
    return scope["state"].get("key_name") or network_of(scope)
