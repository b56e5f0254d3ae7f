"""A saved search with a local webhook, and with a target of apprise: one call for a new match, none for an old one,
none lost over a kill."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
from tests.parts import png, scene
from tests.servers.receiver import Receiver, receiving

from boxlens.domain.references import ImageRef
from boxlens.wiring import Boxlens

APPRISE = importlib.util.find_spec("apprise") is not None  # an extra
LONGEST_S = 240.0  # a busy machine is no reason to fail
COLLECTION = "watched"


@contextmanager
def server(
    boxlens: Boxlens, folder: Path, receiver: Receiver, people: Receiver
) -> Iterator[tuple[httpx.Client, Callable[[], None]]]:
    """``boxlens serve`` in a process of its own on a data folder: a client of it, and what kills it at once."""
    environment = os.environ | {
        "BOXLENS_ELASTICSEARCH__URL": boxlens.addresses.elasticsearch,
        "BOXLENS_PROXY__URL": boxlens.addresses.proxy,
        "BOXLENS_PACK": boxlens.settings.pack,
        "BOXLENS_PACKS_DIR": str(boxlens.settings.packs),
        "BOXLENS_RUNTIME": boxlens.settings.runtime,
        "BOXLENS_DATA_DIR": str(folder),
        "BOXLENS_PAGE": str(folder),
        "BOXLENS_FETCH__ALLOW_HOSTS": f'["127.0.0.1:{receiver.port}", "127.0.0.1:{people.port}"]',
        "BOXLENS_NOTIFY__APPRISE": f'["json://127.0.0.1:{people.port}"]' if APPRISE else "[]",
        "BOXLENS_NOTIFY__WEBHOOKS": f'["{receiver.address}"]',
        "BOXLENS_NOTIFY__SECRET": "a secret of the test",
        "BOXLENS_NOTIFY__EVERY_S": "0.2",
        "COLUMNS": "200",
    }
    log = folder / "serve.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "boxlens", "serve", "--port", "0"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: child.poll() is not None or "Boxlens is at" in log.read_text(), log)
        match = re.search(r"Boxlens is at (http://\S+)", log.read_text())
        assert match, log.read_text()

        def kill() -> None:
            child.send_signal(signal.SIGKILL)
            child.wait()

        with httpx.Client(base_url=match[1], timeout=LONGEST_S, trust_env=False) as client:
            yield client, kill
    finally:
        child.kill()
        child.wait()


def eventually(condition: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def add(boxlens: Boxlens, seed: int, caption: str) -> str:
    """Take a picture in, as another program would; its image id."""
    reference = ImageRef(f"test:saved-{seed}", data=png(scene(size=(64, 48), seed=seed)), caption=caption)
    objects, _ = boxlens.indexer.add(reference, collection=COLLECTION)
    return objects[0].image.image_id


def unseen(client: httpx.Client) -> int:
    (search,) = client.get("/v1/saved").raise_for_status().json()["searches"]
    count: int = search["unseen"]
    return count


def looked_twice(client: httpx.Client, log: Path) -> None:
    """Two more rounds have ended."""

    def checked() -> str:
        moment: str = client.get("/v1/saved").json()["searches"][0]["checked_at"]
        return moment

    for _ in range(2):
        before = checked()
        eventually(lambda before=before: checked() != before, log)  # type: ignore[misc]


def test_one_call_for_a_new_match_none_for_an_old_one_and_none_lost_over_a_kill(
    boxlens: Boxlens, tmp_path: Path
) -> None:
    log = tmp_path / "serve.log"
    boxlens.index.create(COLLECTION, boxlens.pack)
    add(boxlens, 1, "an old lighthouse")
    with receiving() as receiver, receiving() as people:
        with server(boxlens, tmp_path, receiver, people) as (client, kill):
            body = {"name": "lights", "collection": COLLECTION, "query": {"clauses": [{"text": "lighthouse"}]}}
            client.post("/v1/saved", json=body).raise_for_status()
            first = add(boxlens, 2, "a lighthouse in the fog")
            add(boxlens, 3, "a barn")
            eventually(lambda: len(receiver.taken) == 1, log)
            looked_twice(client, log)
            assert receiver.images == [first]
            receiver.status = people.status = 503
            second = add(boxlens, 4, "another lighthouse")
            eventually(lambda: len(receiver.refused) > 0, log)
            kill()
        third = add(boxlens, 5, "the last lighthouse")  # while nobody watches
        receiver.status = people.status = 200
        with server(boxlens, tmp_path, receiver, people) as (client, _):
            eventually(lambda: len(receiver.taken) == 3, log)
            eventually(lambda: not APPRISE or len(people.taken) == 3, log)
            looked_twice(client, log)
            assert unseen(client) == 3
        assert set(receiver.images) == {first, second, third}
        assert len(receiver.taken) == 3
        refused = {orjson.loads(body)["id"] for _, body in receiver.refused}
        taken = {orjson.loads(body)["data"]["image_id"]: headers["webhook-id"] for headers, body in receiver.taken}
        assert refused == {taken[second]}  # told again under the same id
        tellings = [orjson.loads(body)["message"].splitlines()[-1] for _, body in people.taken]
        assert sorted(tellings) == sorted([first, second, third] if APPRISE else [])
    boxlens.index.drop(COLLECTION)
