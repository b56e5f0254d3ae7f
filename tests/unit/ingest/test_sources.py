from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.parts import MemoryStore

from boxlens.domain.errors import BadSource
from boxlens.domain.pictures import GeoPoint
from boxlens.domain.references import ImageRef
from boxlens.ingest.findings import Findings
from boxlens.ingest.manifests import LONGEST_LINE, manifest_line
from boxlens.ingest.sources import Shard, references


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


def test_a_table_beside_speaks_of_a_picture_that_is_named_alone(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    (tmp_path / "prices.csv").write_text("name,price\nother.jpg,3\n")
    (tmp_path / "words.csv").write_text("SourceFile,Description,DateTimeOriginal\n./p.jpg,a bridge,soon\n")
    ref, fault = references([str(tmp_path / "p.jpg")])
    assert ref.caption == "a bridge"
    assert fault.problem is not None
    assert (fault.problem.file, fault.problem.line) == (str(tmp_path / "words.csv"), 2)


def test_a_folder_is_looked_through_once_for_all_its_pictures_that_a_shell_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [tmp_path / f"{number}.jpg" for number in range(5)]
    for picture in pictures:
        picture.write_bytes(b"x")
    rows = "\n".join(f"{picture.name},number {picture.stem}" for picture in pictures)
    (tmp_path / "words.csv").write_text(f"SourceFile,Description\n{rows}\n")
    listings: list[Path] = []
    iterdir = Path.iterdir

    def counted(folder: Path) -> Iterator[Path]:
        listings.append(folder)
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", counted)
    refs = list(references([str(picture) for picture in pictures]))
    assert [ref.caption for ref in refs] == [f"number {number}" for number in range(5)]
    assert listings == [tmp_path]


@pytest.mark.parametrize("sidecar", ["p.jpg.json", "p.jpg.supplemental-metadata.json", "p.jpg.suppl.json"])
def test_an_export_sidecar_tells_of_its_picture_and_is_no_picture(tmp_path: Path, sidecar: str) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    content = {
        "description": "狗 at the lake",
        "photoTakenTime": {"timestamp": "1688169600"},
        "geoData": {"latitude": 39.98, "longitude": 116.31},
        "people": [{"name": "Li"}],
    }
    (tmp_path / sidecar).write_text(json.dumps(content))
    (ref,) = references([str(tmp_path)])
    assert ref.caption == "狗 at the lake"
    assert ref.tags == ("Li",)
    assert ref.taken_at == datetime(2023, 7, 1, tzinfo=UTC)
    assert ref.location == GeoPoint(39.98, 116.31)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "p.jpg.json"),
        (b"[]", "no JSON object"),
        (b"{", "p.jpg.json"),
        (b"null", "no JSON object"),
        (b"7", "no JSON object"),
        (b"\xff\xfe{", "not UTF-8 text"),
        (b'{"caption": "caf\xe9"}', "not UTF-8 text"),
        (b'{"description": "' + b"x" * 2**20 + b'"}', "larger than 1 MiB"),
        (b'{"description": 5}', "caption: 5 is no text"),
        (b'{"tags": 5}', "tags: 5 is no list"),
        (b'{"tags": [["a"]]}', "tags: ['a'] is no word"),
        (b'{"people": "x", "photoTakenTime": {"timestamp": "soon"}}', "date: 'soon' is no date"),
        (b'{"geoData": {"latitude": 91, "longitude": 0}}', "place: 91, 0 is no place"),
        (b'{"geoData": {"latitude": "x"}}', "place: 'x', None is no place"),
    ],
)
def test_a_sidecar_of_no_use_fails_by_itself(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    (tmp_path / "p.jpg.json").write_bytes(content)
    picture, fault = references([str(tmp_path)])
    assert (picture.uri, picture.problem) == (str(tmp_path / "p.jpg"), None)
    assert fault.problem is not None
    assert why in fault.problem.error.detail
    assert fault.problem.file == str(tmp_path / "p.jpg.json")
    assert manifest_line(fault) == {"uri": str(tmp_path / "p.jpg")}


def test_what_is_right_in_a_sidecar_counts_beside_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    (tmp_path / "p.jpg.json").write_text('{"description": "the pier", "tags": 5, "lat": 91, "lon": 3}')
    picture, fault = references([str(tmp_path)])
    assert picture.caption == "the pier"
    assert fault.problem is not None
    assert fault.problem.error.detail.endswith(
        "place: 91, 3 is no place: latitude is -90 to 90, longitude -180 to 180 degrees."
    )


@pytest.mark.parametrize("content", ['{"description": null, "tags": null, "geoData": null}', "{}", '{"taken_at": ""}'])
def test_null_in_a_sidecar_means_absent(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    (tmp_path / "p.jpg.json").write_text(content)
    assert list(references([str(tmp_path)])) == [ImageRef(str(tmp_path / "p.jpg"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_sidecar_may_be_written_by_any_editor(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    (tmp_path / "p.jpg.json").write_text('{"description": "塔"}', encoding)
    (ref,) = references([str(tmp_path)])
    assert ref.caption == "塔"


def test_a_sidecar_of_no_picture_is_counted(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    (tmp_path / "metadata.json").write_text("{}")
    (tmp_path / "gone.xmp").write_text("<x/>")
    findings = Findings()
    assert names(list(references([str(tmp_path)], findings=findings))) == ["p.jpg"]
    assert findings.as_dict() == {
        "unmatched_sidecar": {"count": 2, "first": [str(tmp_path / "gone.xmp"), str(tmp_path / "metadata.json")]}
    }


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
        (b"{", ":2: "),
        (b"[1]", ":2: not a JSON object"),
        (b"null", ":2: not a JSON object"),
        (b'{"caption": "no uri"}', ":2: no uri"),
        (b'{"uri": null}', ":2: no uri"),
        (b'{"uri": 5}', ":2: no uri"),
        (b'{"uri": "a\\u0000b.jpg"}', "null character"),
        (b'{"uri": "a.jpg", "taken_at": "soon"}', "'soon' is no date"),
        (b'{"uri": "a.jpg", "taken_at": "2021-02-30"}', ":2: "),
        (b'{"uri": "a.jpg", "taken_at": true}', "True is no date"),
        (b'{"uri": "a.jpg", "lat": "north", "lon": 1}', "no place"),
        (b'{"uri": "a.jpg", "lat": 91, "lon": 1}', "no place"),
        (b'{"uri": "a.jpg", "lat": 1}', "no place"),
        (b'{"uri": "a.jpg", "tags": 5}', "tags 5 is no list"),
        (b'{"uri": "a.jpg", "tags": [{"a": 1}]}', "is no word"),
        (b'{"uri": "a.jpg", "caption": ["x"]}', "is no text"),
        (b'{"uri": "a.jpg", "caption": "caf\xe9"}', ":2: the line is not UTF-8"),
        (b'{"uri": "' + b"x" * LONGEST_LINE + b'"}', ":2: the line is too long"),
        (b"[" * 5000, ":2: "),
    ],
)
def test_a_manifest_line_of_no_use_fails_by_itself(tmp_path: Path, line: bytes, what: str) -> None:
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"uri": "first.jpg"}\n' + line + b'\n{"uri": "last.jpg"}\n')
    first, bad, last = references([str(path)])
    assert names([first, last]) == ["first.jpg", "last.jpg"]
    assert bad.problem is not None
    assert what in bad.problem.error.detail
    assert (bad.problem.file, bad.problem.line) == (str(path), 2)
    assert len(bad.problem.error.detail) < 1000


def test_null_in_a_manifest_means_absent(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(
        '{"uri": "a.jpg", "caption": null, "tags": null, "lat": null, "lon": null, "file_name": null, "x": null}'
    )
    assert list(references([str(path)])) == [ImageRef(str(tmp_path / "a.jpg"))]


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        ("\ufeff" + '{"uri": "a.jpg", "caption": "红"}', ".jsonl"),
        ('{"uri": "a.jpg", "caption": "红"}', ".jsonl"),
        ("uri,caption\na.jpg,红\n", ".csv"),
        ("\ufeffuri;caption\r\na.jpg;红\r\n", ".csv"),
        ("uri\tcaption\n.\\a.jpg\t红\n", ".CSV"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_manifests_as_editors_and_spreadsheets_write_them(
    tmp_path: Path, data: str, suffix: str, encoding: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    path = tmp_path / f"m{suffix}"
    path.write_bytes((data.lstrip("\ufeff") if encoding == "utf-16" else data).encode(encoding))
    assert list(references([str(path)])) == [ImageRef(str(tmp_path / "a.jpg"), caption="红")]


def test_a_csv_line_of_no_use_fails_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b'uri,caption\na.jpg,fine\nb.jpg,caf\xe9\nc.jpg,"x"y\n\nd.jpg,fine\n')
    refs = list(references([str(path)]))
    assert [ref.problem.line if ref.problem else None for ref in refs] == [None, 3, 4, None]
    assert names([refs[0], refs[3]]) == ["a.jpg", "d.jpg"]
    assert manifest_line(refs[1]) == {"uri": str(tmp_path / "b.jpg"), "caption": "caf\\xe9"}


@pytest.mark.parametrize(
    ("rows", "lines", "taken"),
    [
        (['a.jpg,"no end', "b.jpg,x", "c.jpg,y"], [2, None, None], ["b.jpg", "c.jpg"]),
        (['a.jpg,"no end', 'b.jpg,"whole, here"', "c.jpg,y"], [2, None, None], ["b.jpg", "c.jpg"]),
        (['a.jpg,"no end', 'b.jpg,"nor ""here""', "c.jpg,y"], [2, 3, None], ["c.jpg"]),
        (["a.jpg,x", 'b.jpg,"no end'], [None, 3], ["a.jpg"]),
        (['a.jpg,"two\nlines"', 'b.jpg,"no end', "", "c.jpg,y"], [None, 4, None], ["a.jpg", "c.jpg"]),
        (['a.jpg,"no end', *["b.jpg," + "x" * 1000] * 200], [2, *[None] * 200], ["b.jpg"] * 200),
    ],
)
def test_a_quote_that_is_not_closed_costs_its_own_line_alone(
    tmp_path: Path, rows: list[str], lines: list[int | None], taken: list[str]
) -> None:
    path = tmp_path / "m.csv"
    path.write_text("\n".join(["uri,caption", *rows]) + "\n")
    refs = list(references([str(path)]))
    assert [ref.problem.line if ref.problem else None for ref in refs] == lines
    assert names([ref for ref in refs if ref.problem is None]) == taken


def test_a_quote_that_is_not_closed_in_a_table_is_named_and_the_lines_behind_it_speak(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "words.csv").write_text('SourceFile,Description\na.jpg,"no end\nb.jpg,a bridge\n')
    first, fault, second = references([str(tmp_path)])
    assert (first.caption, second.caption) == (None, "a bridge")
    assert fault.problem is not None
    assert (fault.problem.file, fault.problem.line) == (str(tmp_path / "words.csv"), 2)


def test_a_column_whose_name_is_no_text_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"uri,caf\xe9\na.jpg,x\n")
    (bad,) = references([str(path)])
    assert bad.problem is not None
    assert json.loads(json.dumps(manifest_line(bad)))["caf\\xe9"] == "x"


@pytest.mark.parametrize("data", [b"path,caption\na.jpg,x\n", b"", "标题\n".encode("gbk")])
def test_a_csv_without_uri_is_refused_as_a_whole(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(data)
    with pytest.raises(BadSource, match="no column uri"):
        list(references([str(path)]))


def test_a_failures_line_of_a_bad_row_keeps_what_it_said(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"uri": "a.jpg", "caption": "kept", "taken_at": "soon"}')
    (bad,) = references([str(path)])
    assert manifest_line(bad) == {"uri": str(tmp_path / "a.jpg"), "caption": "kept", "taken_at": "soon"}


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
