"""The built page, served beside the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.world import InProcess, World

from boxlens.api.app import create_app


@pytest.fixture
def page(tmp_path: Path, world: World) -> Iterator[TestClient]:
    (tmp_path / "secret.txt").write_text("outside")
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Boxlens</title>")
    (dist / "assets" / "app-1a2b3c.js").write_text("export {}")
    (dist / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with TestClient(create_app(world, page_dir=dist), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/search", "/images/12", "/search?q=dog", "/%E5%9B%BE", "/v2", "/documents"])
def test_the_page_stands_behind_every_path_that_is_no_file(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert "<title>Boxlens" in answer.text


def test_the_policy_lets_no_foreign_or_inline_script_run(page: TestClient) -> None:
    policy = dict(part.split(" ", 1) for part in page.get("/").headers["content-security-policy"].split("; "))
    assert policy["script-src"] == "'self'"
    assert "http://pictures.test" in policy["img-src"].split()
    assert "http://pictures.test" in policy["media-src"].split()  # videos of which frames are stored
    assert policy["frame-ancestors"] == "'none'"
    assert page.get("/").headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("called", "listening", "pictures", "sent_to"),
    [
        ("localhost:8080", "127.0.0.1", "http://127.0.0.1:10086", "http://127.0.0.1:8080"),
        ("LOCALHOST", "127.0.0.1", "http://127.0.0.1:10086", "http://127.0.0.1"),
        ("localhost:8080", "::1", "http://[::1]:10086", "http://[::1]:8080"),
        ("127.0.0.1:8080", "127.0.0.1", "http://127.0.0.1:10086", None),
        ("localhost:8080", "127.0.0.1", "http://localhost:10086", None),
        ("localhost:8080", "127.0.0.1", "https://pictures.example", None),
        ("localhost:8080", "172.17.0.2", "http://127.0.0.1:10086", None),
        ("localhost:", "127.0.0.1", "http://127.0.0.1:10086", None),
        ("localhost:123456", "127.0.0.1", "http://127.0.0.1:10086", None),
    ],
)
def test_a_page_called_localhost_opens_where_pictures_come_from(
    transport: InProcess, tmp_path: Path, called: str, listening: str, pictures: str, sent_to: str | None
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>Boxlens</title>")
    (tmp_path / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    site = f"http://[{listening}]" if ":" in listening else f"http://{listening}"
    with closing(World(transport, proxy=pictures)) as world:
        app = create_app(world, page_dir=tmp_path)
        with TestClient(app, base_url=site, headers={"host": called}, follow_redirects=False) as client:
            answer = client.get("/a%20b?q=%E7%8B%97&f=label%3Adog")
            others = {client.get(path).status_code for path in ("/v1/collections", "/favicon.svg")}
    assert others == {200}
    assert answer.status_code == (200 if sent_to is None else 307)
    assert answer.headers.get("location") == (sent_to and f"{sent_to}/a%20b?q=%E7%8B%97&f=label%3Adog")


def test_hashed_files_are_kept_for_long(page: TestClient) -> None:
    answer = page.get("/assets/app-1a2b3c.js")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert page.get("/favicon.svg").headers["cache-control"] == "no-cache"
    assert page.get("/assets/app-old.js").status_code == 404


def test_a_path_longer_than_any_file_has_is_not_looked_up(page: TestClient, tmp_path: Path) -> None:
    for count, there in ((3, True), (6, False)):
        folder = tmp_path.joinpath("dist", *["a" * 200] * count)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "b.txt").write_text("far down")
        assert (page.get("/" + f"{'a' * 200}/" * count + "b.txt").text == "far down") is there


def test_script_travels_compressed_to_whoever_can_read_it(page: TestClient, tmp_path: Path) -> None:
    (tmp_path / "dist" / "assets" / "big-9z.js").write_text("export const a = 1\n" * 1000)
    plain = page.get("/assets/big-9z.js", headers={"accept-encoding": "identity"})
    small = page.get("/assets/big-9z.js")
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert "content-encoding" not in plain.headers
    assert small.content == plain.content
    assert "immutable" in small.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/%00"]
)
def test_nothing_outside_the_folder_is_served(page: TestClient, path: str) -> None:
    assert "outside" not in page.get(path).text


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing"])
def test_unknown_routes_of_the_api_stay_problems(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert page.get("/v1/collections").status_code == 200
    assert page.get("/openapi.json").json()["openapi"].startswith("3.1")
    assert page.get("/docs").status_code == 200


def test_the_page_is_only_read(page: TestClient) -> None:
    assert page.post("/search").json()["code"] == "not_found"
    assert page.put("/v1/collections/photos/search").json()["code"] == "method_not_allowed"
    assert page.head("/").status_code == 200
    assert page.head("/").content == b""
