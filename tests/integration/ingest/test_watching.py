"""A watched folder in this process: small networks, the real events of the system."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from tests.parts import MemoryStore, indexer, networks, png, scene
from tests.samples.pictures import saved

from boxlens.domain.filters import Filter
from boxlens.domain.pictures import ImageRecord, image_id_of
from boxlens.index.memory.index import InMemoryIndex
from boxlens.library.following.ledger import Ledger
from boxlens.library.following.quiet import QuietTimes
from boxlens.library.following.sync import FolderSync, SyncOptions, Tellers
from boxlens.library.following.watch import Watcher, WatchOptions, on_network_drive
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.records.records import Records

LONGEST_S = 60  # a busy machine is no reason to fail


@dataclass
class Shelf:
    index: InMemoryIndex
    store: MemoryStore
    bucket: str = "pictures"

    @property
    def writer(self) -> RecordedWriter:
        return RecordedWriter(self.index, Records(self.store))

    def records(self) -> dict[str, ImageRecord]:
        """Images by the name of their file."""
        if not self.index.collections():
            return {}
        ids = [match.object_id for match in self.index.matching("c", Filter(), 1000)]
        return {obj.image.file_name: obj.image for obj in self.index.objects("c", ids)}


class Scene:
    """A folder and what follows it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "pictures"
        self.folder.mkdir()
        self.shelf = Shelf(InMemoryIndex(), MemoryStore())
        self.ledger = Ledger(root / "following.sqlite")
        self.entry = self.ledger.follow("c", str(self.folder))
        self.failed: list[str] = []

    @contextmanager
    def watched(self, options: WatchOptions) -> Iterator[None]:
        work = indexer(self.shelf.index, networks(), self.shelf.store)
        tellers = Tellers(failure=lambda ref, failure: self.failed.append(failure.uri))
        syncing = FolderSync(self.shelf, work, self.ledger)
        watcher = Watcher(syncing, self.ledger, [self.entry], options, tellers=tellers)
        stop = threading.Event()
        thread = threading.Thread(target=watcher.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.ledger.close()


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


@pytest.mark.parametrize("poll", [False, True], ids=["by events", "by looking"])
def test_a_folder_is_followed_as_it_changes(tmp_path: Path, poll: bool) -> None:
    scene_of = Scene(tmp_path)
    folder, shelf = scene_of.folder, scene_of.shelf
    first, second, third = (png(scene(seed=n, size=(64, 48))) for n in range(3))
    (folder / "first.png").write_bytes(first)
    with scene_of.watched(WatchOptions(SyncOptions("trash"), poll_s=0.2, poll=poll)):
        eventually(lambda: set(shelf.records()) == {"first.png"})
        with (folder / "second.png").open("wb") as file:  # copied slowly: never taken in by halves
            for start in range(0, len(second), len(second) // 4):
                file.write(second[start : start + len(second) // 4])
                file.flush()
                time.sleep(0.3)
        eventually(lambda: set(shelf.records()) == {"first.png", "second.png"})
        assert shelf.records()["second.png"].image_id == image_id_of(second)
        assert scene_of.failed == []
        (folder / "album").mkdir()
        (folder / "second.png").rename(folder / "album" / "renamed.png")
        eventually(lambda: set(shelf.records()) == {"first.png", "renamed.png"})
        assert shelf.records()["renamed.png"].other_names == ("second.png",)
        (folder / "first.png").write_bytes(third)
        eventually(lambda: {r.image_id for r in shelf.records().values()} == {image_id_of(second), image_id_of(third)})
        (folder / "album").rename(folder / "trip")
        eventually(lambda: shelf.records()["renamed.png"].source_uri == str(folder / "trip" / "renamed.png"))
        (folder / "trip" / "renamed.png").unlink()
        eventually(lambda: set(shelf.records()) == {"first.png"})
        assert scene_of.ledger.folder(scene_of.entry.id).standing(time.time()) in ("waiting", "working")


@pytest.mark.parametrize("poll", [False, True], ids=["by events", "by looking"])
def test_a_copy_that_pauses_is_waited_for(tmp_path: Path, poll: bool) -> None:
    """However long it pauses: as long as it is open for writing. Of full size from the start, it would be half a
    picture that decodes."""
    scene_of = Scene(tmp_path)
    folder, shelf = scene_of.folder, scene_of.shelf
    whole = saved(Image.fromarray(scene(seed=1, size=(64, 48))), "BMP")
    with scene_of.watched(WatchOptions(poll_s=0.2, poll=poll)):
        with (folder / "slow.bmp").open("wb") as file:
            file.truncate(len(whole))
            file.write(whole[: len(whole) // 2])
            file.flush()
            for n in range(2, 5):  # what comes meanwhile is taken in, one after the other
                (folder / f"{n}.png").write_bytes(png(scene(seed=n, size=(64, 48))))
                eventually(lambda n=n: f"{n}.png" in shelf.records())  # type: ignore[misc]
            assert set(shelf.records()) == {"2.png", "3.png", "4.png"}
            file.write(whole[len(whole) // 2 :])
        eventually(lambda: "slow.bmp" in shelf.records())
        assert shelf.records()["slow.bmp"].image_id == image_id_of(whole)
    assert scene_of.failed == []


def test_a_picture_that_an_editor_saves_is_the_new_one(tmp_path: Path) -> None:
    """Beside the old one, then over it; with a copy for safety that goes again."""
    scene_of = Scene(tmp_path)
    folder, shelf = scene_of.folder, scene_of.shelf
    before, after = (png(scene(seed=n, size=(64, 48))) for n in (1, 2))
    (folder / "a.png").write_bytes(before)
    with scene_of.watched(WatchOptions(SyncOptions("trash"))):
        eventually(lambda: set(shelf.records()) == {"a.png"})
        (folder / ".a.png.part").write_bytes(after)
        (folder / "a.png").rename(folder / "a.png~")
        (folder / ".a.png.part").rename(folder / "a.png")
        (folder / "a.png~").unlink()
        eventually(lambda: [r.image_id for r in shelf.records().values()] == [image_id_of(after)])
        assert set(shelf.records()) == {"a.png"}
    assert scene_of.failed == []


def test_names_that_are_swapped_and_case_that_changes(tmp_path: Path) -> None:
    scene_of = Scene(tmp_path)
    folder, shelf = scene_of.folder, scene_of.shelf
    ids = {}
    for n, name in enumerate(("a.png", "b.png", "c.png")):
        (folder / name).write_bytes(png(scene(seed=n, size=(64, 48))))
        ids[name] = image_id_of((folder / name).read_bytes())

    def lies(path: str, image_id: str) -> bool:
        return {r.source_uri: r.image_id for r in shelf.records().values()}.get(str(folder / path)) == image_id

    with scene_of.watched(WatchOptions(SyncOptions("trash"))):
        eventually(lambda: len(shelf.records()) == 3)
        (folder / "a.png").rename(folder / "x")
        (folder / "b.png").rename(folder / "a.png")
        (folder / "x").rename(folder / "b.png")
        (folder / "c.png").rename(folder / "C.PNG")
        eventually(lambda: lies("a.png", ids["b.png"]) and lies("b.png", ids["a.png"]) and lies("C.PNG", ids["c.png"]))
        assert len(shelf.records()) == 3
    assert scene_of.failed == []


def test_a_paused_folder_rests_and_catches_up(tmp_path: Path) -> None:
    scene_of = Scene(tmp_path)
    folder, shelf, ledger, id = scene_of.folder, scene_of.shelf, scene_of.ledger, scene_of.entry.id
    ledger.update(id, paused=True)
    with scene_of.watched(WatchOptions()):
        eventually(lambda: ledger.folder(id).state == "paused")
        (folder / "a.png").write_bytes(png(scene(size=(64, 48))))
        eventually(lambda: ledger.folder(id).pending > 0)
        assert shelf.records() == {}
        ledger.update(id, paused=False)
        eventually(lambda: set(shelf.records()) == {"a.png"})
        eventually(lambda: ledger.folder(id).report.get("new") == 1 and ledger.folder(id).state == "waiting")


def test_nothing_is_taken_in_in_quiet_times(tmp_path: Path) -> None:
    scene_of = Scene(tmp_path)
    now = datetime.now()
    spans = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    (scene_of.folder / "a.png").write_bytes(png(scene(size=(64, 48))))
    with scene_of.watched(WatchOptions(quiet=QuietTimes.parse(spans))):
        eventually(lambda: scene_of.ledger.folder(scene_of.entry.id).state == "quiet")
        assert scene_of.shelf.records() == {}


def test_a_folder_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    scene_of = Scene(tmp_path)
    folder, shelf = scene_of.folder, scene_of.shelf
    (folder / "a.png").write_bytes(png(scene(seed=1, size=(64, 48))))
    with scene_of.watched(WatchOptions(SyncOptions("trash"))):
        eventually(lambda: set(shelf.records()) == {"a.png"})
        folder.rename(tmp_path / "unplugged")
        eventually(lambda: scene_of.ledger.folder(scene_of.entry.id).state == "away")
        (tmp_path / "unplugged" / "b.png").write_bytes(png(scene(seed=2, size=(64, 48))))
        assert set(shelf.records()) == {"a.png"}  # a drive that is away is no reason to delete its pictures
        (tmp_path / "unplugged").rename(folder)
        eventually(lambda: set(shelf.records()) == {"a.png", "b.png"})


def test_the_folder_of_a_test_is_on_no_network_drive(tmp_path: Path) -> None:
    assert not on_network_drive(tmp_path / "a" / "b")
