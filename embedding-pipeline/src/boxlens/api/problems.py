"""Every failure as RFC 9457 problem+json with the stable code of ``boxlens.domain.errors``."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from boxlens.domain.errors import BadInput, BoxlensError, TooLarge, TooManyRequests, Unavailable
from boxlens.domain.local_files import refusal
from boxlens.settings import ApiSettings
from browser_guard import Refusal
from http_limits import Refused

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_CODES = {401: "denied", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_PATH = re.compile(r"(?<![\w:/.])/(?!(?:v1|docs|file|readyz|healthz|metrics)\b)(?:[^\s/'\",;:]+/)*([^\s/'\",;:]+)")
_PARTS = ("body", "query", "path", "header", "cookie")


class InputError(BaseModel):
    """One thing that is wrong in a request, and where."""

    part: str = Field(description="body, query, path or header", examples=["body"])
    place: str = Field(description="path to the value inside that part", examples=["clauses[0].weight"])
    detail: str = Field(examples=["Input should be a finite number"])


class Limits(BaseModel):
    """The most that is taken, of what there was too much of."""

    bytes: int | None = Field(None, description="of a file")
    pixels: int | None = Field(None, description="of a picture: width times height")
    characters: int | None = Field(None, description="of the text at the first place of `errors`")
    items: int | None = Field(None, description="of the list at the first place of `errors`")


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is stable; `hint` says what repairs it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:boxlens:problem:not_found",
                    "title": "It is not here",
                    "status": 404,
                    "code": "not_found",
                    "detail": "There is no collection holidays.",
                    "hint": "Create it with PUT /v1/collections/holidays.",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str | None = None
    errors: list[InputError] | None = None
    limits: Limits | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may answer with these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def response(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    hint: str = "",
    errors: Sequence[InputError] = (),
    limits: Mapping[str, int] | None = None,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """A problem as an answer; ``more`` are members of its own."""
    body: dict[str, object] = {
        "type": f"urn:boxlens:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if hint:
        body["hint"] = hint
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    if limits:
        body["limits"] = dict(limits)
    return JSONResponse(body | more, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def of_boxlens(error: BoxlensError, limits: Mapping[str, int] | None = None) -> JSONResponse:
    """A Boxlens error as an answer."""
    errors = [InputError(part="body", place=error.place, detail=error.detail)] if error.place else []
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if isinstance(error, Unavailable | TooManyRequests) and error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    detail, hint = without_paths(error.detail), without_paths(error.hint)
    return response(
        error.status, error.code, error.title, detail, hint=hint, errors=errors, limits=limits, headers=headers
    )


def picture_limits(settings: ApiSettings) -> dict[str, int]:
    """What a picture may have, as every problem says that tells of one too large."""
    return {"bytes": settings.max_upload_bytes, "pixels": settings.max_pixels}


def without_paths(text: str) -> str:
    """A text without the folders of this machine, which are no business of a client; names of files stay.

    >>> without_paths("/srv/a/packs/demo/pack.json is not there; see /v1/collections")
    '…/pack.json is not there; see /v1/collections'
    """
    for folder in {str(Path.cwd()), str(Path.home())} - {"/"}:
        text = text.replace(f"{folder}/", "/…/")
    return _PATH.sub(lambda match: f"…/{match[1]}", text)


def of_refusal(refusal: Refusal) -> JSONResponse:
    """What the guard against foreign pages refused."""
    return response(refusal.status, refusal.code, "This page may not do that", refusal.detail, hint=refusal.hint)


def of_limit(refused: Refused, limits: Mapping[str, int]) -> JSONResponse:
    """What was too much, too slow, too large or no proper request; ``limits``: those of pictures."""
    headers = {} if refused.retry_after_s is None else {"Retry-After": str(refused.retry_after_s)}
    large = refused.status == TooLarge.status
    code, title = refused.code, TooLarge.title if large else TooManyRequests.title
    if refused.status == 400:
        code, title = BadInput.code, BadInput.title
    most = limits if large else None
    return response(refused.status, code, title, refused.detail, hint=refused.hint, limits=most, headers=headers)


def of_unexpected(error: Exception) -> JSONResponse:
    """The answer to an unforeseen exception, status 500; its trace goes into the log, under the id in the answer. A
    full, read-only or broken disk is told as what it is."""
    refused = refusal(error) if isinstance(error, OSError) else None
    if refused is not None:
        log.error("%s", refused.detail)
        return of_boxlens(refused)
    number = uuid.uuid4().hex[:12]
    log.error("unexpected error %s", number, exc_info=error)
    return response(
        500,
        BoxlensError.code,
        BoxlensError.title,
        f"The server failed in a way nobody foresaw; its log has it under {number}.",
        hint="Try again; if it comes back, report it with the lines of the log.",
    )


def place(path: Sequence[int | str]) -> str:
    """A JSON path such as ``clauses[0].weight``.

    >>> place(("clauses", 0, "weight"))
    'clauses[0].weight'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


_COUNTED = {"string_too_long": "characters", "too_long": "items", "too_many_pictures": "items"}


def _exceeded(error: Mapping[str, Any]) -> dict[str, int]:
    """The limit that an input was over, where it was over one."""
    counted = _COUNTED.get(error["type"])
    return {counted: error["ctx"]["max_length"]} if counted else {}


def _input_error(error: Mapping[str, Any]) -> InputError:
    path: tuple[int | str, ...] = tuple(error["loc"])
    part = str(path[0]) if path and path[0] in _PARTS else "body"
    rest = path[1:] if path and path[0] in _PARTS else path
    if error["type"] == "json_invalid":
        return InputError(part=part, place="", detail=f"This is not JSON: {error['ctx']['error']}.")
    return InputError(part=part, place=place(rest), detail=str(error["msg"]).removeprefix("Value error, "))


def install(app: FastAPI) -> None:
    """Turn every error that reaches the application into a problem."""

    @app.exception_handler(BoxlensError)
    def boxlens(request: Request, error: BoxlensError) -> JSONResponse:
        large = isinstance(error, TooLarge)
        return of_boxlens(error, picture_limits(request.app.state.services.settings.api) if large else None)

    @app.exception_handler(RequestValidationError)
    def validation(request: Request, error: RequestValidationError) -> JSONResponse:
        entries = error.errors()
        errors = [_input_error(entry) for entry in entries][:20]
        first = errors[0]
        detail = f"{first.place or first.part}: {first.detail}"
        limits = _exceeded(entries[0])
        return response(422, "bad_input", "The input cannot be used", detail, errors=errors, limits=limits)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase
        detail = error.detail if error.detail != title else _routing_detail(request, error.status_code)
        status = 422 if error.status_code == 400 else error.status_code  # 400: a body that cannot even be parsed
        return response(status, _CODES.get(status, "bad_input"), title, detail, headers=error.headers)


def _routing_detail(request: Request, status: int) -> str:
    if status == 405:
        return f"{request.url.path} does not take {request.method}."
    if status == 404:
        return f"There is nothing at {request.url.path}."
    return f"{request.url.path} cannot take this request."
