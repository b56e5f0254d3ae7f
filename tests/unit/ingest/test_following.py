"""Quiet times, paths that settle, and what of a folder must be looked through."""

from __future__ import annotations

import sys
from datetime import time
from pathlib import Path

import pytest

from boxlens.domain.errors import BadInput
from boxlens.ingest.findings import Findings
from boxlens.ingest.folders import FolderRules, FolderWalk, Part
from boxlens.library.following.quiet import QuietTimes
from boxlens.library.following.settling import LONGEST_OPEN_S, MOST_PARTS, MOST_PATHS, Settling, being_written, parts_of


@pytest.mark.parametrize(
    ("text", "quiet", "not_quiet"),
    [
        ("", [], ["00:00", "12:00"]),
        ("22:00-6:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "21:59", "12:00"]),
        ("12:00-13:00, 01:30-02:00", ["12:00", "12:59", "01:45"], ["13:00", "11:59", "02:00"]),
    ],
)
def test_quiet_times_are_spans_of_the_day(text: str, quiet: list[str], not_quiet: list[str]) -> None:
    times = QuietTimes.parse(text)
    assert [moment for moment in quiet if not times.holds(time.fromisoformat(moment))] == []
    assert [moment for moment in not_quiet if times.holds(time.fromisoformat(moment))] == []


@pytest.mark.parametrize("text", ["22-6", "25:00-06:00", "22:00-22:00", "22:60-23:00", "night"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no span"):
        QuietTimes.parse(text)


def test_a_path_is_ready_when_nothing_happened_to_it_for_a_while(tmp_path: Path) -> None:
    growing, whole, gone = tmp_path / "growing", tmp_path / "whole", tmp_path / "gone"
    growing.write_bytes(b"1")
    whole.write_bytes(b"1")
    settling = Settling(1.0)
    settling.add([growing, whole, gone], now=10.0)
    assert settling.ready(10.9) == []
    growing.write_bytes(b"12")  # no event tells of it
    assert set(settling.ready(11.1)) == {whole, gone}
    assert settling.ready(12.0) == []
    settling.add([growing], now=12.05)
    assert settling.ready(12.9) == []
    assert settling.ready(13.1) == [growing]
    assert len(settling) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell who writes")
def test_a_path_that_is_open_for_writing_is_not_ready_for_long(tmp_path: Path) -> None:
    path = tmp_path / "copied"
    settling = Settling(1.0)
    with path.open("wb"):
        assert being_written(path)
        settling.add([path], now=10.0)
        assert settling.ready(20.0) == []
        assert settling.ready(10.0 + LONGEST_OPEN_S) == [path]
        settling.add([path], now=10.0)
    assert not being_written(path)
    assert not being_written(tmp_path / "away")
    with path.open("rb"):
        assert settling.ready(20.0) == [path]


def test_too_many_paths_are_the_whole_folder(tmp_path: Path) -> None:
    settling = Settling(1.0)
    settling.add([tmp_path / str(n) for n in range(MOST_PATHS + 1)], now=0.0)
    assert settling.overflowed
    assert len(settling) == 0
    assert parts_of(tmp_path, [tmp_path / str(n) / "a" for n in range(MOST_PARTS)]) is None


def test_the_parts_of_a_folder_that_were_touched(tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "a.png").write_bytes(b"")
    assert parts_of(tmp_path, [tmp_path / "album" / "a.png"]) == [Part(tmp_path / "album", deep=False)]
    gone = tmp_path / "old"
    assert parts_of(tmp_path, [tmp_path / "album", gone]) == [
        Part(tmp_path, deep=False),
        Part(tmp_path / "album"),
        Part(gone),
    ]
    assert parts_of(tmp_path, [tmp_path]) is None
    assert parts_of(tmp_path, [tmp_path.parent / "elsewhere"]) is None


def test_a_walk_through_parts_gives_what_the_whole_would(tmp_path: Path) -> None:
    for name in ("a.png", "album/b.png", "album/deep/c.png", "@eaDir/d.png", ".hidden/e.png", "other/f.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    def names(*parts: Part) -> list[str]:
        return [name for name, _ in FolderWalk(tmp_path, FolderRules(), Findings(), parts or None)]

    assert names() == ["a.png", "album/b.png", "album/deep/c.png", "other/f.png"]
    assert names(Part(tmp_path, deep=False)) == ["a.png"]
    assert names(Part(tmp_path / "album")) == ["album/b.png", "album/deep/c.png"]
    assert names(Part(tmp_path / "album", deep=False)) == ["album/b.png"]
    assert names(Part(tmp_path / "@eaDir"), Part(tmp_path / ".hidden"), Part(tmp_path / "gone")) == []
