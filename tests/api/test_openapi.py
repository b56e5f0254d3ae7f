"""The OpenAPI document: whole, true to the committed file, and never answered with a server error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from tests.api.world import World

from embedding_pipeline.api.app import create_app, routes_only
from embedding_pipeline.api.openapi import document
from embedding_pipeline.stores.fetching import GuardedFetcher

COMMITTED = Path(__file__).parents[2] / "search-front" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")


def operations() -> list[tuple[str, dict[str, Any]]]:
    paths = routes_only().openapi()["paths"]
    return [
        (f"{method} {path}", entry[method]) for path, entry in paths.items() for method in METHODS if method in entry
    ]


def test_the_committed_document_is_the_current_one() -> None:
    repair = "python -m embedding_pipeline.api.openapi > search-front/openapi.json"
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


def test_bodies_have_examples_that_are_accepted(world: World) -> None:
    schemas = routes_only().openapi()["components"]["schemas"]
    for name in ("Query", "Filter", "CollectionSpec", "ImagePatch", "FacetQuery"):
        assert schemas[name]["examples"], name


def _no_names(host: str, port: int) -> list[str]:
    raise OSError("these tests leave the network alone")


def _world_with_pictures() -> World:
    world = World()
    world.fetcher = GuardedFetcher(world.settings.fetch, 1000, resolve=_no_names)
    for seed in range(3):
        world.add(seed, caption="两只狗 dog", tags=("a",))
    return world


schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(_world_with_pictures()))


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_request_made_from_the_document_is_a_server_error(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=[not_a_server_error])
