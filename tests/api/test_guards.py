"""Keys, CORS and readiness."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from embedding_pipeline.domain import Missing
from embedding_pipeline.settings import ApiSettings, Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(api=ApiSettings(keys=("first", "zweiter-Schlüssel"), cors_origins=("https://page.example",)))


@pytest.mark.parametrize("path", ["/v1/collections", "/v1/nothing", "/v1", "/metrics"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic first"},
        {"X-API-Key": "firs"},
        {"X-API-Key": ""},
    ],
)
def test_without_a_key_nothing_is_told(client: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "denied")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer first"},
        {"authorization": "bearer first"},
        {"X-API-Key": "first"},
        {"X-API-Key": "zweiter-Schlüssel".encode()},
    ],
)
def test_any_of_the_keys_opens(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/v1/collections", headers=headers).status_code == 200
    assert client.get("/metrics", headers=headers).status_code == 200


def test_health_needs_no_key(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    assert client.get("/openapi.json").status_code == 200


def test_an_upload_without_a_key_is_not_stored(client: TestClient, world: World) -> None:
    assert client.post("/v1/detect", files={"file": picture_bytes()}).status_code == 401
    assert world.files() == set()


def test_origins_are_allowed_by_name_also_for_errors(client: TestClient) -> None:
    preflight = client.options(
        "/v1/collections/photos/search",
        headers={
            "Origin": "https://page.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-api-key",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://page.example"
    denied = client.get("/v1/collections", headers={"Origin": "https://page.example"})
    assert (denied.status_code, denied.headers["access-control-allow-origin"]) == (401, "https://page.example")
    foreign = client.get("/healthz", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in foreign.headers


def test_not_ready_says_what_is_missing_and_how_to_repair_it(world: World, client: TestClient) -> None:
    world.missing = [Missing("elasticsearch", "Elasticsearch does not answer.", "Run `boxlens es start`.")]
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["missing"] == [
        {"name": "elasticsearch", "detail": "Elasticsearch does not answer.", "repair": "Run `boxlens es start`."}
    ]
    assert client.get("/healthz").status_code == 200
