"""Long answers travel compressed, to whoever can read that; pictures and short answers as they are."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from boxlens.api.app import create_app
from boxlens.api.middleware.compression import WORTH_COMPRESSING

SEARCH = "/v1/collections/photos/search"
EVERYTHING = {"filter": {"area_share": {"gte": 0}}}


@pytest.fixture
def filled(world: World) -> Iterator[TestClient]:
    """Three pictures, asked for by a client that reads no answer before the test does."""
    with TestClient(create_app(world), base_url="http://localhost") as client:
        for seed in range(3):
            files = {"file": (f"{seed}.png", picture_bytes(seed), "image/png")}
            assert client.post("/v1/collections/photos/images", files=files).status_code == 201
        yield client


def raw_answer(client: TestClient, method: str, path: str, accepts: str, **more: Any) -> tuple[Any, bytes]:
    """Headers and bytes as they travelled."""
    with client.stream(method, path, headers={"accept-encoding": accepts}, **more) as answer:
        return answer.headers, b"".join(answer.iter_raw())


def test_an_answer_is_compressed_for_whoever_takes_that(filled: TestClient) -> None:
    plain_headers, plain = raw_answer(filled, "POST", SEARCH, "identity", json=EVERYTHING)
    headers, small = raw_answer(filled, "POST", SEARCH, "br, gzip", json=EVERYTHING)
    assert len(plain) > WORTH_COMPRESSING
    assert (headers["content-encoding"], headers["content-length"]) == ("gzip", str(len(small)))
    assert len(small) < len(plain) / 2
    assert json.loads(gzip.decompress(small))["hits"] == json.loads(plain)["hits"]
    assert "content-encoding" not in plain_headers
    assert headers["vary"] == plain_headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepts", ["", "identity", "br", "gzip;q=0", "br, gzip; q=0.0, deflate", "xgzip"])
def test_who_does_not_take_gzip_gets_none(filled: TestClient, accepts: str) -> None:
    assert "content-encoding" not in raw_answer(filled, "POST", SEARCH, accepts, json=EVERYTHING)[0]


@pytest.mark.parametrize("accepts", ["gzip", "GZIP", "gzip;q=0.5", "*", "deflate,gzip", "br , gzip ; q=1.0"])
def test_who_takes_gzip_in_any_spelling_gets_it(filled: TestClient, accepts: str) -> None:
    headers, small = raw_answer(filled, "POST", SEARCH, accepts, json=EVERYTHING)
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(small)


def test_short_answers_and_archives_pass_as_they_are(filled: TestClient) -> None:
    assert "content-encoding" not in raw_answer(filled, "GET", "/healthz", "gzip")[0]
    ids = [hit["image_id"] for hit in filled.post(SEARCH, json=EVERYTHING).json()["hits"]]
    asked = {"image_ids": ids, "format": "zip"}
    headers, archive = raw_answer(filled, "POST", "/v1/collections/photos/selection/export", "gzip", json=asked)
    assert "content-encoding" not in headers
    assert archive.startswith(b"PK")


def test_a_long_problem_is_compressed_and_read_all_the_same(filled: TestClient) -> None:
    answer = filled.post(SEARCH, json={"clauses": [{"text": "x", "weight": "no"}] * 32})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["code"] == "bad_input"


def test_a_very_long_answer_is_compressed_beside_others(world: World) -> None:
    app = create_app(world)

    @app.get("/long")
    def long() -> dict[str, str]:
        return {"text": "long " * 100_000}

    with TestClient(app, base_url="http://localhost") as client:
        answer = client.get("/long")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["text"]) == 500_000
