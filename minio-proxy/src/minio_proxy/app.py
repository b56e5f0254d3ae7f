"""The HTTP surface. ``create_app(settings)`` is the whole proxy as an ASGI application."""

from __future__ import annotations

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from browser_guard import Allowed, BrowserGuard, Refusal, Sharing
from http_limits import OneLength, Queue, Refused, WithoutCookies
from minio_proxy.access import Access
from minio_proxy.backends.file import FileBackend
from minio_proxy.backends.port import Backend, ObjectInfo
from minio_proxy.backends.s3 import S3Backend
from minio_proxy.derived.delivery import Derived
from minio_proxy.errors import ProxyError
from minio_proxy.keys import check_bucket, check_key, check_prefix, cursor_of, key_of
from minio_proxy.media_types import content_type
from minio_proxy.serving import answer, cache_control
from minio_proxy.settings import ProxySettings
from minio_proxy.uploads import Receiver

MAX_PAGE = 1000
_READS_AT_ONCE = 28  # of the 40 threads in which routes run
_EXPOSED = ["ETag", "Content-Range", "Content-Length", "Content-Disposition", "Last-Modified", "Accept-Ranges"]


def create_app(settings: ProxySettings, backend: Backend | None = None) -> FastAPI:
    """``backend``: what holds the bytes; by default the one the settings name. Raises StoreAway."""
    app = FastAPI(title="minio-proxy", docs_url=None, redoc_url=None)
    store = backend or make_backend(settings)
    access = Access(settings)
    _answer_problems(app)
    _add_reading(app, store, access, Derived(settings))
    _add_writing(app, store, access, Receiver(settings.incoming_dir, settings.max_bytes, settings.idle_s))
    app.add_middleware(WithoutCookies)
    app.add_middleware(
        BrowserGuard,
        allowed=Allowed(
            settings.allowed_hosts,
            settings.origins,
            settings.page_ports,
            host_setting="BOXLENS_PROXY__ALLOWED_HOSTS",
            origin_setting="BOXLENS_PROXY__ORIGINS",
        ),
        refuse=_refused,
        embedding=access.reads_are_signed,
        sharing=Sharing(("GET", "HEAD"), ("Range", "If-None-Match", "If-Modified-Since", "If-Range"), tuple(_EXPOSED)),
    )
    app.add_middleware(Queue, refuse=_limited, concerns=_is_read, at_once=_READS_AT_ONCE, waiting=512)
    app.add_middleware(OneLength, refuse=_limited)
    app.add_middleware(_NoSniffing)

    threads = CapacityLimiter(2)

    @app.get("/healthz")
    async def health() -> dict[str, str]:
        """Whether the backend can be reached; 503 when it cannot. It has threads of its own."""
        await to_thread.run_sync(store.check, limiter=threads)
        return {"status": "ok", "backend": settings.backend}

    return app


def make_backend(settings: ProxySettings) -> Backend:
    """The backend that the settings name. Raises StoreAway."""
    if settings.backend == "file" or not (settings.s3_endpoint and settings.s3_access_key and settings.s3_secret_key):
        return FileBackend(settings.root)
    return S3Backend(
        settings.s3_endpoint,
        settings.s3_access_key.get_secret_value(),
        settings.s3_secret_key.get_secret_value(),
        bucket=settings.s3_bucket,
        region=settings.s3_region,
    )


