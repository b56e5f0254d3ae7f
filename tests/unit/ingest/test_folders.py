"""What a folder gives, what it leaves out, and that nothing of it is left out without a word."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest

from boxlens.domain.errors import BadSource
from boxlens.domain.references import ImageRef
from boxlens.ingest.findings import Findings
from boxlens.ingest.folders import FolderRules
from boxlens.ingest.manifests import manifest_line
from boxlens.ingest.sources import references


def names(refs: list[ImageRef]) -> list[str]:
    return [Path(ref.uri).name for ref in refs]


def walk(folder: Path, *, system: bool = False, own: Path | None = None) -> tuple[list[ImageRef], Findings]:
    findings = Findings()
    rules = FolderRules(system, frozenset({own} if own else ()))
    return list(references([str(folder)], rules=rules, findings=findings)), findings


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a socket in it."""
    monkeypatch.chdir(tmp_path)  # the path of a socket is limited to some hundred bytes
    with closing(socket.socket(socket.AF_UNIX)) as opened:
        opened.bind("s.jpg")
        yield tmp_path


def test_a_socket_is_named_and_left(listening: Path) -> None:
    (ref,), _ = walk(listening)
    assert ref.problem is not None
    assert "s.jpg is a socket, not a file" in ref.problem.error.detail


def special(folder: Path, what: str) -> Path:
    path = folder / "m.jpg"
    if what == "pipe":
        os.mkfifo(path)
    else:
        targets = {"itself": "m.jpg", "nothing": "/nonexistent/x.jpg", "device": "/dev/zero"}
        path.symlink_to(targets.get(what, what))
    return path


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("pipe", "is a named pipe"),
        ("device", "is a device"),
        ("itself", "leads to itself"),
        ("nothing", "there is no such file"),
        ("/proc/self/environ", "what the system tells of itself"),
        ("/proc", "what the system tells of itself"),
        ("/sys/kernel", "what the system tells of itself"),
    ],
)
def test_what_is_no_regular_file_is_named_and_left(tmp_path: Path, what: str, why: str) -> None:
    write(tmp_path / "a.jpg")
    write(tmp_path / "z.jpg")
    path = special(tmp_path, what)
    refs, _ = walk(tmp_path)
    assert names(refs) == ["a.jpg", "m.jpg", "z.jpg"]
    (problem,) = [ref.problem for ref in refs if ref.problem]
    assert why in problem.error.detail
    assert problem.row == {"uri": str(path)}


@pytest.mark.parametrize(("what", "why"), [("pipe", "is a named pipe"), ("device", "is a device")])
def test_what_is_no_regular_file_is_left_when_it_is_named_alone(tmp_path: Path, what: str, why: str) -> None:
    (ref,), _ = walk(special(tmp_path, what))
    assert ref.problem is not None
    assert why in ref.problem.error.detail


def test_linked_folders_are_followed_once_and_loops_are_seen(tmp_path: Path) -> None:
    write(tmp_path / "in" / "sub" / "a.jpg")
    write(tmp_path / "elsewhere" / "b.jpg")
    write(tmp_path / "elsewhere" / "deep" / "c.jpg")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in" / "sub")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "file.jpg").symlink_to(tmp_path / "elsewhere" / "b.jpg")
    refs, findings = walk(tmp_path / "in")
    assert names(refs) == ["file.jpg", "a.jpg", "b.jpg", "c.jpg"]
    assert findings.counts == {"folder_seen": 3}
    assert refs[2].uri == str(tmp_path / "in" / "out" / "b.jpg")


SYSTEM = [
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/a.jpg", "#snapshot/a.jpg", ".@__thumb/s8a.jpg", "@Recycle/a.jpg",
    "$RECYCLE.BIN/S-1-5/$RABC.jpg", "System Volume Information/a.jpg", "RECYCLER/a.jpg", "__MACOSX/a.jpg",
    ".AppleDouble/a.jpg", ".Trash-1000/a.jpg", ".Trashes/a.jpg", ".Trash/a.jpg", ".thumbnails/a.jpg",
    "lost+found/a.jpg", "Thumbs.db", "desktop.ini", ".DS_Store", "._a.jpg", "Icon\r", ".picasa.ini", ".nomedia",
]  # fmt: skip


@pytest.mark.parametrize("leaving", SYSTEM)
def test_leavings_of_systems_are_left_counted_and_can_be_asked_for(tmp_path: Path, leaving: str) -> None:
    write(tmp_path / "plain.jpg")
    path = write(tmp_path / leaving)
    refs, findings = walk(tmp_path)
    assert names(refs) == ["plain.jpg"]
    assert findings.counts == {"system": 1}
    assert Path(findings.named["system"][0].replace("\\r", "\r")) == tmp_path / leaving.split("/")[0]
    refs, findings = walk(tmp_path, system=True)
    assert {ref.uri for ref in refs} == {str(tmp_path / "plain.jpg"), str(path)}
    assert not findings.counts


def test_hidden_files_and_folders_are_counted(tmp_path: Path) -> None:
    for name in ("a.jpg", ".b.jpg", ".cache/c.jpg"):
        write(tmp_path / name)
    refs, findings = walk(tmp_path)
    assert names(refs) == ["a.jpg"]
    assert findings.counts == {"hidden": 2}
    assert len(walk(tmp_path, system=True)[0]) == 3


