"""Saved searches through the API: what is counted of pictures that come, what is told of them, and to whom."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.answers import problem
from tests.api.world import World, first_object, picture_bytes
from tests.servers.receiver import Receiver, receiving

from boxlens.access.keys import KeyFile
from boxlens.api.saved_matches import watcher_of
from boxlens.library.saved.watching import SavedWatcher
from boxlens.settings import FetchSettings, NotifySettings, Settings

SECRET = "whsec_" + base64.b64encode(b"a secret of the test").decode()
WORDS = {"clauses": [{"text": "lighthouse"}]}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings(receiver: Receiver, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        fetch=FetchSettings(allow_hosts=(f"127.0.0.1:{receiver.port}",)),
        notify=NotifySettings(webhooks=(receiver.address,), secret=SECRET, every_s=3600),
    )


@dataclass
class Clock:
    """Seconds since 1970 that go on when they are told to."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def save(client: TestClient, query: dict[str, Any] = WORDS, name: str = "lights", **more: Any) -> dict[str, Any]:
    body = {"name": name, "collection": "photos", "query": query, **more}
    answer = client.post("/v1/saved", json=body)
    assert answer.status_code == 201, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


def look(world: World) -> None:
    watcher_of(world).round(threading.Event())


def counts(client: TestClient) -> dict[str, tuple[int, int]]:
    return {s["name"]: (s["unseen"], s["matches"]) for s in client.get("/v1/saved").json()["searches"]}


def test_a_new_match_is_counted_and_told_once_and_an_old_one_never(
    client: TestClient, world: World, receiver: Receiver
) -> None:
    world.add(1, caption="an old lighthouse")
    saved = save(client, link="?q=lighthouse")
    look(world)
    assert (counts(client), receiver.images) == ({"lights": (0, 0)}, [])
    new = world.add(2, caption="a lighthouse in the fog")
    world.add(3, caption="a barn")
    for _ in range(3):
        look(world)
    assert (counts(client), receiver.images) == ({"lights": (1, 1)}, [new])
    ((headers, body),) = receiver.taken
    assert headers["content-type"] == "application/json"
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = hmac.new(b"a secret of the test", content, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signature).decode()
    detail = client.get(f"/v1/saved/{saved['id']}").json()
    assert (detail["link"], detail["query"]["clauses"][0]["text"]) == ("q=lighthouse", "lighthouse")
    assert [(match["image_id"], match["seen"]) for match in detail["latest"]] == [(new, False)]
    assert client.post(f"/v1/saved/{saved['id']}/seen").json()["unseen"] == 0
    assert counts(client) == {"lights": (0, 1)}


def test_edits_of_old_pictures_and_the_same_picture_again_are_nothing_new(client: TestClient, world: World) -> None:
    old = world.add(1)
    saved = save(client)
    client.patch(f"/v1/collections/photos/images/{old}", json={"caption": "lighthouse"}).raise_for_status()
    look(world)
    new = world.add(2, caption="lighthouse")
    look(world)
    assert counts(client) == {"lights": (1, 1)}
    client.post(f"/v1/saved/{saved['id']}/seen")
    client.delete(f"/v1/collections/photos/images/{new}").raise_for_status()
    look(world)
    client.post(f"/v1/collections/photos/images/{new}/restore").raise_for_status()
    look(world)
    assert counts(client) == {"lights": (0, 1)}


def test_what_was_not_taken_is_sent_again_after_growing_waits(
    client: TestClient, world: World, receiver: Receiver
) -> None:
    clock = Clock()
    save(client)
    new = world.add(1, caption="lighthouse")
    receiver.status = 503
    watcher = clocked(world, clock)
    for ahead, attempts in ((0, 1), (1, 1), (6, 2), (12, 2), (17, 3)):
        clock.ahead = ahead
        watcher.round(threading.Event())
        assert len(receiver.refused) == attempts
    receiver.status, clock.ahead = 200, 4000
    for _ in range(2):
        clocked(world, clock).round(threading.Event())  # as another process would
    assert receiver.images == [new]
    assert {headers["webhook-id"] for headers, _ in [*receiver.taken, *receiver.refused]} == {
        receiver.taken[0][0]["webhook-id"]
    }


def clocked(world: World, clock: Callable[[], float]) -> SavedWatcher:
    watcher = watcher_of(world)
    watcher._clock = watcher._messenger._clock = clock
    return watcher


def test_an_address_that_is_not_public_is_not_told_unless_the_owner_says_so(
    client: TestClient, world: World, receiver: Receiver
) -> None:
    guarded = world.settings.model_copy(update={"fetch": FetchSettings()})
    world.fetcher = type(world.fetcher)(guarded.fetch, 1)
    save(client)
    world.add(1, caption="lighthouse")
    look(world)
    assert (counts(client), receiver.taken) == ({"lights": (1, 1)}, [])


