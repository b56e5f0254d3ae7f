"""When and where what a search finds was taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.testclient import TestClient
from tests.api.world import World, picture_bytes

from boxlens.domain.pictures import GeoPoint
from boxlens.domain.references import ImageRef

C = "/v1/collections/photos"
WORDS = {"vit": 0, "clip": 0, "words": 1}


def spread(client: TestClient, **body: object) -> dict[str, Any]:
    answer = client.post(f"{C}/spread", json=body)
    assert answer.status_code == 200, answer.text
    counts: dict[str, Any] = answer.json()
    return counts


def add(world: World, seed: int, left: str = "red", **said: Any) -> None:
    data = picture_bytes(seed, left=left)
    world.indexer.add(ImageRef(f"test:{seed}", data=data, **said), collection="photos")


def test_months_of_everything_of_a_filter_and_of_a_search(client: TestClient, world: World) -> None:
    add(world, 1, taken_at=datetime(2023, 7, 4), tags=("old",))
    add(world, 2, left="green", taken_at=datetime(2023, 7, 31), location=GeoPoint(39.9, 116.4))
    add(world, 3)
    everything = spread(client)
    assert (everything["images"], everything["dated"], everything["placed"]) == (3, 2, 1)
    assert everything["months"] == [{"month": "2023-07", "count": 2}]
    (cell,) = everything["cells"]
    west, south, east, north = cell["box"]
    assert (west < 116.4 < east, south < 39.9 < north, cell["count"]) == (True, True, 1)
    assert client.post(f"{C}/search", json={"filter": {"location": {"box": cell["box"]}}}).json()["total"]["value"] == 1
    assert spread(client, halvings=0)["cells"] == [{"box": [-180.0, -90.0, 180.0, 90.0], "count": 1}]
    assert spread(client, filter={"tags": ["old"]})["months"] == [{"month": "2023-07", "count": 1}]
    green = spread(client, clauses=[{"text": "green"}], signals=WORDS)
    assert (green["images"], green["months"]) == (1, [{"month": "2023-07", "count": 1}])
    assert spread(client, clauses=[{"text": "zebra"}], signals=WORDS)["images"] == 0
    assert spread(client, all_of=[{"text": "green"}, {"text": "blue"}])["images"] == 1


def test_what_is_no_query_and_what_is_not_here_is_refused(client: TestClient) -> None:
    assert client.post(f"{C}/spread", json={"halvings": 21}).json()["code"] == "bad_input"
    assert client.post(f"{C}/spread", json={"months": True}).json()["code"] == "bad_input"
    assert client.post("/v1/collections/nobody/spread", json={}).json()["code"] == "not_found"
