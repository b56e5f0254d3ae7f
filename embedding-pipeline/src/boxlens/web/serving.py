"""Serves the built page from its dist folder, with a policy that lets no foreign script run."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from boxlens.api.services import Services

_ASSETS = "assets/"  # Vite puts a content hash into every name below it
_INDEX = "index.html"
_LONGEST = 1024
"""Characters of a path that may name a file; looking up longer ones takes long."""
_API = re.compile(r"(v1|docs|redoc|openapi\.json|metrics|healthz|readyz)(/|$)")

_LOCALHOST = re.compile(r"localhost(?P<port>(?::\d{1,5})?)", re.IGNORECASE)


def content_policy(services: Services) -> str:
    """The Content-Security-Policy of the page; pictures and videos come from minio-proxy, wherever that is."""
    parts = _pictures(services)
    pictures = f"{parts.scheme}://{parts.netloc}"
    return "; ".join(
        [
            "default-src 'self'",
            f"img-src 'self' data: blob: https: {pictures}",
            f"media-src 'self' {pictures}",
            f"connect-src 'self' {pictures}",
            "script-src 'self'",
            "style-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def serve_page(app: FastAPI, services: Services, folder: Path) -> None:
    """Answer what no route of the API takes with a file of the page, or with the page itself."""
    pictures_host = _pictures(services).hostname or ""
    app.router.default = _Page(folder.resolve(), content_policy(services), pictures_host, app.router.default)


def _pictures(services: Services) -> SplitResult:
    return urlsplit(services.store.url(services.bucket, "picture"))


class _Page:
    """The ASGI application behind all routes; ``nobody`` answers what is not for it either."""

    def __init__(self, root: Path, policy: str, pictures_host: str, nobody: ASGIApp) -> None:
        self._root, self._pictures_host = root, pictures_host
        self._nobody = nobody
        self._compressed = GZipMiddleware(self._answer)
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].lstrip("/")
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or _API.match(path):
            await self._nobody(scope, receive, send)
            return
        await self._compressed(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._file(scope["path"].lstrip("/"))
        page = answer.path == self._root / _INDEX
        address = _address_of_pictures(scope, self._pictures_host) if page else None
        await (answer if address is None else RedirectResponse(address, headers={"Vary": "Host"}))(scope, receive, send)

    def _file(self, path: str) -> FileResponse:
        file = _inside(self._root, path)
        if file is not None and file.name != _INDEX:
            cache = "public, max-age=31536000, immutable" if path.startswith(_ASSETS) else "no-cache"
            return FileResponse(file, headers=self._headers | {"Cache-Control": cache})
        if path.startswith(_ASSETS):
            raise HTTPException(404)  # an asset of an older build must not turn into a page
        return FileResponse(self._root / _INDEX, headers=self._headers | {"Cache-Control": "no-cache"})


def _address_of_pictures(scope: Scope, host: str) -> str | None:
    """Where a page that was called by the name ``localhost`` is to be opened instead: at the address where it listens,
    when pictures come from there too. To a browser name and address are two sites, and minio-proxy gives pictures to
    no page of another site. None where the page is well as it is called."""
    called = _LOCALHOST.fullmatch(Headers(scope=scope).get("host", ""))
    if called is None or host == "localhost" or host != (scope.get("server") or ("",))[0]:
        return None
    netloc = f"[{host}]" if ":" in host else host
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    return f"{scope['scheme']}://{netloc}{called['port']}{scope['raw_path'].decode('latin-1')}{query}"


def _inside(root: Path, path: str) -> Path | None:
    """The file a path names, or None when there is none or it would lead out of the folder."""
    if not 0 < len(path) <= _LONGEST or "\0" in path:
        return None
    try:
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # a name that is too long, a folder that may not be read
        return None
