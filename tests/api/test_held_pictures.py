"""A picture of a request is let go with its answer, and who finds no memory is told to come again."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient
from tests.api.world import World, first_object, picture_bytes
from tests.memory import all_memory_held

from picture_decoding import process_budget

Ask = Callable[[TestClient, World], httpx.Response]
IMAGES, SEARCH = "/v1/collections/photos/images", "/v1/collections/photos/search"


def file(data: bytes = b"") -> dict[str, tuple[str, bytes, str]]:
    return {"file": ("a.png", data or picture_bytes(77), "image/png")}


def uploaded(client: TestClient) -> str:
    upload_id: str = client.post("/v1/detect", files=file()).raise_for_status().json()["upload_id"]
    return upload_id


ROUTES: dict[str, Ask] = {
    "looked at": lambda client, world: client.post("/v1/detect", files=file()),
    "looked at again": lambda client, world: client.get(f"/v1/uploads/{uploaded(client)}"),
    "taken in": lambda client, world: client.post(IMAGES, files=file()),
    "searched with": lambda client, world: client.post(f"{SEARCH}/image", files=file()),
    "of a clause": lambda client, world: client.post(
        SEARCH, json={"clauses": [{"upload_id": uploaded(client)}, {"upload_id": uploaded(client)}]}
    ),
    "counted by": lambda client, world: client.post(
        "/v1/collections/photos/facets", json={"clauses": [{"upload_id": uploaded(client)}]}
    ),
    "corrected": lambda client, world: client.patch(
        f"{IMAGES}/{(made := world.add(5))}/objects/{first_object(made).rpartition('-')[2]}",
        json={"box": [20, 20, 70, 60]},
    ),
}
BAD = {"cut": picture_bytes(3)[:-200], "empty": b" ", "no picture": b"x" * 99}


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("route", ROUTES)
def test_a_picture_is_let_go_with_the_answer(client: TestClient, world: World, route: str) -> None:
    before = process_budget.used
    answer = ROUTES[route](client, world)
    assert answer.is_success, answer.text
    assert process_budget.used <= before


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("path", ["/v1/detect", IMAGES, f"{SEARCH}/image"])
def test_so_is_one_that_is_refused(client: TestClient, path: str, kind: str) -> None:
    before = process_budget.used
    assert 400 <= client.post(path, files=file(BAD[kind])).status_code < 500
    assert process_budget.used <= before


@pytest.mark.parametrize("path", ["/v1/detect", IMAGES, f"{SEARCH}/image"])
def test_who_finds_no_memory_is_told_to_come_again(
    client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_budget, "wait_s", 0.05)
    with all_memory_held():
        answer = client.post(path, files=file())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert client.post(path, files=file()).is_success


def test_pictures_of_one_query_that_do_not_fit_together_are_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = uploaded(client)
    clauses = [{"upload_id": upload_id}] * 4
    assert client.post(SEARCH, json={"clauses": clauses}).is_success
    monkeypatch.setattr(process_budget, "limit", process_budget.used + 8 * 2**20 + 5 * len(picture_bytes(77)) + 160_000)
    assert client.post(SEARCH, json={"clauses": clauses[:1]}).is_success
    answer = client.post(SEARCH, json={"clauses": clauses})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
