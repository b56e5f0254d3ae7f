"""A hostile page in a real browser: whatever it tries on the services of this machine, nothing gets through.

The same page first does each thing to a service without any guard, which shows that the browser does send it. A name
that is rebound to this machine is made by the browser's own resolver rules.
"""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Frame, Page, Playwright, Response, Route
from tests.api.world import World, picture_bytes
from tests.e2e.conftest import FLAGS

from boxlens.api.app import create_app
from boxlens.index.elasticsearch.client import connect
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.library.deletion import delete_image
from boxlens.servers import embedded_proxy
from boxlens.settings import ElasticsearchSettings, Settings

Action = tuple[str, str, Any, str]
UNGUARDED = "--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessSendPreflights"
"""This Chromium asks before a page may reach a local address. Not every browser does, so that is switched off."""

EVIL, REBOUND = "evil.test", "rebound.test"
COLLECTION, PREFIX = "hostile", "hostile"

SCRIPT = """
async ({ method, url, body, mode }) => {
  const form = () => {
    const filled = new FormData()
    filled.append("file", new Blob([new Uint8Array(body)], { type: "image/png" }), "x.png")
    return filled
  }
  try {
    const answer = await fetch(url, { method, mode, body: Array.isArray(body) ? form() : body ?? undefined })
    return { type: answer.type, status: answer.status, text: await answer.text() }
  } catch (error) { return { type: "error", status: 0, text: "" } }
}
"""

IMAGE = """
([url, read]) => new Promise(done => {
  const image = new Image()
  if (read) image.crossOrigin = "anonymous"
  image.onload = () => done(image.naturalWidth)
  image.onerror = () => done(0)
  image.src = url
})
"""


class Open(BaseHTTPRequestHandler):
    """A service without a guard: it answers everything and notes what came."""

    came: list[str]

    def answer(self) -> None:
        self.came.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = picture_bytes()
        self.send_response(200)
        self.send_header("content-type", "image/png")
        self.send_header("content-length", str(len(body)))
        for name in ("origin", "methods", "headers"):
            self.send_header(
                f"access-control-allow-{name}", "*" if name != "methods" else "GET, PUT, POST, PATCH, DELETE"
            )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = answer  # noqa: N815 - names of the library

    def log_message(self, format: str, *args: Any) -> None:
        """Libraries do not print."""


@dataclass(frozen=True)
class Target:
    """What is attacked: the addresses of the three services, and an image that stands and one that was deleted."""

    world: World
    api: str
    proxy: str
    elasticsearch: str
    image: str
    deleted: str

    @property
    def key(self) -> str:
        """Of the image's bytes in the object store."""
        return self.world.index.stored(COLLECTION, [self.image])[self.image].image.image_key

    def state(self) -> dict[str, object]:
        """Everything that an attack could have changed."""
        index = self.world.index
        return {
            "collections": [info.name for info in index.collections()],
            "image": [obj.object_id for obj in index.image(COLLECTION, self.image)],
            "record": index.stored(COLLECTION, [self.image])[self.image].image,
            "deleted": index.stored(COLLECTION, [self.deleted]),
            "images": index.info(COLLECTION).images,
            "files": {
                (bucket, key)
                for bucket in ("pictures", "uploads", "trash", "records", "loot")
                for key in self.world.store.keys(bucket)
            },
            "open": httpx.get(f"{self.elasticsearch}/_cat/indices?h=status", trust_env=False).text.split(),
        }


