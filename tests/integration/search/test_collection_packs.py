"""Two packs at once on real Elasticsearch and real networks: each collection is served with its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from starlette.testclient import TestClient
from tests.shared import needs_photos

from boxlens.api.app import create_app
from boxlens.benchmarks.search import Measured, bench_search
from boxlens.cli import main
from boxlens.cli.serve import serving
from boxlens.samples.making import sample_scenes
from boxlens.wiring import Boxlens

pytestmark = needs_photos  # the server's own pack is made of their networks


@pytest.fixture(scope="module")
def scenes() -> list[bytes]:
    return [cv2.imencode(".png", scene.picture[..., ::-1])[1].tobytes() for scene in sample_scenes(4, 5)]


@pytest.fixture
def client(boxlens: Boxlens) -> Iterator[TestClient]:
    with TestClient(create_app(boxlens), base_url="http://localhost") as client:
        yield client
    for name in ("drawn", "few", "mixed"):
        if any(info.name == name for info in boxlens.index.collections()):
            boxlens.index.drop(name)


def fill(client: TestClient, name: str, pictures: list[bytes], **spec: object) -> list[int]:
    """How many objects each picture has."""
    assert client.put(f"/v1/collections/{name}", json=spec).status_code in (200, 201)
    counts = []
    for data in pictures:
        answer = client.post(f"/v1/collections/{name}/images", files={"file": ("scene.png", data)})
        assert answer.status_code == 201, answer.text
        counts.append(len(answer.json()["objects"]) - 1)
    return counts


def test_a_collection_is_served_with_its_own_pack_and_thresholds(
    boxlens: Boxlens, client: TestClient, scenes: list[bytes]
) -> None:
    usual = fill(client, "drawn", scenes, pack="demo")
    fewer = fill(client, "few", scenes, pack="demo", score_threshold=0.9)
    assert sum(usual) > sum(fewer)
    assert boxlens.pack.name != "demo"
    assert boxlens.for_collection("drawn").loaded.vit is boxlens.for_collection("few").loaded.vit  # loaded once
    answer = client.get("/v1/collections/drawn/search", params={"q": "红苹果"}).json()
    assert "clip_off" not in answer["notes"]
    assert {why["signal"] for hit in answer["hits"] for o in hit["objects"] for why in o["why"]} >= {"clip"}
    picture = client.post("/v1/collections/drawn/search/image", files={"file": ("q.png", scenes[1])}).json()
    assert picture["hits"][0]["objects"][0]["why"][0]["similarity"] > 0.99


def test_a_collection_moves_to_another_pack_from_the_command_line(
    boxlens: Boxlens,
    client: TestClient,
    scenes: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    fill(client, "mixed", scenes)
    assert "clip_off" in client.get("/v1/collections/mixed/search", params={"q": "苹果"}).json()["notes"]
    for name, value in {
        "BOXLENS_ELASTICSEARCH__URL": boxlens.addresses.elasticsearch,
        "BOXLENS_PROXY__URL": boxlens.addresses.proxy,
        "BOXLENS_PACK": boxlens.settings.pack,
        "BOXLENS_DATA_DIR": str(boxlens.settings.data_dir),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["boxlens", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    code, out, _ = run("collections", "swap", "mixed", "--pack", "demo", "--json")
    assert (code, json.loads(out)) == (0, {"done": True, "images": 4, "failed": 0})
    response = client.get("/v1/collections/mixed/search", params={"q": "苹果"})
    assert response.status_code == 200
    assert "clip_off" not in response.json()["notes"]
    assert client.get("/v1/collections/mixed").json()["pack"] == "demo"
    assert run("collections", "swap", "mixed", "--pack", "demo")[0] == 3
    assert run("collections", "swap", "mixed", "--discard")[0] == 3
    assert run("collections", "swap", "mixed")[0] == 3
    code, _, err = run("collections", "swap", "mixed", "--pack", "nothing")
    assert (code, "nothing" in err) == (4, True)
    code, out, _ = run("collections", "delete", "mixed", "--yes")
    assert (code, "4 pictures stay" in " ".join(out.split())) == (0, True)
    fill(client, "mixed", scenes)
    keys = set(boxlens.store.keys(boxlens.bucket))
    code, _, _ = run("collections", "delete", "mixed", "--yes", "--pictures")
    assert (code, len(keys - set(boxlens.store.keys(boxlens.bucket)))) == (0, 4)


def test_the_cost_of_a_search_is_taken_apart(boxlens: Boxlens, client: TestClient, scenes: list[bytes]) -> None:
    fill(client, "drawn", scenes, pack="demo")
    measured = Measured(boxlens, "drawn")
    with serving(measured) as address:
        summary = bench_search(measured, "drawn", address, 5, lambda text: None)
    assert (summary["pack"], summary["images"]) == ("demo", 4)
    rows = {row["request"]: row for row in summary["requests"]}
    assert set(rows) == {"object", "text", "four clauses", "all_of", "two names"}
    assert rows["text"]["models p50"] > 0
    assert rows["object"]["models p50"] == 0
    assert all(0 < row["elasticsearch p50"] < row["total p50"] for row in rows.values())
