"""Saved searches that tell people through apprise: once a match, over restarts, guarded, and without their secrets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from tests.api.world import World
from tests.servers.receiver import Receiver, receiving

from boxlens.api.saved_matches import watcher_of
from boxlens.fetch.notifier import AppriseNotifier
from boxlens.library.saved.ledger import SavedSearches
from boxlens.settings import FetchSettings, NotifySettings, Settings

pytest.importorskip("apprise", reason="the extra apprise is not installed")

SECRET = "hunter2hunter2"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings(receiver: Receiver, tmp_path: Path) -> Settings:
    target = f"json://me:{SECRET}@127.0.0.1:{receiver.port}/{SECRET}"
    return Settings(
        data_dir=tmp_path / "data",
        fetch=FetchSettings(allow_hosts=(f"127.0.0.1:{receiver.port}",)),
        notify=NotifySettings(apprise=(SecretStr(target),), every_s=3600),
    )


def save(client: TestClient, name: str = "lights", **more: Any) -> None:
    body = {"name": name, "collection": "photos", "query": {"clauses": [{"text": "lighthouse"}]}, **more}
    assert client.post("/v1/saved", json=body).status_code == 201


def look(world: World, ahead: float = 0.0) -> None:
    """One round of a process that has just started, in so many seconds."""
    watcher = watcher_of(world)
    watcher._clock = watcher._messenger._clock = lambda: time.time() + ahead
    watcher.round(threading.Event())


def messages(calls: list[tuple[dict[str, str], bytes]]) -> list[dict[str, str]]:
    return [orjson.loads(body) for _, body in calls]


def test_a_match_is_told_once_over_restarts_in_both_languages_and_a_refused_one_again(
    client: TestClient, world: World, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    world.add(1, caption="an old lighthouse")
    save(client)
    look(world)
    new = world.add(2, caption="a lighthouse in the fog")
    receiver.status = 503
    look(world)
    assert (len(receiver.refused), receiver.taken) == (1, [])
    receiver.status = 200
    for _ in range(2):
        look(world, ahead=10.0)
    (message,) = messages(receiver.taken)
    assert message["title"] == "Boxlens: lights"
    assert message["message"].splitlines()[-1] == new
    assert "A new picture in photos" in message["message"]
    assert "新图片" in message["message"]
    assert client.get("/v1/saved").json()["apprise"] == ["json"]
    ledger = b"".join(path.read_bytes() for path in world.saved.path.parent.glob("saved.sqlite*"))
    for written in (client.get("/v1/saved").text, client.get("/metrics").text, caplog.text, ledger.decode("latin-1")):
        assert SECRET not in written
    assert "BOXLENS_NOTIFY__APPRISE was not told" in caplog.text


def test_a_private_address_is_not_told_unless_the_owner_says_so(
    client: TestClient, world: World, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    world.notifier = AppriseNotifier(world.settings.notify.apprise, FetchSettings())
    save(client)
    world.add(1, caption="lighthouse")
    look(world)
    assert (receiver.taken, receiver.refused) == ([], [])
    assert "not public" in caplog.text
    assert client.get("/v1/saved").json()["searches"][0]["matches"] == 1


def test_a_file_that_a_service_would_read_is_not_read(world: World, caplog: pytest.LogCaptureFixture) -> None:
    target = SecretStr("discord://1234567890/abcdefghij?template=/etc/passwd")
    notifier = AppriseNotifier((target,), world.settings.fetch)
    with pytest.raises(Exception, match="files of this machine"):
        notifier.tell(notifier.keys[0], "title", "text")
    notifier.rest()


def test_a_search_that_tells_nobody_and_a_target_that_is_taken_away(
    client: TestClient, world: World, receiver: Receiver
) -> None:
    save(client, tell_apprise=False, name="quiet")
    world.add(1, caption="lighthouse")
    look(world)
    assert receiver.taken == []
    save(client)
    receiver.status = 503
    world.add(2, caption="another lighthouse")
    look(world)
    receiver.status = 200
    world.notifier = AppriseNotifier((), world.settings.fetch)
    look(world, ahead=10.0)
    assert receiver.taken == []
    assert world.saved.due(time.time() + 1e6) == []


def test_a_ledger_of_before_apprise_is_completed(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "saved.sqlite"
    old = sqlite3.connect(path)
    old.execute(
        "CREATE TABLE searches (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, collection TEXT NOT NULL, "
        "query TEXT NOT NULL, link TEXT NOT NULL, tell INTEGER NOT NULL, made_at REAL NOT NULL, made_by TEXT NOT NULL, "
        "checked_at REAL NOT NULL, problem TEXT NOT NULL DEFAULT '')"
    )
    old.executemany(
        "INSERT INTO searches VALUES (?, ?, 'photos', '{}', '', ?, 1, '', 2, 'gone')", [("a", "a", 1), ("b", "b", 0)]
    )
    old.commit()
    old.close()
    for _ in range(2):
        saved = SavedSearches(path)
        facts = [(s.name, s.tell, s.tell_apprise, s.checked_at, s.problem) for s in saved.searches()]
        assert facts == [("a", True, True, 2.0, "gone"), ("b", False, False, 2.0, "gone")]
        saved.save("c", "photos", {}, link="", tell=False, tell_apprise=True, by="", at=3.0, old=[])
        assert [s.tell_apprise for s in saved.searches() if s.name == "c"] == [True]
        saved.delete(next(s.id for s in saved.searches() if s.name == "c"))
        saved.close()