@pytest.fixture(scope="module")
def hostile_browser(playwright: Playwright) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Debian's chromium is not installed")
    rules = f"--host-resolver-rules=MAP {EVIL} 127.0.0.1, MAP {REBOUND} 127.0.0.1"
    browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, rules, UNGUARDED])
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def unguarded() -> Iterator[tuple[str, list[str]]]:
    """The address of a service without a guard, and what came to it."""
    handler = type("Handler", (Open,), {"came": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler.came  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def target(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The API over the embedded Elasticsearch and a minio-proxy of its own; only the networks are small."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("hostile"))
    client = connect(elasticsearch_url, ElasticsearchSettings())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with embedded_proxy(settings, 0, page_port=port) as proxy:  # as `serve` starts it
            index = ElasticsearchIndex(client, prefix=PREFIX)
            world = World(None, settings, index, proxy=proxy)  # type: ignore[arg-type]  # the real way
            world.writer.create(COLLECTION, world.pack)
            image, deleted = (world.add(seed, collection=COLLECTION) for seed in (71, 72))
            delete_image(world, COLLECTION, deleted)
            with serving_on(listening, create_app(world)):
                yield Target(world, f"http://127.0.0.1:{port}", proxy, elasticsearch_url, image, deleted)
            world.writer.drop(COLLECTION)
            world.close()
    client.close()


@contextmanager
def serving_on(listening: socket.socket, app: FastAPI) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)


def filled(path: str, target: Target) -> str:
    return path.format(image=target.image, deleted=target.deleted, key=target.key)


@dataclass(frozen=True)
class Attacker:
    """A page, and the document in it whose script attacks."""

    page: Page
    document: Page | Frame

    def send(self, method: str, url: str, body: Any = None, *, mode: str = "no-cors") -> dict[str, Any]:
        """What the script gets to see of an answer."""
        request = {"method": method, "url": url, "body": body, "mode": mode}
        answer: dict[str, Any] = self.document.evaluate(SCRIPT, request)
        return answer

    def reached(self, base: str, actions: dict[str, Action], target: Target) -> list[str]:
        """Those of the actions whose answer the script could read, or that were answered with success."""
        through = []
        for name, (method, path, body, mode) in actions.items():
            statuses: list[int] = []

            def note(response: Response, noted: list[int] = statuses) -> None:
                noted.append(response.status)

            self.page.on("response", note)
            answer = self.send(method, base + filled(path, target), body, mode=mode)
            self.page.remove_listener("response", note)
            if answer["status"] in range(200, 400) or any(status < 400 for status in statuses):
                through.append(name)
        return through


def attacker(browser: Browser, address: str) -> Attacker:
    """A page under an address of the attacker's choice, of which only the page itself comes from the attacker; "null"
    is a document without an origin."""
    page = browser.new_context().new_page()
    page.set_default_timeout(20_000)
    base = f"http://{EVIL}" if address == "null" else address

    def serve(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<!doctype html><title>kittens</title>")

    page.route(f"{base}/kittens", serve)
    page.goto(f"{base}/kittens")
    if address != "null":
        return Attacker(page, page)
    page.set_content('<iframe sandbox="allow-scripts" srcdoc="<title>kittens</title>"></iframe>')
    (document,) = page.frames[1:]
    document.wait_for_load_state()
    return Attacker(page, document)


PICTURE = list(picture_bytes(73))

# what the page tries, of each service: method, path, body, mode; {} are filled in from the target
API_ACTIONS: dict[str, Action] = {
    "read all collections": ("GET", "/v1/collections", None, "cors"),
    "search": ("GET", f"/v1/collections/{COLLECTION}/search?q=dog", None, "cors"),
    "upload": ("POST", f"/v1/collections/{COLLECTION}/images", PICTURE, "no-cors"),
    "restore": ("POST", f"/v1/collections/{COLLECTION}/images/{{deleted}}/restore", None, "no-cors"),
    "delete": ("DELETE", f"/v1/collections/{COLLECTION}/images/{{image}}", None, "cors"),
    "describe": ("PATCH", f"/v1/collections/{COLLECTION}/images/{{image}}", '{"caption": "mine"}', "cors"),
    "detect": ("POST", "/v1/detect", PICTURE, "no-cors"),
}
PROXY_ACTIONS: dict[str, Action] = {
    "list buckets": ("GET", "/file", None, "cors"),
    "list pictures": ("GET", "/file/pictures", None, "cors"),
    "store": ("POST", "/file/loot/x.png", PICTURE, "no-cors"),
    "remove": ("DELETE", "/file/pictures/{key}", None, "cors"),
}
INDEX_ACTIONS: dict[str, Action] = {
    "close the index": ("POST", f"/{PREFIX}-{COLLECTION}/_close", None, "no-cors"),
    "delete the index": ("DELETE", f"/{PREFIX}-{COLLECTION}-*", None, "cors"),
    "read the index": ("GET", "/_search", None, "cors"),
}


@pytest.mark.parametrize("origin", [f"http://{EVIL}", "http://127.0.0.1:41999", "null", f"http://{REBOUND}"])
def test_a_service_without_a_guard_is_reached_by_every_action(
    hostile_browser: Browser, unguarded: tuple[str, list[str]], target: Target, origin: str
) -> None:
    """The control: what fails below does not fail because the browser holds it back."""
    address, came = unguarded
    if origin == f"http://{REBOUND}":
        origin = address = f"{origin}:{urlsplit(address).port}"
    page = attacker(hostile_browser, origin)
    actions = API_ACTIONS | PROXY_ACTIONS | INDEX_ACTIONS
    assert page.reached(address, actions, target) == list(actions)
    assert {line.split()[0] for line in came} >= {"GET", "POST", "DELETE", "PATCH"}
    assert page.document.evaluate(IMAGE, [f"{address}/picture.png", True]) > 0


@pytest.mark.parametrize("origin", [f"http://{EVIL}", "http://127.0.0.1:41999", "null"], ids=["site", "port", "none"])
def test_a_page_of_another_origin_gets_nothing_and_changes_nothing(
    hostile_browser: Browser, target: Target, origin: str
) -> None:
    """Another site, another port of the same address, and a document without an origin."""
    before = target.state()
    page = attacker(hostile_browser, origin)
    assert page.reached(target.api, API_ACTIONS, target) == []
    assert page.reached(target.proxy, PROXY_ACTIONS, target) == []
    port = urlsplit(target.elasticsearch).port
    for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0"):
        assert page.reached(f"http://{host}:{port}", INDEX_ACTIONS, target) == []
    thumbnail = f"{target.proxy}/file/pictures/{target.key}?w=320"
    assert httpx.get(thumbnail, trust_env=False).status_code == 200
    assert page.document.evaluate(IMAGE, [thumbnail, True]) == 0
    # a page of another port of this address may show a picture, as ours does, and no script of it can read one
    assert "127.0.0.1" in origin or page.document.evaluate(IMAGE, [thumbnail, False]) == 0
    assert target.state() == before


def test_a_form_that_is_sent_by_itself_changes_nothing(hostile_browser: Browser, target: Target) -> None:
    """A form is a navigation: no script reads its answer, and it needs none."""
    before = target.state()
    for url in (
        f"{target.api}/v1/collections/{COLLECTION}/images/{target.deleted}/restore",
        f"{target.proxy}/file/loot/y.png",
    ):
        page = attacker(hostile_browser, f"http://{EVIL}").page
        page.evaluate(
            "url => { document.body.innerHTML = `<form method=post enctype=multipart/form-data action=${url}>"
            "<input name=file value=x></form>` }",
            url,
        )
        with page.expect_navigation() as arriving:
            page.evaluate("document.forms[0].submit()")
        answer = arriving.value
        assert answer is not None
        assert answer.status == 403
    assert target.state() == before


def test_a_name_that_is_rebound_to_this_machine_gets_nothing(hostile_browser: Browser, target: Target) -> None:
    """The page has the services' own origin then, and may do and read everything that they answer."""
    before = target.state()
    for base, actions in (
        (target.api, API_ACTIONS),
        (target.proxy, PROXY_ACTIONS),
        (target.elasticsearch, INDEX_ACTIONS),
    ):
        address = f"http://{REBOUND}:{urlsplit(base).port}"
        page = attacker(hostile_browser, address)
        same_origin = {name: (method, path, body, "cors") for name, (method, path, body, _) in actions.items()}
        assert page.reached(address, same_origin, target) == []
        for path in ("/", "/openapi.json", "/healthz", "/file", "/_cat/indices"):
            answer = page.send("GET", address + path, mode="cors")
            assert answer["status"] in (0, 403), (path, answer["status"])
            assert answer["text"] == "" or json.loads(answer["text"])["code"] == "host_not_allowed"
    assert target.state() == before
