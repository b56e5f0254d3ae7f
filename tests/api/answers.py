"""What tests of the API expect of every refusal."""

from __future__ import annotations

from typing import Any


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The body of an answer after checking that it is the typed problem of the contract."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"urn:boxlens:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.text
    return body
