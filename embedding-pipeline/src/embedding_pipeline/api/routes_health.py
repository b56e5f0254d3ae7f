"""Whether the server lives, whether it can work, and what it counted."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from embedding_pipeline.api import problems
from embedding_pipeline.api.metrics import CONTENT_TYPE
from embedding_pipeline.api.schemas import Health, Ready
from embedding_pipeline.api.services import ServicesDep
from embedding_pipeline.errors import Unavailable

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Whether the process answers")
def healthz() -> Health:
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
def metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE)
