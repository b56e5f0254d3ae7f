"""Labels and boxes corrected, drawn, removed and put back through the API, and exported."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.api.refused.test_keys import bearer
from tests.api.world import BLUE, RED, World

from boxlens.access.keys import KeyFile
from boxlens.settings import Settings

C = "/v1/collections/photos"
FRAME = ("", [0, 0, 160, 120], None)
AS_DETECTED = {0: FRAME, 1: ("red", RED.as_list(), None), 2: ("blue", BLUE.as_list(), None)}
EMPTY = [100, 10, 150, 50]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def state(image: dict[str, Any]) -> dict[int, tuple[str, list[float], str | None]]:
    """Label, box and author by number."""
    return {int(o["object_id"].rpartition("-")[2]): (o["label"], o["box"], o["corrected_by"]) for o in image["objects"]}


def listed(client: TestClient, **filter: Any) -> set[str]:
    answer = client.post(f"{C}/search", json={"clauses": [], "filter": filter}).json()
    return {o["object_id"].rpartition("-")[2] for hit in answer["hits"] for o in hit["objects"]}


def test_a_label_is_corrected_by_any_name_and_a_name_of_ones_own_is_found(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    renamed = client.patch(f"{C}/images/{image_id}/objects/1", json={"label": "黄"})
    assert renamed.status_code == 200
    assert state(renamed.json())[1] == ("yellow", RED.as_list(), "local")
    assert renamed.json()["objects"][1]["label_name"] == {"en": "yellow", "zh": "黄"}
    own = client.patch(f"{C}/images/{image_id}/objects/1", json={"label": " our Bello "}).json()
    assert [step["did"] for step in own["corrections"]] == ["relabelled", "relabelled"]
    hits = client.get(f"{C}/search", params={"q": "Bello"}).json()["hits"]
    assert "our Bello" in {o["label"] for hit in hits for o in hit["objects"]}
    assert listed(client, label=["our Bello"]) == {"1"}
    assert client.post(f"{C}/search", json={"filter": {"label": ["our Belo"]}}).status_code == 422
    facets = client.get(f"{C}/facets", params={"filter": 'label:"our Bello"'}).json()["facets"]
    assert {"value": "our Bello", "count": 1, "name": None} in facets["label"]


def test_a_box_that_is_moved_or_drawn_is_searched_by_what_it_shows(client: TestClient, world: World) -> None:
    image_id, other = world.add(1), world.add(2, left="blue", right="yellow")
    moved = client.patch(f"{C}/images/{image_id}/objects/1", json={"box": BLUE.as_list()})
    assert state(moved.json())[1] == ("red", BLUE.as_list(), "local")
    assert moved.json()["objects"][1]["colours"] == ["blue"]
    similar = client.get(f"{C}/objects/{image_id}-1/similar").json()["hits"]
    assert f"{other}-1" in {o["object_id"] for hit in similar for o in hit["objects"]}
    drawn = client.post(f"{C}/images/{image_id}/objects", json={"label": "wall", "box": [99.5, 9.5, 500, 50]})
    assert drawn.status_code == 201
    assert state(drawn.json())[3] == ("wall", [99, 9, 160, 50], "local")
    assert client.get(f"{C}/images/{image_id}").json() == drawn.json()
    assert listed(client, corrected_at={"gte": "2000"}, kind=["object"]) == {"1", "3"}
    assert listed(client, corrected_by=["local"], label=["wall"]) == {"3"}


def test_what_was_corrected_is_taken_back_step_by_step(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    client.patch(f"{C}/images/{image_id}", json={"number": 2, "caption": "the blue one"})
    before = client.get(f"{C}/images/{image_id}").json()
    client.patch(f"{C}/images/{image_id}/objects/1", json={"label": "green", "box": EMPTY})
    client.post(f"{C}/images/{image_id}/objects", json={"label": "wall", "box": EMPTY})
    removed = client.delete(f"{C}/images/{image_id}/objects/2").json()
    assert state(removed) == {0: (*FRAME[:2], "local"), 1: ("green", EMPTY, "local"), 3: ("wall", EMPTY, "local")}
    assert [(step["number"], step["did"]) for step in removed["corrections"]] == [
        (1, "moved"),
        (3, "added"),
        (2, "removed"),
    ]
    undone = client.post(f"{C}/images/{image_id}/undo", json={"number": 1}).json()
    assert state(undone)[1] == AS_DETECTED[1]
    client.post(f"{C}/images/{image_id}/undo", json={})
    again = client.post(f"{C}/images/{image_id}/undo", json={})
    assert (again.json(), client.get(f"{C}/images/{image_id}").json()) == (before, before)
    nothing = client.post(f"{C}/images/{image_id}/undo", json={})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PATCH", "objects/1", {}, 422, "empty_input"),
        ("PATCH", "objects/1", {"label": "  "}, 422, "bad_input"),
        ("PATCH", "objects/1", {"label": "a\u0000b"}, 422, "bad_input"),
        ("PATCH", "objects/1", {"box": [5, 5, 5, 9]}, 422, "bad_box"),
        ("PATCH", "objects/1", {"box": [500, 500, 600, 600]}, 422, "bad_box"),
        ("PATCH", "objects/1", {"box": [1, 2, 3]}, 422, "bad_input"),
        ("PATCH", "objects/1", {"labels": "dog"}, 422, "bad_input"),
        ("PATCH", "objects/0", {"label": "dog"}, 422, "bad_input"),
        ("PATCH", "objects/7", {"label": "dog"}, 404, "not_found"),
        ("DELETE", "objects/0", None, 422, "bad_input"),
        ("DELETE", "objects/7", None, 404, "not_found"),
        ("POST", "objects", {"box": [1, 2, 30, 40]}, 422, "bad_input"),
        ("POST", "objects", {"label": "dog"}, 422, "bad_input"),
        ("POST", "undo", {"number": 0}, 422, "bad_input"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    client: TestClient, world: World, method: str, path: str, body: object, status: int, code: str
) -> None:
    image_id = world.add(1)
    answer = client.request(method, f"{C}/images/{image_id}/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert state(client.get(f"{C}/images/{image_id}").json()) == AS_DETECTED


def test_no_such_image_and_a_picture_that_is_gone(client: TestClient, world: World) -> None:
    assert client.patch(f"{C}/images/{'0' * 64}/objects/1", json={"label": "dog"}).status_code == 404
    image_id = world.add(1)
    (key,) = world.store.keys(world.bucket)
    world.store.delete(world.bucket, key)
    assert client.patch(f"{C}/images/{image_id}/objects/1", json={"box": EMPTY}).status_code == 404
    assert client.patch(f"{C}/images/{image_id}/objects/1", json={"label": "dog"}).status_code == 200


def test_the_author_is_the_key_and_readers_correct_nothing(
    client: TestClient, world: World, settings: Settings
) -> None:
    image_id, keys = world.add(1), KeyFile(settings.data_dir)
    reader, writer = keys.make("rita", "read"), keys.make("anna", "write")
    path = f"{C}/images/{image_id}/objects/1"
    refused = [
        client.patch(path, json={"label": "dog"}, headers=bearer(reader)),
        client.delete(path, headers=bearer(reader)),
        client.post(f"{C}/images/{image_id}/objects", json={"label": "a", "box": EMPTY}, headers=bearer(reader)),
        client.post(f"{C}/images/{image_id}/undo", json={}, headers=bearer(reader)),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    image = client.patch(path, json={"label": "dog"}, headers=bearer(writer)).json()
    assert image["objects"][1]["corrected_by"] == image["corrections"][0]["by"] == "anna"
    lines = [json.loads(line) for line in (settings.data_dir / "audit.jsonl").read_text().splitlines()]
    changes = [(line["by"], line["method"], line["path"]) for line in lines if line["event"] == "change"]
    assert changes == [("anna", "PATCH", path)]


def exported(client: TestClient, ids: list[str], form: str, corrected: str | None = None) -> bytes:
    body = {"image_ids": ids, "format": form, "corrected": corrected}
    answer = client.post(f"{C}/selection/export", json=body)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_exports_say_what_is_corrected_and_can_be_limited_to_it(client: TestClient, world: World) -> None:
    touched, untouched = world.add(1), world.add(2)
    ids = [touched, untouched]
    assert (
        client.post(f"{C}/selection/export", json={"image_ids": ids, "format": "csv", "corrected": "boxes"}).status_code
        == 404
    )
    client.patch(f"{C}/images/{touched}/objects/1", json={"label": "our Bello", "box": EMPTY})

    rows = list(csv.DictReader(io.StringIO(exported(client, ids, "csv").decode("utf-8-sig"))))
    assert [(row["label"], row["corrected_by"]) for row in rows] == [
        ("our Bello", "local"),
        ("blue", ""),
        ("red", ""),
        ("blue", ""),
    ]
    images = json.loads(exported(client, ids, "json", "pictures"))
    assert [(image["image_id"], [o["corrected_by"] for o in image["objects"]]) for image in images] == [
        (touched, ["local", None])
    ]
    coco = json.loads(exported(client, ids, "coco", "boxes"))
    (annotation,) = coco["annotations"]
    assert (annotation["bbox"], annotation["corrected_by"], coco["categories"]) == (
        [100, 10, 50, 40],
        "local",
        [{"id": 1, "name": "our Bello"}],
    )
    with zipfile.ZipFile(io.BytesIO(exported(client, ids, "yolo", "pictures"))) as archive:
        (labels,) = [name for name in archive.namelist() if name.endswith(".txt")]
        first, *rest = archive.read(labels).decode().splitlines()
        assert first.startswith("1 ")
        assert len(rest) == 1
        (line,) = csv.DictReader(io.StringIO(archive.read("corrected.csv").decode()))
        assert (line["file"], line["line"], line["corrected_by"]) == (labels, "1", "local")
