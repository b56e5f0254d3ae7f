"""Signing the page in: the key moves into a cookie that no script can read, and that no other site can have sent."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from boxlens.access.keys import COOKIE
from boxlens.api.middleware.access import SESSION
from boxlens.api.problems import problems
from boxlens.domain.errors import Denied

router = APIRouter(tags=["session"])
_YEAR_S = 365 * 24 * 3600


@router.post(
    SESSION, summary="Sign the page in with the key of this request", status_code=204, responses=problems(401, 429)
)
def sign_in(request: Request, response: Response) -> None:
    """From then on the browser sends the key with each request of the page. A revoked key opens nothing at once."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not key.isascii() or not key.isprintable():
        raise Denied("This key cannot be kept in a browser.", hint="Make one: boxlens keys make NAME")
    response.set_cookie(
        COOKIE,
        key,
        max_age=_YEAR_S,
        path="/v1",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


@router.delete(SESSION, summary="Sign the page out", status_code=204, responses=problems(401, 429))
def sign_out(response: Response) -> None:
    """The browser forgets the key."""
    response.delete_cookie(COOKIE, path="/v1", httponly=True, samesite="strict")