def test_a_search_that_tells_nobody_is_counted_alone(client: TestClient, world: World, receiver: Receiver) -> None:
    save(client, tell=False)
    world.add(1, caption="lighthouse")
    look(world)
    assert (counts(client), receiver.taken) == ({"lights": (1, 1)}, [])


def test_filters_pictures_and_stored_objects_watch_too(client: TestClient, world: World) -> None:
    example = world.add(1)
    uploaded = client.post("/v1/detect", files={"file": picture_bytes(9)}).json()["upload_id"]
    save(client, {"filter": {"tags": ["sea"]}}, name="by tag")
    save(client, {"clauses": [{"upload_id": uploaded}]}, name="by picture")
    save(client, {"clauses": [{"object_id": first_object(example)}, {"text": "lighthouse"}]}, name="by object")
    save(client, {"clauses": [{"image_id": example, "box": [8, 8, 62, 52]}, {"text": "lighthouse"}]}, name="by box")
    save(client, {"all_of": [{"text": "red"}, {"text": "blue"}], "sort": "-ingested_at"}, name="both")
    world.add(2, tags=("sea",), caption="lighthouse")
    world.add(3, left="green", right="green")
    look(world)
    assert {name: count for name, (count, _) in counts(client).items()} == {
        "both": 1,
        "by box": 1,
        "by object": 1,
        "by picture": 0,  # three pictures are too few to say how alike two are
        "by tag": 1,
    }


def test_the_picture_of_a_search_is_kept_as_long_as_the_search(client: TestClient, world: World) -> None:
    uploaded = client.post("/v1/detect", files={"file": picture_bytes(9)}).json()["upload_id"]
    over = "1-" + uploaded.partition("-")[2]  # the same picture, whose time is over
    saved = save(client, {"clauses": [{"upload_id": uploaded}]})
    shown = client.get(f"/v1/uploads/{over}").json()
    assert "/file/saved/" in shown["image_url"]
    assert client.post("/v1/collections/photos/search", json={"clauses": [{"upload_id": over}]}).status_code == 200
    assert client.delete(f"/v1/saved/{saved['id']}").status_code == 204
    assert client.get(f"/v1/uploads/{over}").status_code == 404
    assert counts(client) == {}


def test_a_search_that_cannot_be_asked_says_why_and_holds_no_other(client: TestClient, world: World) -> None:
    example = world.add(1)
    save(client, {"clauses": [{"object_id": first_object(example)}]}, name="gone")
    save(client)
    client.delete(f"/v1/collections/photos/images/{example}").raise_for_status()
    world.add(2, caption="lighthouse")
    look(world)
    searches = {search["name"]: search for search in client.get("/v1/saved").json()["searches"]}
    assert searches["gone"]["problem"]
    assert (searches["lights"]["problem"], searches["lights"]["unseen"]) == ("", 1)


def test_what_cannot_be_saved_is_refused(client: TestClient) -> None:
    saved = save(client)
    body = {"name": "lights", "collection": "photos", "query": WORDS}
    problem(client.post("/v1/saved", json=body), 409, "conflict")
    problem(client.post("/v1/saved", json=body | {"name": "x", "query": {}}), 422, "empty_input")
    problem(client.post("/v1/saved", json=body | {"name": "x", "collection": "nothing"}), 404, "not_found")
    addressed = {"clauses": [{"image_url": "http://example.org/a.png"}]}
    problem(client.post("/v1/saved", json=body | {"name": "x", "query": addressed}), 422, "bad_query")
    problem(client.post("/v1/saved", json=body | {"name": " "}), 422, "bad_input")
    assert client.delete(f"/v1/saved/{saved['id']}").status_code == 204
    for answer in (client.delete(f"/v1/saved/{saved['id']}"), client.get(f"/v1/saved/{'0' * 16}")):
        problem(answer, 404, "not_found")


def test_readers_see_what_writers_save(client: TestClient, settings: Settings) -> None:
    keys = KeyFile(settings.data_dir)
    reader, writer = ({"Authorization": f"Bearer {keys.make(role, role)}"} for role in ("read", "write"))
    body = {"name": "lights", "collection": "photos", "query": WORDS}
    assert client.post("/v1/saved", json=body, headers=reader).status_code == 403
    saved = client.post("/v1/saved", json=body, headers=writer).json()
    assert client.get("/v1/saved", headers=reader).json()["telling"] is True
    assert client.post(f"/v1/saved/{saved['id']}/seen", headers=reader).status_code == 403
    assert client.delete(f"/v1/saved/{saved['id']}", headers=writer).status_code == 204


def test_nothing_is_sent_unsigned() -> None:
    with pytest.raises(ValueError, match="BOXLENS_NOTIFY__SECRET"):
        NotifySettings(webhooks=("https://example.org/hook",))
