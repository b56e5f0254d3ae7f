"""Several images at once: described, deleted, brought back, exported."""

from __future__ import annotations

import csv
import io
import json
import zipfile

from starlette.testclient import TestClient
from tests.api.world import World

from boxlens.index.memory.index import InMemoryIndex
from boxlens.library.rebuild import rebuild
from boxlens.library.recorded_writer import RecordedWriter

C = "/v1/collections/photos"
NOBODY = "0" * 64


def tags_of(client: TestClient, image_id: str) -> list[str]:
    tags: list[str] = client.get(f"{C}/images/{image_id}").json()["tags"]
    return tags


def test_tags_are_added_and_taken_off_and_what_is_not_there_is_refused(client: TestClient, world: World) -> None:
    first, second = world.add(1, tags=("draft", "sea")), world.add(2, caption="two blocks")
    body = {"image_ids": [first, NOBODY, second, first], "add_tags": ["beach"], "remove_tags": ["draft"]}
    answer = client.post(f"{C}/selection/describe", json=body)
    assert answer.status_code == 200
    assert answer.json()["done"] == [first, second]
    assert [(refused["image_id"], refused["code"]) for refused in answer.json()["refused"]] == [(NOBODY, "not_found")]
    assert (tags_of(client, first), tags_of(client, second)) == (["sea", "beach"], ["beach"])
    assert client.get(f"{C}/images/{second}").json()["caption"] == "two blocks"  # tags leave captions alone
    listed = client.post(f"{C}/search", json={"clauses": [], "filter": {"tags": ["beach"]}}).json()["hits"]
    assert {hit["image_id"] for hit in listed} == {first, second}


def test_an_album_is_filled_searched_in_and_outlives_what_happens_to_its_pictures(
    client: TestClient, world: World
) -> None:
    first, second = world.add(1, tags=("sea",)), world.add(2)
    third = world.add(3)

    def album(**change: list[str]) -> set[str]:
        if change:
            client.post(f"{C}/selection/describe", json=change).raise_for_status()
        hits = client.get(f"{C}/search", params={"q": "red", "fold": False, "filter": 'album:"Tuscany 2023"'}).json()[
            "hits"
        ]
        return {hit["image_id"] for hit in hits}

    assert album(image_ids=[first, second, third], add_albums=["Tuscany 2023", "best"]) == {first, second, third}
    assert album(image_ids=[third], remove_albums=["Tuscany 2023"]) == {first, second}
    assert client.get(f"{C}/images/{third}").json()["albums"] == ["best"]
    facets = client.get(f"{C}/facets").json()["facets"]["album"]
    assert {count["value"]: count["count"] for count in facets} == {"Tuscany 2023": 2, "best": 3}
    client.delete(f"{C}/images/{first}").raise_for_status()
    assert album() == {second}
    client.post(f"{C}/images/{first}/restore").raise_for_status()
    assert album() == {first, second}
    world.add(1, tags=("shore",), caption="of its sidecar")  # taken in again, with other words of its source
    assert (album(), tags_of(client, first)) == ({first, second}, ["shore"])
    fresh = InMemoryIndex()
    rebuild(fresh, RecordedWriter(fresh, world.writer.records), "photos")
    assert fresh.image("photos", first)[0].image.albums == ("Tuscany 2023", "best")


def test_one_caption_for_all_leaves_their_tags(client: TestClient, world: World) -> None:
    image_id = world.add(1, tags=("sea",))
    client.post(f"{C}/selection/describe", json={"image_ids": [image_id], "caption": "ours"})
    image = client.get(f"{C}/images/{image_id}").json()
    assert (image["caption"], image["tags"]) == ("ours", ["sea"])


def test_what_is_deleted_together_comes_back_together(client: TestClient, world: World) -> None:
    ids = [world.add(seed, tags=(f"t{seed}",)) for seed in range(3)]
    before = [client.get(f"{C}/images/{image_id}").json() for image_id in ids]
    assert client.post(f"{C}/selection/delete", json={"image_ids": ids}).json() == {"done": ids, "refused": []}
    assert [client.get(f"{C}/images/{image_id}").status_code for image_id in ids] == [404, 404, 404]
    assert client.post(f"{C}/selection/restore", json={"image_ids": [*ids, NOBODY]}).json()["done"] == ids
    assert [client.get(f"{C}/images/{image_id}").json() for image_id in ids] == before
    again = client.post(f"{C}/selection/restore", json={"image_ids": ids}).json()
    assert [refused["code"] for refused in again["refused"]] == ["conflict"] * 3


