"""Videos as frames with their moments: chosen by shots, searched as pictures, played from the moment."""

from __future__ import annotations

import os
import struct
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.api.conftest import client, settings, transport, world  # noqa: F401 - fixtures
from tests.api.world import World
from tests.parts import MemoryStore, indexer, networks
from tests.samples.made_videos import SIZE, write_frames, write_video

from boxlens.domain.errors import BadSource
from boxlens.domain.filters import Filter
from boxlens.index.memory.index import InMemoryIndex
from boxlens.ingest.sources import references
from boxlens.ingest.videos import SAMPLE_S, chosen_frames

SHOTS = [(0, 12.0), (1, 7.0), (2, 15.0), (3, 6.0), (4, 11.0), (5, 9.0)]


def starts() -> list[float]:
    lengths = [seconds for _, seconds in SHOTS]
    return [sum(lengths[:place]) for place in range(len(lengths))]


def test_a_minute_is_one_frame_of_every_shot_with_its_moment(tmp_path: Path) -> None:
    frames = list(chosen_frames(write_video(tmp_path / "clip.mp4", SHOTS)))
    assert [frame.shot for frame in frames] == list(range(len(SHOTS)))
    assert all(0 <= frame.at_s - start <= 2 * SAMPLE_S for frame, start in zip(frames, starts(), strict=True))


def test_memory_is_that_of_one_frame(tmp_path: Path) -> None:
    """Six hundred frames are 35 MB; what is held at a time are a few."""
    path = write_video(tmp_path / "clip.mp4", SHOTS)
    tracemalloc.start()
    try:
        assert sum(1 for _ in chosen_frames(path)) == len(SHOTS)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_a_long_shot_gives_a_frame_every_while_unless_it_shows_the_same(tmp_path: Path) -> None:
    still = list(chosen_frames(write_video(tmp_path / "still.mp4", [(0, 35.0)])))
    assert [frame.at_s for frame in still] == [0.0]
    moving = list(chosen_frames(write_video(tmp_path / "moving.mp4", [(0, 35.0)], wandering=True)))
    assert {frame.shot for frame in moving} == {0}
    assert 2 <= len(moving) <= 4
    assert all(after.at_s - before.at_s >= 10 for before, after in pairwise(moving))


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\x18ftypmp42" + b"\0" * 500, b"#EXTM3U\nhttp://example.org/a.ts", b"no"]
)
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clip.mp4").write_bytes(content)
    (ref,) = references([str(tmp_path)])
    assert ref.problem is not None
    assert isinstance(ref.problem.error, BadSource)
    assert "clip.mp4" in ref.problem.error.detail


def test_a_manifest_that_names_a_pipe_as_a_video_goes_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    write_video(tmp_path / "clip.mp4", SHOTS[1:2])
    (tmp_path / "list.jsonl").write_text('{"uri": "pipe.mp4"}\n{"uri": "away.mp4"}\n{"uri": "clip.mp4"}')
    pipe, away, clip = references([str(tmp_path / "list.jsonl")])
    assert pipe.problem is not None
    assert away.problem is not None
    assert "pipe.mp4 is a named pipe" in pipe.problem.error.detail
    assert "no such file" in away.problem.error.detail
    assert clip.problem is None


@pytest.mark.parametrize("name", [b"caf\xe9.mp4", b"new\nline.mp4", b"%03d.mp4", b"concat:x.mp4", b"#a.mp4"])
def test_a_video_of_any_name_is_read(tmp_path: Path, name: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path / "clip.mp4", SHOTS[1:2]).rename(tmp_path / os.fsdecode(name))
    monkeypatch.chdir(tmp_path)
    (ref,) = references([os.fsdecode(name)])
    assert ref.problem is None


@pytest.mark.parametrize("name", ["clip.mov", "clip.mkv", "clip.avi", "clip.m4v", "CLIP.MP4", "clip.wmv"])
def test_each_container_is_read(tmp_path: Path, name: str) -> None:
    clip = write_video(tmp_path / name, SHOTS[3:5])
    assert [frame.shot for frame in chosen_frames(clip)] == [0, 1]


def test_a_frame_is_enough(tmp_path: Path) -> None:
    (frame,) = chosen_frames(write_video(tmp_path / "one.mp4", [(0, 0.1)]))
    assert (frame.at_s, frame.shot) == (0.0, 0)


def test_a_video_without_a_duration_is_read_to_its_end(tmp_path: Path) -> None:
    """As recorders write it that were cut off from their power."""
    content = bytearray(write_video(tmp_path / "clip.mp4", SHOTS[3:5]).read_bytes())
    for name in (b"mvhd", b"mdhd"):
        at = content.find(name) + 4 + 4 + 8 + 4
        content[at : at + 4] = bytes(4)
    (tmp_path / "clip.mp4").write_bytes(content)
    assert [frame.shot for frame in chosen_frames(tmp_path / "clip.mp4")] == [0, 1]


