"""Folders as people have them, through the command line: all that is a picture is stored, all else is told."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.parts import png, scene

from boxlens.cli import main
from boxlens.domain.pictures import image_id_of
from boxlens.wiring import Boxlens

Run = Callable[..., tuple[int, str, str]]


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(scene(seed=seed, size=(64, 48))))
    return path


@pytest.fixture
def run(boxlens: Boxlens, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process; its exit code, output and errors."""
    settings = {
        "BOXLENS_ELASTICSEARCH__URL": boxlens.addresses.elasticsearch,
        "BOXLENS_PROXY__URL": boxlens.addresses.proxy,
        "BOXLENS_PACK": boxlens.settings.pack,
        "BOXLENS_PACKS_DIR": str(boxlens.settings.packs),
        "BOXLENS_DATA_DIR": str(tmp_path / "data"),
        "BOXLENS_RUNTIME": boxlens.settings.runtime,
        "BOXLENS_PIPELINE__OCR": "false",
        "COLUMNS": "1000",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["boxlens", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return call


@pytest.fixture
def collection(boxlens: Boxlens, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"odd-{abs(hash(request.node.name))}"
    yield name
    if name in [info.name for info in boxlens.index.collections()]:
        boxlens.index.drop(name)


def failures() -> dict[str, dict[str, Any]]:
    """What the failures file names, by the last part of each name."""
    lines = [json.loads(line) for line in Path("failures.jsonl").read_bytes().splitlines()]
    return {line["failure"]["name"].rsplit("/", 1)[-1]: line for line in lines}


GOOD = {
    "plain.jpg": b"plain.jpg",
    "Caf\\xe9.jpg": b"Caf\xe9.jpg",
    "new\\nline.jpg": b"new\nline.jpg",
    "\\x1b[31mred.jpg": b"\x1b[31mred.jpg",
    "[bold]b.jpg": b"[bold]b.jpg",
    "long": b"x" * 251 + b".jpg",
}


def hostile_folder(folder: Path) -> Path:
    """Good pictures with odd names, and beside them what must neither stop the run nor get lost."""
    folder.mkdir()
    for seed, name in enumerate(GOOD.values()):
        with io.FileIO(os.path.join(os.fsencode(folder), name), "w") as file:  # noqa: PTH118 - a name of bytes
            file.write(png(scene(seed=seed, size=(64, 48))))
    os.mkfifo(folder / "pipe.jpg")
    (folder / "self.jpg").symlink_to("self.jpg")
    (folder / "dangling.jpg").symlink_to("/nonexistent/x.jpg")
    (folder / "environ.jpg").symlink_to("/proc/self/environ")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder)
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "page.jpg").write_text("<!DOCTYPE html>")
    (folder / "plain.jpg.json").write_text('{"description": 5}')
    (folder / "metadata.json").write_text("{}")
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "failures.jsonl").write_text("{}")
    return folder


def test_a_hostile_folder(run: Run, boxlens: Boxlens, collection: str, tmp_path: Path) -> None:
    folder = hostile_folder(tmp_path / "in")
    code, out, err = run("ingest", str(folder), "-c", collection, "--json")
    assert code == 0, err
    report = json.loads(out)
    bad = {"pipe.jpg", "self.jpg", "dangling.jpg", "environ.jpg", "zero.jpg", "empty.jpg", "page.jpg", "plain.jpg.json"}
    assert (report["stored"], report["failed"]) == (len(GOOD), len(bad))
    assert set(failures()) == bad
    assert failures()["plain.jpg.json"]["failure"]["file"].endswith("plain.jpg.json")
    left = {kind: entry["count"] for kind, entry in report["left_out"].items()}
    assert left == {"folder_seen": 1, "system": 1, "unmatched_sidecar": 1, "own_file": 1}
    code, out, _ = run("ingest", str(folder), "-c", collection, "--json")
    again = json.loads(out)
    assert (again["stored"], again["updated"], again["unchanged"], again["failed"]) == (0, 0, len(GOOD), len(bad))
    assert boxlens.index.info(collection).images == len(GOOD)


