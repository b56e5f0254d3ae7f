"""The OpenAPI document: whole, true to the committed file, and never answered with a server error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from tests.api.world import World, first_object, proxy_in_process

from embedding_pipeline.api.app import create_app, routes_only
from embedding_pipeline.api.openapi import document

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


def test_bodies_have_examples() -> None:
    schemas = routes_only().openapi()["components"]["schemas"]
    for name in ("Query", "Filter", "CollectionSpec", "ImagePatch", "FacetQuery"):
        assert schemas[name]["examples"], name


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[schemathesis.BaseSchema, dict[str, str]]]:
    """The document as served over a world with a few pictures, and the path parameters of what is there."""
    with proxy_in_process(tmp_path_factory.mktemp("proxy")) as transport:
        world = World(transport)
        world.index.create("photos", world.pack)
        ids = [world.add(seed, caption="two dogs", tags=("a",)) for seed in range(3)]
        stored = {"collection": "photos", "image_id": ids[0], "object_id": first_object(ids[0])}
        yield schemathesis.openapi.from_asgi("/openapi.json", create_app(world)), stored


@pytest.mark.parametrize("mode", list(GenerationMode), ids=["fitting", "unfitting"])
@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_no_request_made_from_the_document_is_a_server_error(
    served: tuple[schemathesis.BaseSchema, dict[str, str]], name: str, mode: GenerationMode
) -> None:
    method, path = name.split(" ")
    schema, stored = served
    operation = schema[path][method.upper()]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
        return  # nothing that could be wrong

    known: dict[str, str] | None = None
    if mode is GenerationMode.POSITIVE and name != "delete /v1/collections/{collection}":
        known = {key: value for key, value in stored.items() if f"{{{key}}}" in path}  # else all it meets is 404

    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=known or None))
    @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def requests(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=[not_a_server_error])

    requests()