def test_a_video_of_a_phone_held_upright_stands_upright(tmp_path: Path) -> None:
    """Its frames lie on their side, and its header says how they are to be turned."""
    content = bytearray(write_video(tmp_path / "clip.mp4", SHOTS[1:2]).read_bytes())
    matrix = content.find(b"tkhd") + 4 + 4 + 20 + 16
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, SIZE[1] << 16, 0, 1 << 30)
    (tmp_path / "clip.mp4").write_bytes(content)
    (frame,) = chosen_frames(tmp_path / "clip.mp4")
    assert frame.pixels.shape == (SIZE[0], SIZE[1], 3)


def test_frames_that_would_fill_the_memory_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_video(tmp_path / "clip.mp4", SHOTS[1:2])
    monkeypatch.setattr("boxlens.ingest.videos.MOST_PIXELS", SIZE[0] * SIZE[1] - 1)
    with pytest.raises(BadSource, match="160 x 120 pixels"):
        next(chosen_frames(clip))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_video_that_was_cut_off_in_the_middle_is_named(tmp_path: Path, share: float) -> None:
    """Its index is at its end."""
    content = write_video(tmp_path / "clip.mp4", SHOTS[1:2]).read_bytes()
    (tmp_path / "clip.mp4").write_bytes(content[: int(len(content) * share)])
    (ref,) = references([str(tmp_path)])
    assert ref.problem is not None


@pytest.mark.parametrize("brightness", [0, 255])
def test_a_video_that_shows_nothing_is_its_first_frame(tmp_path: Path, brightness: int) -> None:
    blank = np.full((*SIZE[::-1], 3), brightness, np.uint8)
    (frame,) = chosen_frames(write_frames(tmp_path / "blank.mp4", [blank] * 30))
    assert (frame.at_s, frame.shot) == (0.0, 0)
    assert abs(float(frame.pixels.mean()) - brightness) < 10


def test_recordings_that_were_joined_are_all_seen(tmp_path: Path) -> None:
    """Those of camcorders begin at 0 each, in the middle of the file."""
    parts = [write_video(tmp_path / f"{n}.mts", [(n, 4.0)]) for n in range(2)]
    joined = tmp_path / "joined.mts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert [frame.shot for frame in chosen_frames(joined)] == [0, 1]


def test_the_bytes_of_what_is_no_video_are_not_kept(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / "text.mp4").write_text("Good morning\n" * 100)  # as the packets of a transport stream begin
    (ref,) = references([str(tmp_path)], store)
    assert ref.problem is not None
    assert store.held == {}


def test_frames_are_pictures_and_the_second_run_changes_nothing(tmp_path: Path) -> None:
    index, store = InMemoryIndex(), MemoryStore()
    work = indexer(index, networks(), store)
    clip = write_video(tmp_path / "clip.mp4", SHOTS[:3])
    (tmp_path / "clip.mp4.json").write_text('{"description": "a trip", "tags": ["summer"]}')
    source = [str(tmp_path)]
    assert work.ingest(references(source, store), collection="c").stored == 3
    again = work.ingest(references(source, store), collection="c")
    assert (again.stored, again.updated, again.unchanged, again.failed) == (0, 0, 3, 0)
    records = {m.image_id: m for m in index.matching("c", Filter(), 100)}
    images = sorted((index.image("c", image_id)[0].image for image_id in records), key=lambda image: image.source_uri)
    assert {image.file_name for image in images} == {"clip.mp4"}
    assert {(image.caption, image.tags) for image in images} == {("a trip", ("summer",))}
    assert [image.source_uri.split("#t=")[0] for image in images] == [str(clip)] * 3
    ((bucket, key),) = {place for place in store.held if place[0] == "videos"}
    assert store.held[bucket, key] == clip.read_bytes()
    assert {image.attributes["video_key"] for image in images} == {key}


def test_a_hit_tells_the_moment_and_plays(client: TestClient, world: World, tmp_path: Path) -> None:  # noqa: F811
    clip = write_video(tmp_path / "clip.mp4", SHOTS[:2])
    report = world.indexer.ingest(references([str(clip)], world.store), collection="photos")
    assert report.stored == 2
    answer = client.get("/v1/collections/photos/search", params={"q": "clip", "sort": "ingested_at"}).json()
    videos = [hit["video"] for hit in answer["hits"]]
    assert {(video["source_uri"], video["shot"]) for video in videos} == {(str(clip), 0), (str(clip), 1)}
    assert sorted(video["at_s"] for video in videos) == pytest.approx([0.0, 12.0], abs=2 * SAMPLE_S)
    (url,) = {video["url"] for video in videos}
    assert world.store.get("videos", url.split("/file/videos/")[1].split("?")[0]) == clip.read_bytes()


def test_a_large_file_is_put_block_by_block(world: World, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "large.mp4"
    path.write_bytes(bytes(range(256)) * 20_000)
    world.store.put_file("videos", "ab/large.mp4", path)
    there = world.store.stat("videos", "ab/large.mp4")
    assert there is not None
    assert there.size == path.stat().st_size
    assert world.store.get("videos", "ab/large.mp4") == path.read_bytes()
