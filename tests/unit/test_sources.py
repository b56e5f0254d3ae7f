from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.parts import MemoryStore

from embedding_pipeline.domain import GeoPoint, ImageRef
from embedding_pipeline.errors import BadSource
from embedding_pipeline.ingest.sources import Shard, manifest_line, references


def names(refs: list[ImageRef]) -> list[str]:
    return [Path(ref.uri).name for ref in refs]


def test_a_folder_gives_every_visible_file_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b.jpg", "a b.PNG", ".hidden.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.webp").write_bytes(b"x")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "d.jpg").write_bytes(b"x")
    assert names(list(references([str(tmp_path)]))) == ["a b.PNG", "b.jpg", "notes.txt", "c.webp"]


def test_a_source_that_is_not_there_is_named() -> None:
    with pytest.raises(BadSource, match="nowhere does not exist"):
        list(references(["nowhere"]))


@pytest.mark.parametrize("sidecar", ["p.jpg.json", "p.jpg.supplemental-metadata.json", "p.jpg.suppl.json"])
def test_an_export_sidecar_tells_of_its_picture_and_is_no_picture(tmp_path: Path, sidecar: str) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    told = {
        "description": "狗 at the lake",
        "photoTakenTime": {"timestamp": "1688169600"},
        "geoData": {"latitude": 39.98, "longitude": 116.31},
        "people": [{"name": "Li"}],
    }
    (tmp_path / sidecar).write_text(json.dumps(told))
    (ref,) = references([str(tmp_path)])
    assert ref.caption == "狗 at the lake"
    assert ref.tags == ("Li",)
    assert ref.taken_at == datetime(2023, 7, 1, tzinfo=UTC)
    assert ref.location == GeoPoint(39.98, 116.31)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"geoData": {"latitude": "x"}, "photoTakenTime": {}}', "null"])
def test_a_sidecar_that_cannot_be_read_loses_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    (tmp_path / "p.jpg.json").write_text(content)
    (ref,) = references([str(tmp_path)])
    assert ref == ImageRef(str(tmp_path / "p.jpg"))


def test_a_json_file_of_its_own_is_not_taken_for_a_sidecar(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    assert names(list(references([str(tmp_path)]))) == ["other.json"]


def test_manifests_in_both_forms_give_the_same_references(tmp_path: Path) -> None:
    lines = [
        {"uri": "a.jpg", "caption": "红色 car", "tags": ["x", "y"], "taken_at": "2023-07-01", "shop": "12"},
        {"uri": "http://example.org/b.jpg"},
    ]
    (tmp_path / "m.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    (tmp_path / "m.csv").write_text(
        'uri,caption,tags,taken_at,shop\na.jpg,红色 car,"x, y",2023-07-01,12\nhttp://example.org/b.jpg,,,,\n', "utf-8"
    )
    from_json = list(references([str(tmp_path / "m.jsonl")]))
    assert from_json == list(references([str(tmp_path / "m.csv")]))
    first, second = from_json
    assert first.uri == str(tmp_path / "a.jpg")
    assert (first.caption, first.tags, dict(first.attributes)) == ("红色 car", ("x", "y"), {"shop": "12"})
    assert first.taken_at == datetime(2023, 7, 1, tzinfo=UTC)
    assert second == ImageRef("http://example.org/b.jpg")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "m.jsonl:2"),
        ("[1]", "m.jsonl:2: not a JSON object"),
        ('{"caption": "no uri"}', "m.jsonl:2: no uri"),
        ('{"uri": "a.jpg", "taken_at": "soon"}', "m.jsonl:2"),
        ('{"uri": "a.jpg", "lat": "north", "lon": 1}', "m.jsonl:2"),
    ],
)
def test_a_manifest_line_that_cannot_be_read_is_named_by_its_number(tmp_path: Path, line: str, what: str) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"uri": "first.jpg"}\n' + line + "\n")
    with pytest.raises(BadSource, match=what):
        list(references([str(path)]))


def test_a_failures_line_can_be_fed_back(tmp_path: Path) -> None:
    ref = ImageRef(
        str(tmp_path / "a.jpg"), caption="c", tags=("t",), taken_at=datetime(2020, 1, 2, tzinfo=UTC),
        location=GeoPoint(1, 2), attributes={"shop": "7"},
    )  # fmt: skip
    path = tmp_path / "failures.jsonl"
    path.write_text(json.dumps(manifest_line(ref) | {"failure": {"code": "proxy_away"}}) + "\n")
    assert list(references([str(path)])) == [ref]


def test_a_bucket_gives_its_keys_and_can_be_referenced() -> None:
    store = MemoryStore()
    for key in ("in/a.jpg", "in/b.jpg", "out/c.jpg"):
        store.put("shop", key, b"x", "image/jpeg")
    refs = list(references(["bucket://shop/in/"], store, reference=True))
    assert [r.uri for r in refs] == ["bucket://shop/in/a.jpg", "bucket://shop/in/b.jpg"]
    assert all(r.reference for r in refs)


def test_a_local_file_cannot_be_referenced(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(BadSource, match="local file"):
        list(references([str(tmp_path)], reference=True))


def test_shards_take_every_picture_exactly_once(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.jpg").write_bytes(b"x")
    parts = [names(list(references([str(tmp_path)], shard=Shard.parse(f"{i}/3")))) for i in (1, 2, 3)]
    assert sorted(name for part in parts for name in part) == sorted(f"{n}.jpg" for n in range(40))
    assert all(parts)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "-1/2", "1/0"])
def test_a_shard_that_is_none(text: str) -> None:
    with pytest.raises(BadSource):
        Shard.parse(text)
