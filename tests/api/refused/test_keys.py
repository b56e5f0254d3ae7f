"""Keys with roles and limits at the API, the page signed in by one, and what is noted of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from boxlens.access.keys import COOKIE, KeyFile
from boxlens.api.app import create_app
from boxlens.api.middleware.access import Hourly
from boxlens.settings import Settings

C = "/v1/collections/photos"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def keys(settings: Settings) -> KeyFile:
    return KeyFile(settings.data_dir)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def log_of(settings: Settings) -> list[dict[str, object]]:
    file = settings.data_dir / "audit.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_from_the_first_key_on_one_is_asked_for_by_a_server_that_runs(client: TestClient, keys: KeyFile) -> None:
    assert client.get(C).status_code == 200
    key = keys.make("anna", "read")
    assert client.get(C).status_code == 401
    assert client.get(C, headers=bearer(key)).status_code == 200
    keys.revoke("anna")
    assert client.get(C, headers=bearer(key)).status_code == 401
    assert client.get(C).status_code == 401


@pytest.mark.parametrize(("role", "allowed"), [("read", 2), ("write", 5), ("admin", 7)])
def test_a_role_may_do_its_own_and_what_is_below(
    client: TestClient, world: World, keys: KeyFile, role: str, allowed: int
) -> None:
    stored = world.add(1)
    key = keys.make("anna", role)  # type: ignore[arg-type]
    requests = [
        client.build_request("GET", f"{C}/images/{stored}"),
        client.build_request("POST", f"{C}/search", json={"clauses": [{"text": "dog"}]}),
        client.build_request("POST", f"{C}/images", files={"file": picture_bytes(5)}),
        client.build_request("PATCH", f"{C}/images/{stored}", json={"caption": "x"}),
        client.build_request("DELETE", f"{C}/images/{stored}"),
        client.build_request("PUT", "/v1/collections/more"),
        client.build_request("DELETE", C),
    ]
    answers = []
    for request in requests:
        request.headers.update(bearer(key))
        answers.append(client.send(request))
    assert [answer.status_code < 300 for answer in answers] == [number < allowed for number in range(7)]
    for answer in answers[allowed:]:
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert "boxlens keys make" in answer.json()["hint"]
    if role == "write":
        assert answers[3].json()["caption"] == "x"


def test_edits_are_recorded_under_the_name_of_the_key(client: TestClient, world: World, keys: KeyFile) -> None:
    stored = world.add(1)
    key = keys.make("anna", "write")
    client.patch(f"{C}/images/{stored}", json={"tags": ["x"]}, headers=bearer(key)).raise_for_status()
    (edit,) = world.writer.records.get("photos", world.pack, stored).edits
    assert (edit.field, edit.by) == ("tags", "anna")


def test_a_key_over_its_limit_is_told_when_to_come_again_and_others_are_not_held(
    client: TestClient, keys: KeyFile
) -> None:
    limited, free = keys.make("anna", "read", per_minute=3), keys.make("bob", "read")
    statuses = [client.get(C, headers=bearer(limited)).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    answer = client.get(C, headers=bearer(limited))
    assert answer.json()["code"] == "busy"
    assert 1 <= int(answer.headers["retry-after"]) <= 21
    assert client.get(C, headers=bearer(free)).status_code == 200


def test_what_a_key_may_not_do_counts_against_its_limit(client: TestClient, keys: KeyFile) -> None:
    limited = keys.make("anna", "read", per_minute=1)
    assert [client.delete(C, headers=bearer(limited)).status_code for _ in range(2)] == [403, 429]


def test_the_page_is_signed_in_by_a_cookie_that_no_script_reads(client: TestClient, keys: KeyFile) -> None:
    key = keys.make("anna", "write")
    assert client.post("/v1/session").status_code == 401
    signed = client.post("/v1/session", headers=bearer(key))
    assert signed.status_code == 204
    cookie = signed.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/v1" in cookie
    assert client.get(C).status_code == 200
    foreign = client.post(f"{C}/images", headers={"Origin": "http://evil.example"}, files={"file": picture_bytes()})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "origin_not_allowed")
    keys.revoke("anna")
    assert client.get(C).status_code == 401
    client.cookies.set(COOKIE, key, path="/v1")
    assert client.delete("/v1/session", headers=bearer(keys.make("bob", "read"))).status_code == 204


def test_changes_refusals_and_the_use_of_keys_are_noted(
    client: TestClient, world: World, keys: KeyFile, settings: Settings
) -> None:
    stored = world.add(1)
    key, reader = keys.make("anna", "write"), keys.make("bob", "read")
    for _ in range(3):
        client.get(C, headers=bearer(key))
    client.get(C, headers=bearer("bxl_wrong"))
    client.delete(f"{C}/images/{stored}", headers=bearer(reader))
    client.delete(f"{C}/images/{stored}", headers=bearer(key))
    events = [(line["event"], line["by"]) for line in log_of(settings)]
    assert events == [("key_used", "anna"), ("refused", ""), ("forbidden", "bob"), ("change", "anna")]
    change = log_of(settings)[-1]
    assert (change["method"], change["path"], change["status"]) == ("DELETE", f"{C}/images/{stored}", 204)
    assert key not in (settings.data_dir / "audit.jsonl").read_text()


def test_refusals_do_not_push_changes_out_of_the_log(
    world: World, keys: KeyFile, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boxlens.api.middleware.access.REFUSALS_NOTED", 5)
    reader = keys.make("anna", "read")
    with TestClient(create_app(world), base_url="http://localhost") as client:
        for number in range(10):
            client.get(C, headers=bearer(f"bxl_{number}"))
            client.delete(C, headers=bearer(reader))
    assert [line["event"] for line in log_of(settings)] == ["refused", "forbidden", "refused", "forbidden", "refused"]


def test_the_hour_of_refusals_begins_with_the_first() -> None:
    hourly = Hourly(2)
    assert [hourly.lets(now) for now in (50.0, 60.0, 70.0, 3649.0, 3650.0, 3651.0, 3652.0)] == [
        *(True, True, False, False),
        *(True, True, False),
    ]


def test_a_damaged_file_of_keys_opens_nothing_and_health_goes_on(client: TestClient, keys: KeyFile) -> None:
    keys.make("anna", "read")
    keys.path.write_text("{")
    answer = client.get(C)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert str(keys.path.parent) not in answer.text
    assert client.get("/healthz").status_code == 200
