"""Whether the server lives, whether it can work, and what it counted."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from boxlens.api import problems
from boxlens.api.middleware.metrics import CONTENT_TYPE
from boxlens.api.schemas.answers import Health, Ready
from boxlens.api.services import ServicesDep
from boxlens.domain.errors import Unavailable

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Whether the process answers")
async def healthz() -> Health:
    return Health()


@router.get(
    "/readyz",
    summary="Whether it can search and take pictures in",
    response_model=Ready,
    responses=problems.problems(503),
)
def readyz(services: ServicesDep) -> Ready | Response:
    """503 lists under `missing` what is not there, each with what repairs it."""
    missing = [{"name": m.name, "detail": m.detail, "repair": m.repair} for m in services.checks()]
    if not missing:
        return Ready()
    return problems.response(
        503,
        Unavailable.code,
        Unavailable.title,
        "; ".join(entry["detail"] for entry in missing),
        hint=missing[0]["repair"],
        missing=missing,
    )


@router.get(
    "/metrics",
    summary="Counts and times for Prometheus",
    response_class=Response,
    responses=problems.problems(401) | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE)