def test_nothing_to_change_too_many_and_no_such_collection_are_refused(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    assert client.post(f"{C}/selection/describe", json={"image_ids": [image_id]}).json()["code"] == "empty_input"
    assert client.post(f"{C}/selection/delete", json={"image_ids": []}).status_code == 422
    assert client.post(f"{C}/selection/delete", json={"image_ids": [image_id] * 1001}).status_code == 422
    absent = client.post("/v1/collections/nowhere/selection/delete", json={"image_ids": [image_id]})
    assert absent.status_code == 404
    assert client.post(f"{C}/selection/export", json={"image_ids": [NOBODY], "format": "csv"}).status_code == 404


def export(client: TestClient, ids: list[str], form: str) -> bytes:
    answer = client.post(f"{C}/selection/export", json={"image_ids": ids, "format": form})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="photos-')
    return answer.content


def test_csv_holds_every_object_and_no_formula(client: TestClient, world: World) -> None:
    image_id = world.add(1, caption="\x1b\u202e=HYPERLINK(1)", tags=("海边",))
    rows = list(csv.DictReader(io.StringIO(export(client, [image_id], "csv").decode("utf-8-sig"))))
    objects = [o for o in client.get(f"{C}/images/{image_id}").json()["objects"] if o["kind"] == "object"]
    assert [row["label"] for row in rows] == [o["label"] for o in objects]
    assert [[float(row[k]) for k in ("x1", "y1", "x2", "y2")] for row in rows] == [o["box"] for o in objects]
    assert {(row["caption"], row["tags"]) for row in rows} == {("'=HYPERLINK(1)", "海边")}


def test_json_and_coco_hold_the_boxes_in_their_ways(client: TestClient, world: World) -> None:
    ids = [world.add(1), world.add(2, left="green")]
    listed = json.loads(export(client, ids, "json"))
    assert [image["image_id"] for image in listed] == ids
    coco = json.loads(export(client, ids, "coco"))
    names = {category["id"]: category["name"] for category in coco["categories"]}
    flat = [(i, obj) for i, image in enumerate(listed) for obj in image["objects"]]
    assert len(flat) == len(coco["annotations"]) > 2
    for (i, obj), annotation in zip(flat, coco["annotations"], strict=True):
        x, y, width, height = annotation["bbox"]
        assert [x, y, x + width, y + height] == obj["box"]
        assert (annotation["image_id"], names[annotation["category_id"]]) == (i + 1, obj["label"])


def test_yolo_holds_shares_of_the_picture(client: TestClient, world: World) -> None:
    image_id = world.add(1)
    objects = json.loads(export(client, [image_id], "json"))[0]["objects"]
    with zipfile.ZipFile(io.BytesIO(export(client, [image_id], "yolo"))) as archive:
        labels = [name for name in archive.namelist() if name.startswith("labels/")]
        described = archive.read("data.yaml")
        lines = [line.split() for line in archive.read(labels[0]).decode().splitlines()]
    assert len(labels) == 1
    for obj, (number, *shares) in zip(objects, lines, strict=True):
        x, y, width, height = (float(share) * side for share, side in zip(shares, (160, 120, 160, 120), strict=True))
        assert f'{number}: "{obj["label"]}"'.encode() in described
        x1, y1, x2, y2 = obj["box"]
        near = zip((x, y, width, height), ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1), strict=True)
        assert all(abs(written - real) < 0.01 for written, real in near)


def test_the_zip_holds_every_picture_as_it_came_in(client: TestClient, world: World) -> None:
    ids = [world.add(1), world.add(2)]
    answer = client.post(f"{C}/selection/export", json={"image_ids": ids, "format": "zip"})
    kept = [world.store.get("pictures", key) for key in sorted(world.store.keys("pictures"))]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.read(name) for name in archive.namelist()) == sorted(kept)
    assert int(answer.headers["boxlens-picture-bytes"]) == sum(map(len, kept))
