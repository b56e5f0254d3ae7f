"""Serves the built page from its dist folder, with a policy that lets no foreign script run."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException

from embedding_pipeline.api.services import Services

_ASSETS = "assets/"  # Vite puts a content hash into every name below it
_API = ("v1/", "docs", "redoc", "openapi.json", "metrics", "healthz", "readyz")


def content_policy(services: Services) -> str:
    """The Content-Security-Policy of the page; pictures come from minio-proxy, wherever that is."""
    parts = urlsplit(services.store.url(services.bucket, "picture"))
    pictures = f"{parts.scheme}://{parts.netloc}"
    return "; ".join(
        [
            "default-src 'self'",
            f"img-src 'self' data: blob: https: {pictures}",
            f"connect-src 'self' {pictures}",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def install(app: FastAPI, services: Services, folder: Path) -> None:
    """Answer every GET that no route of the API takes with a file of the page, or with the page itself."""
    root = folder.resolve()
    headers = {
        "Content-Security-Policy": content_policy(services),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }

    @app.get("/{path:path}", include_in_schema=False)
    def page(request: Request, path: str) -> Response:
        if path == "v1" or path.startswith(_API):
            raise HTTPException(404)
        file = _inside(root, path)
        if file is not None and file.is_file():
            cache = "public, max-age=31536000, immutable" if path.startswith(_ASSETS) else "no-cache"
            return FileResponse(file, headers=headers | {"Cache-Control": cache})
        if path.startswith(_ASSETS):
            raise HTTPException(404)  # an asset of an older build must not turn into a page
        return FileResponse(root / "index.html", headers=headers | {"Cache-Control": "no-cache"})


def _inside(root: Path, path: str) -> Path | None:
    """The file a path names, or None when it is none or would lead out of the folder."""
    if not path or "\0" in path:
        return None
    try:
        file = (root / path).resolve()
    except OSError:
        return None
    return file if file.is_relative_to(root) else None
