"""``/docs``: the OpenAPI document to look at and to try; its viewer comes from the install and not from the web."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response

_SCRIPT, _STYLE, _ICON = "swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"
_TYPES = {_SCRIPT: "text/javascript", _STYLE: "text/css", _ICON: "image/png"}


def serve_docs(app: FastAPI) -> None:
    """Answer ``/docs`` and the files of its viewer, Swagger UI, as the package fastapi-offline brings them."""

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=f"{app.title} {app.version}",
            swagger_js_url=f"docs/{_SCRIPT}",
            swagger_css_url=f"docs/{_STYLE}",
            swagger_favicon_url=f"docs/{_ICON}",
        )

    for name, kind in _TYPES.items():
        app.add_api_route(f"/docs/{name}", _file_of(name, kind), include_in_schema=False)


def _file_of(name: str, kind: str) -> Callable[[], Response]:
    def answer() -> Response:
        data = files("fastapi_offline").joinpath("static", name).read_bytes()
        return Response(data, media_type=kind, headers={"Cache-Control": "max-age=86400"})

    return answer
