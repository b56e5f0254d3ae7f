"""What tests of the API expect of every refusal."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import httpx

from boxlens.api.schemas.answers import Answer


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The body of an answer after checking that it is the typed problem of the contract."""
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"urn:boxlens:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.text
    return body


def check_order(response: httpx.Response) -> None:
    """Every answer of a search is as its schema says, and by relevance shows one number that never rises down the page;
    where it has none, the score does not."""
    if response.status_code != 200 or not response.headers.get("content-type", "").startswith("application/json"):
        return
    response.read()
    body = response.json()
    asked = f"{response.request.url.query.decode()} {response.request.content.decode(errors='replace')}"
    if not isinstance(body, dict) or "hits" not in body:
        return
    assert Answer.model_validate_json(response.content).model_dump(mode="json", by_alias=True) == body
    if any(order in asked for order in ("taken_at", "ingested_at", "box_area")):
        return
    for hits in (body["hits"], *(group["hits"] for group in body.get("groups", ()))):
        shown = [hit["relevance"] for hit in hits]
        numbers = [hit["score"] for hit in hits] if None in shown else shown
        assert None not in shown or set(shown) == {None}, shown
        assert all(above >= below for above, below in pairwise(numbers)), numbers
