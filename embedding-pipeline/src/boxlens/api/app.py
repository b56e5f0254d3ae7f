"""The HTTP API as one FastAPI application over the services it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from boxlens import __version__
from boxlens.access.audit_log import AuditLog
from boxlens.access.keys import KeyFile
from boxlens.api import problems
from boxlens.api.docs_viewer import serve_docs
from boxlens.api.gc_tuning import rare_collections
from boxlens.api.middleware.access import Keys, RequireKey
from boxlens.api.middleware.compression import CompressJson
from boxlens.api.middleware.errors import CatchErrors
from boxlens.api.middleware.limits import body_limit, client_of, is_work
from boxlens.api.middleware.metrics import CountRequests, Metrics
from boxlens.api.routes import (
    collections,
    corrections,
    detect,
    facets,
    feedback,
    following,
    health,
    images,
    saved,
    search,
    selection,
    session,
    spread,
    suggestions,
)
from boxlens.api.saved_matches import watcher_of
from boxlens.api.services import Services
from boxlens.library.saved.watching import watching
from boxlens.library.sweeper import sweeping
from boxlens.web.serving import serve_page
from browser_guard import Allowed, BrowserGuard
from http_limits import OneLength, Queue, ReceiveFirst, WithoutCookies

WORK_AT_ONCE = 24
"""Of the 40 threads in which routes run; the others are left to health and the page."""

_ROUTES = (
    health,
    collections,
    images,
    corrections,
    selection,
    detect,
    search,
    facets,
    spread,
    session,
    suggestions,
    following,
    feedback,
    saved,
)


def create_app(services: Services, page_dir: Path | None = None) -> FastAPI:
    """The application; ``page_dir`` is the dist folder of the built page, when it is served too."""
    app = routes_only(lifespan=_lifespan(services))
    settings = services.settings.api
    app.state.services = services
    app.state.metrics = Metrics(services)
    # the last one added is the outermost
    app.add_middleware(WithoutCookies)
    refuse = partial(problems.of_limit, limits=problems.picture_limits(settings))
    app.add_middleware(Queue, refuse=refuse, concerns=is_work, at_once=WORK_AT_ONCE)
    app.add_middleware(
        ReceiveFirst,
        refuse=refuse,
        limit_of=body_limit(settings.max_upload_bytes),
        in_flight=settings.in_flight_bytes,
        per_hour=settings.upload_quota_bytes,
        client_of=client_of,
    )
    app.add_middleware(CatchErrors)
    folder = services.settings.data_dir
    keys = Keys(KeyFile(folder), [key.get_secret_value() for key in settings.keys])
    app.add_middleware(RequireKey, keys=keys, audit=AuditLog(folder))
    app.add_middleware(
        BrowserGuard,
        allowed=Allowed(
            settings.allowed_hosts,
            settings.cors_origins,
            host_setting="BOXLENS_API__ALLOWED_HOSTS",
            origin_setting="BOXLENS_API__CORS_ORIGINS",
        ),
        refuse=problems.of_refusal,
        keyed=keys.hold,
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["*"], allow_headers=["*"]
        )
    app.add_middleware(OneLength, refuse=refuse)
    app.add_middleware(CompressJson)
    app.add_middleware(CountRequests, metrics=app.state.metrics)
    if page_dir is not None:
        serve_page(app, services, page_dir)
    return app


def routes_only(**options: Any) -> FastAPI:
    """The routes without services behind them: enough to write the OpenAPI document."""
    app = FastAPI(
        title="Boxlens",
        summary="Object-level image search",
        description="Boxes are `[x1, y1, x2, y2]` in pixels of the upright picture. Errors are problem+json.",
        version=__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
        docs_url=None,
        redoc_url=None,
        **options,
    )
    problems.install(app)
    serve_docs(app)
    for module in _ROUTES:
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


def _lifespan(services: Services) -> Callable[[FastAPI], Any]:
    """While the application runs, what is over is swept away, saved searches look at what comes, and garbage is
    collected rarely."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        every_s = services.settings.notify.every_s
        with sweeping(services), watching(watcher_of(services), every_s), rare_collections():
            yield

    return lifespan
