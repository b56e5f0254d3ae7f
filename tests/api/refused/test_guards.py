"""Keys, CORS and readiness."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from boxlens.domain.reports import Missing
from boxlens.settings import ApiSettings, Settings


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


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics%0a", "/metrics/", "/metrics%20", "/v1%0a", "/v1/", "/V1/collections"]
)
def test_a_path_that_differs_from_the_routers_opens_nothing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


FOREIGN = {"Origin": "http://evil.example"}
FORGED = [
    ("GET", "/v1/collections"),
    ("POST", "/v1/detect"),
    ("POST", "/v1/collections/c/search"),
    ("DELETE", "/v1/collections/c/images/0"),
    ("POST", "/v1/collections/c/images/0/restore"),
    ("GET", "/metrics"),
    ("GET", "/healthz"),
]


@pytest.mark.parametrize(("method", "path"), FORGED)
def test_a_foreign_page_is_refused_before_a_key_is_asked_for(client: TestClient, method: str, path: str) -> None:
    refused = client.request(method, path, headers=FOREIGN)
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_not_allowed")
    assert "BOXLENS_API__CORS_ORIGINS" in refused.json()["hint"]
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(("method", "path"), FORGED)
def test_a_rebound_name_is_refused(client: TestClient, method: str, path: str) -> None:
    refused = client.request(method, path, headers={"Host": "evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "host_not_allowed")
    assert "BOXLENS_API__ALLOWED_HOSTS" in refused.json()["hint"]


def test_a_page_holding_a_key_and_an_allowed_one_are_answered(client: TestClient) -> None:
    key = {"X-API-Key": "first"}
    assert client.get("/v1/collections", headers=FOREIGN | key).status_code == 200
    allowed = client.get("/v1/collections", headers={"Origin": "https://page.example"} | key)
    assert allowed.headers["access-control-allow-origin"] == "https://page.example"
