"""The HTTP API as one FastAPI application over the services it is given."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from embedding_pipeline.api import (
    page,
    pictures,
    problems,
    routes_collections,
    routes_detect,
    routes_facets,
    routes_health,
    routes_images,
    routes_search,
    trash,
)
from embedding_pipeline.api.garbage import rarely_searched
from embedding_pipeline.api.limits import CatchErrors, LimitBody, RequireKey
from embedding_pipeline.api.metrics import CountRequests, Metrics
from embedding_pipeline.api.services import Services
from embedding_pipeline.errors import BoxlensError

log = logging.getLogger(__name__)
FIRST_SWEEP_S = 60
SWEEP_S = 600
_ROUTERS = (routes_health, routes_collections, routes_images, routes_detect, routes_search, routes_facets)


def create_app(services: Services, page_dir: Path | None = None) -> FastAPI:
    """The application; ``page_dir`` is the dist folder of the built page, when it is served too."""
    app = routes_only(lifespan=_sweeping(services))
    settings = services.settings.api
    app.state.services = services
    app.state.metrics = Metrics(services)
    # the last one added is the outermost
    app.add_middleware(LimitBody, max_upload_bytes=settings.max_upload_bytes)
    app.add_middleware(CatchErrors)
    if settings.keys:
        app.add_middleware(RequireKey, keys=[key.get_secret_value() for key in settings.keys])
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["*"], allow_headers=["*"]
        )
    app.add_middleware(CountRequests, metrics=app.state.metrics)
    if page_dir is not None:
        page.install(app, services, page_dir)
    return app


def routes_only(**more: Any) -> FastAPI:
    """The routes without services behind them: enough to write the OpenAPI document."""
    app = FastAPI(
        title="Boxlens",
        summary="Object-level image search",
        description="Boxes are `[x1, y1, x2, y2]` in pixels of the upright picture. Errors are problem+json.",
        version=version("embedding-pipeline"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
        **more,
    )
    problems.install(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    app.openapi = _documented(app, app.openapi)  # type: ignore[method-assign]
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _documented(app: FastAPI, generate: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """The document with what FastAPI cannot know: the problem schema and the keys."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            parts = schema["components"]
            own = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            parts["schemas"] |= own.pop("$defs") | {"Problem": own}
            parts["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            }
            schema["security"] = [{}, {"bearer": []}, {"header": []}]
            app.openapi_schema = schema
        return app.openapi_schema

    return document


def _sweeping(services: Services) -> Callable[[FastAPI], Any]:
    """A lifespan during which expired uploads and deleted images are swept away, and garbage is searched rarely."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        sweeper = threading.Thread(target=_sweep_until, args=(services, stop), name="boxlens-sweep", daemon=True)
        sweeper.start()
        with rarely_searched():
            yield
        stop.set()

    return lifespan


def _sweep_until(services: Services, stop: threading.Event) -> None:
    pause = FIRST_SWEEP_S
    while not stop.wait(pause):
        pause = SWEEP_S
        try:
            pictures.sweep_uploads(services, time.time())
            trash.sweep(services, datetime.now(UTC))
        except BoxlensError as error:
            log.warning("the sweep will try again: %s", error.detail)