def _add_reading(app: FastAPI, store: Backend, access: Access, derived: Derived) -> None:
    @app.get("/file")
    def list_buckets(request: Request) -> dict[str, list[str]]:
        """The names of all buckets."""
        access.may_read(request, "", "")
        return {"buckets": store.buckets()}

    @app.get("/file/{bucket}")
    def list_keys(
        request: Request,
        bucket: str,
        prefix: str = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
        cursor: str = "",
    ) -> dict[str, Any]:
        """One page of keys in the order of their UTF-8 bytes; ``next_cursor`` is null on the last."""
        check_bucket(bucket)
        access.may_read(request, bucket, "")
        after = key_of(cursor) if cursor else ""
        entries = store.entries(bucket, check_prefix(prefix), after, limit + 1)
        page = entries[:limit]
        return {
            "bucket": bucket,
            "keys": [{"key": e.key, "size": e.size, "modified": e.modified.isoformat()} for e in page],
            "next_cursor": cursor_of(page[-1].key) if len(entries) > limit else None,
        }

    @app.api_route("/file/{bucket}/{key:path}", methods=["GET", "HEAD"], response_class=Response)
    def read(request: Request, bucket: str, key: str, w: str = "", box: str = "") -> Response:
        """The file; ``w`` a thumbnail of an allowed width, ``box=x1,y1,x2,y2`` a crop of the upright picture."""
        check_bucket(bucket)
        check_key(key)
        left = access.may_read(request, bucket, key)
        recipe = derived.recipe(w, box)
        control = cache_control(key, signed=access.reads_are_signed, seconds_left=left)
        with store.open(bucket, key) as reader:
            if recipe is None:
                return answer(request, reader.info, reader.chunks, cache_control=control)
            info, data = derived.make(bucket, reader, recipe)
        return answer(request, info, lambda start, length: iter((data[start : start + length],)), cache_control=control)


def _add_writing(app: FastAPI, store: Backend, access: Access, receiver: Receiver) -> None:
    async def write(request: Request, bucket: str, key: str) -> JSONResponse:
        """Store the body, or the part ``file`` of a form, whole or not at all; what stood there is replaced."""
        access.may_write(request)
        check_bucket(bucket)
        check_key(key)
        async with receiver.receive(request) as upload:
            kind = content_type(upload.start, key, upload.declared)
            info = await run_in_threadpool(store.store, bucket, key, upload.path, kind)
        return JSONResponse(_facts(bucket, info), status_code=201, headers={"ETag": f'"{info.etag}"'})

    body = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
    for method in ("PUT", "POST"):
        app.add_api_route(
            "/file/{bucket}/{key:path}",
            write,
            methods=[method],
            status_code=201,
            operation_id=f"write_{method.lower()}",
            openapi_extra={"requestBody": body},
        )

    @app.delete("/file/{bucket}/{key:path}", status_code=204)
    def delete(request: Request, bucket: str, key: str) -> Response:
        """Remove a file; removing what is not there is no error."""
        access.may_write(request)
        store.delete(check_bucket(bucket), check_key(key))
        return Response(status_code=204)


def _facts(bucket: str, info: ObjectInfo) -> dict[str, Any]:
    return {
        "bucket": bucket,
        "key": info.key,
        "size": info.size,
        "etag": info.etag,
        "modified": info.modified.isoformat(),
        "content_type": info.content_type,
    }


def _answer_problems(app: FastAPI) -> None:
    """Every refusal is problem+json."""

    @app.exception_handler(ProxyError)
    def ours(_: Request, error: ProxyError) -> Response:
        return _problem(error.status, error.problem(), error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return _problem(422, _plain(422, "bad_request", f"{place}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    def routing(_: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
        return _problem(error.status_code, _plain(error.status_code, code, str(error.detail)), error.headers)

    @app.exception_handler(Exception)
    def unforeseen(_: Request, error: Exception) -> Response:
        return _problem(500, _plain(500, "internal", "The proxy failed in a way nobody foresaw; its log says more."))


def _is_read(scope: MutableMapping[str, Any]) -> bool:
    """Reading and listing wait in a queue; bodies of writes have limits of their own."""
    path: str = scope["path"]
    return path.startswith("/file") and scope["method"] in ("GET", "HEAD")


def _limited(refused: Refused) -> ASGIApp:
    body = _plain(refused.status, refused.code, refused.detail) | {"hint": refused.hint}
    headers = {} if refused.retry_after_s is None else {"Retry-After": str(refused.retry_after_s)}
    return _problem(refused.status, body, headers)


def _refused(refusal: Refusal) -> ASGIApp:
    body = _plain(refusal.status, refusal.code, refusal.detail) | {"hint": refusal.hint}
    return _problem(refusal.status, body)


class _NoSniffing:
    """Tells browsers to believe the media type of every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, marked)


def _plain(status: int, code: str, detail: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}


def _problem(status: int, body: dict[str, Any], headers: Any = None) -> Response:
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")