def test_names_are_shown_without_harm(run: Run, collection: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (b"\x1b[31mred.jpg", b"[bold]b.jpg", b"Caf\xe9.jpg", b"new\nline.jpg"):
        with io.FileIO(os.path.join(os.fsencode(folder), name), "w") as file:  # noqa: PTH118 - a name of bytes
            file.write(b"no picture")
    picture(folder / "good\x1b[31m[bold].png", 1)
    code, out, _ = run("ingest", str(folder), "-c", collection)
    assert code == 0
    assert "\x1b[31m" not in out
    for shown in ("\\x1b[31mred.jpg", "[bold]b.jpg", "Caf\\xe9.jpg", "new\\nline.jpg"):
        assert f"{folder}/{shown}: " in out
    code, out, _ = run("search", "--image", str(next(folder.glob("good*"))), "-c", collection)
    assert code == 0
    assert "good\\x1b[31m[bold].png" in out


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_failures_file_is_fed_back_after_repair(run: Run, collection: str, tmp_path: Path, suffix: str) -> None:
    for seed, name in enumerate(("a.png", "b.png", "c.png")):
        picture(tmp_path / name, seed)
    manifest = tmp_path / f"list{suffix}"
    if suffix == ".csv":
        manifest.write_text("uri,caption,taken_at\na.png,one,\nb.png,two,soon\nc.png,three,2020-01-02\n")
    else:
        lines = [{"uri": "a.png"}, {"uri": "b.png", "caption": "two", "taken_at": "soon"}, {"uri": "c.png"}]
        manifest.write_text("\n".join(map(json.dumps, lines)))
    code, out, _ = run("ingest", str(manifest), "-c", collection, "--json")
    assert code == 0
    assert (json.loads(out)["stored"], json.loads(out)["failed"]) == (2, 1)
    (line,) = failures().values()
    assert (line["failure"]["file"], line["failure"]["line"]) == (str(manifest), 3 if suffix == ".csv" else 2)
    Path("failures.jsonl").write_text(json.dumps(line | {"taken_at": "2020-01-02"}))
    code, out, _ = run("ingest", "failures.jsonl", "-c", collection, "--json")
    assert (code, json.loads(out)["stored"], json.loads(out)["failed"]) == (0, 1, 0)
    _, out, _ = run("search", "two", "-c", collection, "--json")
    assert [hit["file_name"] for hit in json.loads(out)["hits"]] == ["b.png"]


def test_a_manifest_of_odd_names(run: Run, collection: str, tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    odd = [
        "a\0b.png",
        "y" * 300 + ".png",
        "bucket://pictures/a\0b",
        f"bucket://pictures/{'k' * 300}",
        "bucket://",
        "../a.png",
    ]
    (tmp_path / "list.jsonl").write_text("\n".join(json.dumps({"uri": uri}) for uri in [*odd, "a.png"]))
    code, out, err = run("ingest", str(tmp_path / "list.jsonl"), "-c", collection, "--json")
    assert code == 0, err
    assert (json.loads(out)["stored"], json.loads(out)["failed"]) == (1, len(odd))
    assert len(Path("failures.jsonl").read_bytes().splitlines()) == len(odd)


def test_what_a_person_wrote_wins_over_a_sidecar(run: Run, collection: str, tmp_path: Path) -> None:
    path = picture(tmp_path / "in" / "a.png", 1)
    sidecar = tmp_path / "in" / "a.png.json"
    sidecar.write_text('{"description": "of the sidecar", "tags": ["sidecar"]}')
    assert run("ingest", str(tmp_path / "in"), "-c", collection)[0] == 0
    image_id = image_id_of(path.read_bytes())
    assert run("images", "tag", image_id, "-c", collection, "--", "mine", "-sidecar")[0] == 0
    _, out, _ = run("ingest", str(tmp_path / "in"), "-c", collection, "--json")
    assert (json.loads(out)["updated"], json.loads(out)["unchanged"]) == (0, 1)
    sidecar.write_text('{"description": "said anew", "tags": ["other"]}')
    _, out, _ = run("ingest", str(tmp_path / "in"), "-c", collection, "--json")
    assert (json.loads(out)["updated"], json.loads(out)["unchanged"]) == (1, 0)
    _, out, _ = run("images", "show", image_id, "-c", collection, "--json")
    assert (json.loads(out)["caption"], json.loads(out)["tags"]) == ("said anew", ["mine"])


@pytest.mark.parametrize("what", ["empty", "system"])
def test_an_empty_source_is_told_with_a_code(run: Run, collection: str, tmp_path: Path, what: str) -> None:
    (tmp_path / "in").mkdir()
    if what == "system":
        picture(tmp_path / "in" / "@eaDir" / "a.png", 1)
    code, out, err = run("ingest", str(tmp_path / "in"), "-c", collection)
    assert code == 3
    assert f"There is nothing to take in in {tmp_path / 'in'}." in err
    assert ("@eaDir" in out) == (what == "system")
    code, out, err = run("ingest", str(tmp_path / "in"), "-c", collection, "--system-folders")
    assert (code, "1 new" in out) == ((0, True) if what == "system" else (3, False))


def test_a_dry_run_tells_what_would_be_left_out(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("ingest", str(hostile_folder(tmp_path / "in")), "-c", "never", "--dry-run", "--json")
    content = json.loads(out)
    assert code == 0
    assert (content["files"], content["problems"]) == (len(GOOD) + 2, 6)
    assert set(content["left_out"]) == {"folder_seen", "system", "unmatched_sidecar", "own_file"}


def test_a_journal_that_is_broken_is_one_clear_line(run: Run, collection: str, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png", 1)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ingest.sqlite").write_bytes(b"no database" * 1000)
    code, _, err = run("ingest", str(tmp_path / "in"), "-c", collection)
    assert code == 4
    assert "ingest.sqlite cannot be used" in err
    assert "Delete it" in err
    assert "Traceback" not in err
    (tmp_path / "data" / "ingest.sqlite").unlink()
    assert run("ingest", str(tmp_path / "in"), "-c", collection)[0] == 0


@pytest.mark.parametrize("place", ["failures", "data"])
def test_a_folder_that_cannot_be_written_is_one_clear_line(
    run: Run, collection: str, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "in" / "a.png", 1)
    (tmp_path / "file").write_bytes(b"")  # no folder: not even root can write into it
    if place == "data":
        monkeypatch.setenv("BOXLENS_DATA_DIR", str(tmp_path / "file" / "data"))
    named = ["--failures", str(tmp_path / "file" / "f.jsonl")] if place == "failures" else []
    code, _, err = run("ingest", str(tmp_path / "in"), "-c", collection, *named)
    assert code == 4
    assert "Not a directory" in err
    assert "Traceback" not in err
