"""minio-proxy over an S3 server that stumbles: what is asked again, how often, and what comes out."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.samples.pictures import quarters, saved
from tests.servers import live
from tests.servers.stumbling_s3 import Stumble, StumblingS3, stumbling_s3

from boxlens.domain.errors import ProxyAway
from boxlens.objectstore.proxy_client import ProxyStore
from minio_proxy.app import create_app
from minio_proxy.settings import ProxySettings

PATH = "/photos/a.bin"
BODY = bytes(range(256)) * 4000
"""A megabyte: several pieces of an answer."""


@pytest.fixture(scope="module")
def server() -> Iterator[StumblingS3]:
    with stumbling_s3() as server:
        yield server


@pytest.fixture
def s3(server: StumblingS3) -> StumblingS3:
    server.stumbles, server.requests, server.retry_after = {}, [], ""
    return server


@pytest.fixture(scope="module")
def proxy(server: StumblingS3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("proxy")
    settings = ProxySettings(
        root=folder / "root",
        cache=folder / "cache",
        backend="s3",
        s3_endpoint=server.url,
        s3_access_key="a",
        s3_secret_key="b" * 8,
        s3_region="us-east-1",
    )
    with live.serving(create_app(settings)) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD"])
@pytest.mark.parametrize("stumble", [429, 500, 502, 503, 504, "reset"])
def test_what_passes_is_asked_again(s3: StumblingS3, proxy: httpx.Client, method: str, stumble: Stumble) -> None:
    s3.objects[PATH] = BODY
    s3.stumbles[method] = [stumble]
    answer = proxy.request(method, f"/file{PATH}", content=BODY[::-1] if method == "PUT" else None)
    assert answer.status_code == (201 if method == "PUT" else 200)
    assert s3.objects[PATH] == (BODY[::-1] if method == "PUT" else BODY)
    assert answer.content == BODY or method != "GET"


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_what_stays_is_told_after_a_few_times(s3: StumblingS3, proxy: httpx.Client, method: str) -> None:
    s3.objects[PATH] = BODY
    s3.stumbles = {method: [503] * 50}
    answer = proxy.request(method, f"/file{PATH}", content=BODY if method == "PUT" else None)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_away")
    assert sum(asked == method for asked, _ in s3.requests) <= 6


def test_an_answer_that_is_cut_goes_on_where_it_ended(s3: StumblingS3, proxy: httpx.Client) -> None:
    s3.objects[PATH] = BODY
    s3.stumbles = {"GET": ["cut", "cut"]}
    assert proxy.get(f"/file{PATH}").content == BODY
    starts = [int(part[6:].partition("-")[0]) for method, part in s3.requests if method == "GET"]
    assert len(starts) == 3
    assert 0 < starts[1] <= len(BODY) // 2 < starts[2]
    s3.stumbles = {"GET": ["cut"]}
    part = proxy.get(f"/file{PATH}", headers={"Range": "bytes=100-899"})
    assert (part.status_code, part.content) == (206, BODY[100:900])


def test_an_answer_that_is_always_cut_ends_as_one_that_is_cut(s3: StumblingS3, proxy: httpx.Client) -> None:
    s3.objects[PATH] = BODY
    s3.stumbles = {"GET": ["cut"] * 50}
    with pytest.raises(httpx.RemoteProtocolError):
        proxy.get(f"/file{PATH}")
    assert len(s3.requests) <= 6
    store = ProxyStore(str(proxy.base_url), pause_s=0)
    with pytest.raises(ProxyAway):
        store.get("photos", "a.bin")
    store.close()


def test_a_version_that_changes_while_it_is_read_is_not_sewn_together(s3: StumblingS3, proxy: httpx.Client) -> None:
    """What goes on is asked for by its ETag; a server that has another version by then refuses."""
    s3.objects[PATH] = BODY
    s3.stumbles = {"GET": ["cut", 412]}
    with pytest.raises(httpx.RemoteProtocolError):
        proxy.get(f"/file{PATH}")


def test_thumbnails_are_made_of_whole_pictures(s3: StumblingS3, proxy: httpx.Client) -> None:
    s3.objects["/photos/a.jpg"] = saved(quarters(800, 600), "JPEG")
    s3.stumbles = {"GET": ["cut", "reset", 503], "HEAD": [429]}
    answer = proxy.get("/file/photos/a.jpg", params={"w": 320})
    assert answer.status_code == 200, answer.text


def test_no_server_makes_us_wait_for_an_hour(s3: StumblingS3, proxy: httpx.Client) -> None:
    """The wait that it asks for counts for a few seconds at most: the client's own time is over at thirty."""
    s3.objects[PATH] = BODY
    s3.retry_after = "3600"
    s3.stumbles = {"GET": [503]}
    assert proxy.get(f"/file{PATH}").content == BODY
