"""The Python client against the real application, pictures through the real minio-proxy."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image as Pil
from pydantic import SecretStr
from starlette.testclient import TestClient
from tests.api.world import SIZE, InProcess, World, picture_bytes
from tests.checkout import ROOT

from boxlens import client as client_module
from boxlens.api.app import create_app
from boxlens.client import Client, Example
from boxlens.domain import errors
from boxlens.domain.pictures import Pixels
from boxlens.settings import Settings

GUIDE = ROOT / "docs" / "client.md"


class Web(httpx.BaseTransport):
    """The application, and beside it minio-proxy at its own address; remembers keys that were sent."""

    def __init__(self, app: InProcess, pictures: InProcess) -> None:
        self._app, self._pictures = app, pictures
        self.keys: dict[str, str | None] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.keys[request.url.host] = request.headers.get("X-API-Key")
        to = self._pictures if request.url.host == "pictures.test" else self._app
        return to.handle_request(request)


@pytest.fixture
def web(world: World, transport: InProcess) -> Iterator[Web]:
    with InProcess(TestClient(create_app(world), base_url="http://localhost", raise_server_exceptions=False)) as app:
        yield Web(app, transport)


@pytest.fixture
def boxlens(web: Web) -> Iterator[Client]:
    with Client("http://boxlens.localhost", transport=web) as client:
        yield client


def pixels(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Pil.open(io.BytesIO(picture_bytes(seed))))


def test_the_example_of_the_guide_runs(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beach.png").write_bytes(picture_bytes(1))
    real = client_module.Client
    monkeypatch.setattr(client_module, "Client", lambda url: real(url, transport=web))
    exec(compile(code, str(GUIDE), "exec"), {})
    assert "beach.png" in capsys.readouterr().out
    with Pil.open("first.png") as first:
        assert first.size == SIZE
    assert json.loads(Path("hits.json").read_text())["annotations"]


def test_every_kind_of_picture_is_the_same_picture(boxlens: Client, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture_bytes(3))
    stored = boxlens.add("photos", file, caption="<b>bold</b>", tags=["x", "y"])
    assert (stored.caption, stored.tags, stored.file_name) == ("<b>bold</b>", ["x", "y"], "a.png")
    kinds: list[str | Path | bytes | Pixels | Pil.Image] = [
        str(file),
        file,
        picture_bytes(3),
        pixels(3),
        Pil.fromarray(pixels(3)),
    ]
    for kind in kinds:
        answer = boxlens.search("photos", images=[Example(kind, box=[10, 10, 60, 50])], min_relevance=None)
        assert answer.hits[0].image_id == stored.image_id
        assert answer.hits[0].objects[0].label == "red"
        assert all(why.similarity > 0.999 for why in answer.hits[0].objects[0].why)


def test_all_pages_are_walked(boxlens: Client, world: World) -> None:
    added = {world.add(seed) for seed in range(7)}
    pages = list(boxlens.pages("photos", "red", size=3, min_relevance=None, fold=False))
    assert [len(page) for page in pages] == [3, 3, 1]
    seen = [hit.image_id for hit in boxlens.hits("photos", "red", size=2, min_relevance=None, fold=False)]
    assert sorted(seen) == sorted(added)


def test_words_to_keep_away_from_filters_and_stored_objects(boxlens: Client, world: World) -> None:
    red, green = world.add(1), world.add(2, left="green", right="yellow")
    answer = boxlens.search("photos", "red", not_=["red"], signals={"words": 1, "vit": 0, "clip": 0})
    assert answer.hits == []
    only = boxlens.search("photos", filter={"label": ["green"]})
    assert [hit.image_id for hit in only.hits] == [green]
    alike = boxlens.search("photos", objects=[f"{red}-1"], min_relevance=None)
    assert alike[0].image_id == red
    near = boxlens.similar("photos", f"{red}-1")
    assert f"{red}-1" not in [obj.object_id for hit in near.hits for obj in hit.objects]
    assert {count.value for count in boxlens.facets("photos").facets["label"]} == {"red", "blue", "green", "yellow"}


def test_collections_and_images_come_and_go(boxlens: Client) -> None:
    assert boxlens.create("shop", min_relevance=0.7).min_relevance == 0.7
    stored = boxlens.add("shop", picture_bytes(5))
    assert boxlens.describe("shop", stored.image_id, caption="new").caption == "new"
    boxlens.delete("shop", stored.image_id)
    with pytest.raises(errors.NotFound):
        boxlens.image("shop", stored.image_id)
    assert boxlens.restore("shop", stored.image_id).caption == "new"
    boxlens.drop("shop")
    assert [entry.name for entry in boxlens.collections()] == ["photos"]


def test_a_result_shows_itself_and_nothing_in_it_is_run(boxlens: Client, world: World) -> None:
    boxlens.add("photos", picture_bytes(1))
    results = boxlens.search("photos", "red", min_relevance=None)
    results.hits[0].file_name = '<script>alert("x")</script>.jpg'
    results.hits[0].objects[0].label = '" onmouseover="alert(1)'
    page = results._repr_html_()
    assert "<script" not in page
    assert 'onmouseover="' not in page
    assert "&lt;script&gt;" in page
    assert 'src="http://pictures.test/' in page
    results.hits[0].thumbnail_url = "javascript:alert(1)"
    assert "javascript" not in results._repr_html_()


def test_a_drawn_picture_has_its_boxes(boxlens: Client, world: World) -> None:
    world.add(1)
    results = boxlens.search("photos", "red", min_relevance=None)
    (red,) = [obj for obj in results[0].objects if obj.label == "red"]
    picture = np.asarray(results.draw(0)).astype(int)
    x1, y1, _, _ = map(int, red.box)
    original = pixels(1).astype(int)
    assert picture.shape == original.shape
    assert (picture[y1, x1 : x1 + 10] != original[y1, x1 : x1 + 10]).any()
    assert results.draw(0, width=80).size == (80, 60)


def test_exports_hold_what_was_found(boxlens: Client, world: World, tmp_path: Path) -> None:
    world.add(1)
    world.add(2)
    results = boxlens.search("photos", "红", min_relevance=None, fold=False)
    results.to_json(tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["hits"][0]["image_id"] == results[0].image_id
    results.to_csv(tmp_path / "r.csv")
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text("utf-8").splitlines()))
    assert len(rows) == sum(len(hit.objects) for hit in results.hits)
    first = results[0].objects[0]
    assert (rows[0]["object_id"], float(rows[0]["x1"])) == (first.object_id, first.box[0])
    results.to_coco(tmp_path / "c.json")
    content = json.loads((tmp_path / "c.json").read_text("utf-8"))
    objects = [obj for hit in results.hits for obj in hit.objects if obj.kind == "object"]
    assert len(content["annotations"]) == len(objects)
    assert content["annotations"][0]["bbox"] == [10, 10, 50, 40]
    assert {c["name"] for c in content["categories"]} == {obj.label for obj in objects}


def test_errors_are_typed_and_say_what_to_do(boxlens: Client, web: Web, transport: InProcess, world: World) -> None:
    with pytest.raises(errors.NotFound, match="nowhere"):
        boxlens.search("nowhere", "red")
    with pytest.raises(errors.BadInput) as wrong:
        boxlens.search("photos", "red", signals={"vit": -1})
    assert wrong.value.place == "signals.vit"
    with pytest.raises(errors.EmptyInput):
        boxlens.search("photos")
    with pytest.raises(errors.BadBox):
        boxlens.search("photos", images=[Example(picture_bytes(1), box=[900, 900, 950, 950])])
    with pytest.raises(errors.UnsupportedType):
        boxlens.detect(b"no picture")
    with pytest.raises(errors.Conflict):
        boxlens.create("photos", pack="other")
    world.add(1)
    results = boxlens.search("photos", "red", min_relevance=None)
    transport.status = 500
    with pytest.raises(errors.FetchFailed):
        results.draw(0)
    results.hits[0].image_url = None
    with pytest.raises(errors.FetchFailed, match="not served"):
        results.draw(0)
    web._app.status = 0
    with pytest.raises(errors.Unavailable, match="does not answer"):
        boxlens.collections()
    web._app.status = 502
    with pytest.raises(errors.Unavailable, match="is no Boxlens"):
        boxlens.collections()


def test_the_key_goes_to_boxlens_alone(world: World, transport: InProcess) -> None:
    world.settings = Settings()
    world.settings.api.keys = (SecretStr("secret"),)
    world.add(1)
    with InProcess(TestClient(create_app(world), base_url="http://localhost")) as app:
        web = Web(app, transport)
        with Client("http://boxlens.localhost", transport=web) as nobody, pytest.raises(errors.Denied):
            nobody.collections()
        with Client("http://boxlens.localhost", "secret", transport=web) as boxlens:
            boxlens.search("photos", "red", min_relevance=None).draw(0)
    assert web.keys == {"boxlens.localhost": "secret", "pictures.test": None}


def test_importing_it_loads_no_network_and_no_server() -> None:
    code = "import sys, boxlens.client; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"onnxruntime", "cv2", "torch", "towhee", "fastapi", "elasticsearch", "uvicorn", "jpype"}
    assert heavy.isdisjoint(loaded)
