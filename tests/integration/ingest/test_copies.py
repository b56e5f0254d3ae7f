"""The same bytes in places whose words disagree: the first place counts, and a second ingest changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.parts import MemoryStore, indexer, networks, png, scene

from boxlens.domain.boxes import Box
from boxlens.domain.pictures import ImageRecord, image_id_of
from boxlens.domain.references import ImageRef
from boxlens.index.memory.index import InMemoryIndex
from boxlens.ingest.sources import references

RED, BLUE = ("red", Box(10, 20, 60, 80)), ("blue", Box(90, 30, 130, 70))
PICTURE = png(scene(RED))


def put(folder: Path, name: str, **words: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(PICTURE)
    (folder / f"{name}.json").write_text(json.dumps(words))


def record(index: InMemoryIndex) -> ImageRecord:
    return index.image("c", image_id_of(PICTURE))[0].image


@pytest.mark.parametrize("apart", [0, 3, 4, 20])
def test_of_copies_whose_sidecars_disagree_the_first_counts_each_time(tmp_path: Path, apart: int) -> None:
    """In one slab of 4, in neighbouring ones and in some that are far from each other."""
    put(tmp_path / "a", "sea.png", description="first", datetaken="2020-05-01T10:00:00Z")
    put(tmp_path / "c", "beach.png", description="second", datetaken="2021-05-01T10:00:00Z", tags=["x"])
    put(tmp_path / "d", "shore.png", description="third", tags=["y"])
    (tmp_path / "b").mkdir()
    for n in range(apart):
        (tmp_path / "b" / f"{n:02}.png").write_bytes(png(scene(BLUE, seed=n + 1)))
    index = InMemoryIndex()
    work = indexer(index, networks(), MemoryStore())
    for expected in (1 + apart, 0, 0):
        report = work.ingest(references([str(tmp_path)]), collection="c")
        assert report.stored == expected
        if not expected:
            assert (report.updated, report.unchanged) == (0, 3 + apart)
        image = record(index)
        assert (image.caption, image.tags) == ("first", ("x",))
        assert image.taken_at == datetime(2020, 5, 1, 10, tzinfo=UTC)
        assert (image.file_name, image.other_names) == ("sea.png", ("beach.png", "shore.png"))


def test_words_of_one_copy_alone_are_taken_anew_when_they_change(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "sea.png").write_bytes(PICTURE)
    index = InMemoryIndex()
    work = indexer(index, networks(), MemoryStore())
    for caption in ("of the second place", "corrected there"):
        put(tmp_path / "b", "beach.png", description=caption)
        work.ingest(references([str(tmp_path)]), collection="c")
        assert record(index).caption == caption
    again = work.ingest(references([str(tmp_path)]), collection="c")
    assert (again.updated, again.unchanged) == (0, 2)


def test_two_lines_of_one_picture_that_disagree_are_no_update_each_time() -> None:
    index = InMemoryIndex()
    work = indexer(index, networks(), MemoryStore())
    line = ImageRef("a.png", data=PICTURE, caption="first", attributes={"shelf": "1"})
    lines = [line, replace(line, caption="second", attributes={"shelf": "2"})]
    for _ in range(2):
        report = work.ingest(lines, collection="c")
        assert (record(index).caption, record(index).attributes) == ("first", {"shelf": "1"})
    assert (report.updated, report.unchanged) == (0, 2)