def test_what_boxlens_writes_is_no_input(tmp_path: Path) -> None:
    for name in ("a.jpg", "failures.jsonl", "failures.jsonl.part", "boxlens-data/pictures/b.jpg"):
        write(tmp_path / name)
    refs, findings = walk(tmp_path, own=tmp_path / "boxlens-data")
    assert names(refs) == ["a.jpg"]
    assert findings.counts == {"own_file": 3}


def test_files_of_phones_beside_pictures_are_counted(tmp_path: Path) -> None:
    for name in ("a.heic", "a.aae", "a.THM"):
        write(tmp_path / name)
    refs, findings = walk(tmp_path)
    assert names(refs) == ["a.heic"]
    assert findings.counts == {"companion": 2}


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of one who is not root, for whom permissions count, and the process as that one."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        write(Path(folder) / "a.jpg")
        (Path(folder) / "closed").mkdir(mode=0)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(before)


def test_a_folder_that_may_not_be_read_is_named(nobody: Path) -> None:
    refs, findings = walk(nobody)
    assert names(refs) == ["a.jpg"]
    assert findings.named["unreadable_folder"] == [f"{nobody / 'closed'} (Permission denied)"]
    with pytest.raises(BadSource, match="cannot be read: Permission denied"):
        walk(nobody / "closed")


def test_a_folder_that_goes_away_meanwhile_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg")
    gone = write(tmp_path / "sub" / "b.jpg")
    findings = Findings()
    refs = references([str(tmp_path)], findings=findings)
    assert Path(next(refs).uri).name == "a.jpg"
    gone.unlink()
    gone.parent.rmdir()
    assert list(refs) == []
    assert findings.named["unreadable_folder"] == [f"{gone.parent} (there is no such file)"]


@pytest.mark.parametrize("content", ["", ".hidden", "Thumbs.db", "album.json", "sub/"])
def test_a_source_in_which_there_is_nothing_is_told(tmp_path: Path, content: str) -> None:
    if content.endswith("/"):
        (tmp_path / content).mkdir()
    elif content:
        write(tmp_path / content)
    refs, findings = walk(tmp_path)
    assert refs == []
    assert findings.empty == [str(tmp_path)]


@pytest.mark.parametrize("source", ["nowhere", "a\0b", "x" * 300, "x/" * 3000])
def test_a_source_that_is_none_is_told_before_anything_is_given(tmp_path: Path, source: str) -> None:
    write(tmp_path / "a.jpg")
    with pytest.raises(BadSource, match=r"does not exist|cannot be read"):
        next(references([str(tmp_path), source]))


NAMES = [
    b"Caf\xe9 \xd6l.jpg", b"new\nline.jpg", b"\x1b[31mred\x1b[0m.jpg", b"[bold]b[bold].jpg", b"[red.jpg",
    b"x" * 251 + b".jpg",
    b"per%cent #1?&.jpg", b" leading.jpg", "🐶 in the ☀️.jpg".encode(), "e\u0301te\u0301.jpg".encode(),
    "\u202egpj.exe.jpg".encode(), b"a\\b.jpg", b"a:b.jpg", b"-rf.jpg", b"\xff\xfe.jpg",
    b"nosuffix", b"'\"`.jpg", b"con.jpg",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_is_kept_by_its_bytes(tmp_path: Path, name: bytes) -> None:
    path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118 - pathlib has no bytes
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"x")
    (ref,), _ = walk(tmp_path)
    assert os.fsencode(ref.uri) == path
    line = tmp_path.parent / f"{tmp_path.name}.jsonl"
    line.write_bytes(orjson.dumps(manifest_line(ref)))
    (again,) = references([str(line)])
    assert again == ref


def test_a_table_speaks_of_the_pictures_beside_it(tmp_path: Path) -> None:
    """As Apple exports it; a sidecar wins, a line of no use fails by itself, other CSV files are no tables."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        write(tmp_path / name)
    (tmp_path / "a.jpg.json").write_text('{"taken_at": "2020-01-01"}')
    rows = [
        "imgName,fileChecksum,favorite,originalCreationDate",
        'a.jpg,x,no,"Friday May 31,2019 8:33 PM GMT"',
        'b.jpg,x,no,"Friday May 31,2019 8:33 PM GMT"',
        "c.jpg,x,no,soon",
        "gone.jpg,x,no,2019",
    ]
    (tmp_path / "Photo Details.csv").write_text("\n".join(rows))
    (tmp_path / "sheet.csv").write_text("name,price\nother.jpg,3\n")
    refs, _ = walk(tmp_path)
    taken = {Path(ref.uri).name: ref.taken_at for ref in refs if ref.problem is None}
    evening = datetime(2019, 5, 31, 20, 33, tzinfo=UTC)
    assert taken == {"a.jpg": datetime(2020, 1, 1, tzinfo=UTC), "b.jpg": evening, "c.jpg": None, "sheet.csv": None}
    (problem,) = (ref.problem for ref in refs if ref.problem is not None)
    assert (problem.file, problem.line) == (str(tmp_path / "Photo Details.csv"), 4)


def test_the_table_of_exiftool(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg")
    table = 'SourceFile,Description,Keywords,GPSLatitude,GPSLongitude\n./a.jpg,"two\nlines","sea, sun",39.9,116.4\n'
    (tmp_path / "words.csv").write_text(table)
    (ref,), _ = walk(tmp_path)
    assert (ref.caption, ref.tags) == ("two\nlines", ("sea", "sun"))
    assert ref.location is not None
