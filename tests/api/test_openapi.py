"""The OpenAPI document: whole, true to the committed file, and never answered with a server error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from tests.api.made_requests import Served, operations, requests_of, serving_pictures
from tests.checkout import ROOT

from boxlens.api.app import routes_only
from boxlens.api.openapi import document

COMMITTED = ROOT / "search-front" / "openapi.json"


def test_the_committed_document_is_the_current_one() -> None:
    repair = "python -m boxlens.api.openapi > search-front/openapi.json"
    assert COMMITTED.read_text(encoding="utf-8") == document(), f"out of date, run: {repair}"


@pytest.mark.parametrize(("name", "operation"), operations(), ids=[name for name, _ in operations()])
def test_every_operation_says_what_it_does_and_how_it_fails(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["operationId"].isidentifier()
    failures = {status: answer for status, answer in operation["responses"].items() if int(status) >= 400}
    assert failures or name in ("get /healthz",)
    for answer in failures.values():
        assert list(answer["content"]) == ["application/problem+json"]
    if "/v1/" in name:
        assert "401" in failures
    takes_input = operation.get("parameters") or operation.get("requestBody")
    assert not takes_input or "422" in failures
    for parameter in operation.get("parameters", []):
        assert parameter["schema"]["type" if "type" in parameter["schema"] else "anyOf"]


def test_operation_ids_are_unique_and_references_resolve() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(ids) == len(set(ids))
    text = document()
    schemas = json.loads(text)["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)
    assert {"Query", "Answer", "Problem"} <= named | {"Query", "Answer"} & set(schemas)


def test_bodies_have_examples() -> None:
    schemas = routes_only().openapi()["components"]["schemas"]
    for name in ("Query", "Filter", "CollectionSpec", "ImagePatch", "FacetQuery"):
        assert schemas[name]["examples"], name


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_pictures(tmp_path_factory.mktemp("proxy")) as served:
        yield served


@pytest.mark.parametrize("mode", list(GenerationMode), ids=["fitting", "unfitting"])
@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_no_request_made_from_the_document_is_a_server_error(served: Served, name: str, mode: GenerationMode) -> None:
    made = requests_of(served, name, mode)
    if made is None:
        return

    @given(case=made)
    @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def requests(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=[not_a_server_error])

    requests()
