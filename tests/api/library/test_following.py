"""What the API tells of followed folders."""

from __future__ import annotations

import time

from starlette.testclient import TestClient
from tests.api.world import World


def test_nothing_is_followed(client: TestClient) -> None:
    assert client.get("/v1/following").json() == {"folders": []}


def test_a_followed_folder_and_its_last_sync(client: TestClient, world: World) -> None:
    entry = world.following.follow("photos", "file:///pictures/Caf%E9")
    (folder,) = client.get("/v1/following").json()["folders"]
    assert (folder["state"], folder["last_sync"], folder["folder"]) == ("stopped", None, "/pictures/Caf\\xe9")
    counts = ("new", "changed", "moved", "copied", "name_gone", "gone", "updated", "unchanged", "failed", "deleted")
    report = dict.fromkeys(counts, 0) | {"new": 3, "unsettled": 0, "seconds": 1.5, "interrupted": False}
    world.following.update(
        entry.id, state="waiting", seen_at=time.time() + 60, synced_at=1.7e9, report=report, pending=2, gone="mark"
    )
    (folder,) = client.get("/v1/following").json()["folders"]
    assert (folder["state"], folder["pending"], folder["gone"], folder["paused"]) == ("waiting", 2, "mark", False)
    assert (folder["last_sync"]["new"], folder["last_sync"]["at"]) == (3, "2023-11-14T22:13:20Z")


def test_pause_and_resume(client: TestClient, world: World) -> None:
    entry = world.following.follow("photos", "/pictures")
    for paused in (True, False):
        answer = client.patch(f"/v1/following/{entry.id}", json={"paused": paused})
        assert (answer.status_code, answer.json()["paused"]) == (200, paused)
        assert world.following.folder(entry.id).paused == paused
    assert client.patch(f"/v1/following/{entry.id + 1}", json={"paused": True}).status_code == 404
    assert client.patch(f"/v1/following/{entry.id}", json={"paused": True, "gone": "trash"}).status_code == 422
    assert client.patch(f"/v1/following/{2**70}", json={"paused": True}).status_code in (404, 422)
