"""Following a folder through random histories, killed runs among them, against what a look at the whole folder says.

``BOXLENS_EXAMPLES`` sets how many histories are tried.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.parts import MemoryStore, indexer, networks, png, scene

from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord, image_id_of
from boxlens.domain.reports import ItemResult
from boxlens.index.memory.index import InMemoryIndex
from boxlens.ingest.folders import Part
from boxlens.library.following.folders import Gone, SyncReport
from boxlens.library.following.ledger import Ledger
from boxlens.library.following.sync import FolderSync, SyncOptions
from boxlens.library.recorded_writer import RecordedWriter
from boxlens.records.records import Records

EXAMPLES = int(os.environ.get("BOXLENS_EXAMPLES", "30"))
# of different sizes each, so that no two can be taken for one another within a tick of the file system's clock
CONTENTS = tuple(png(scene(seed=n, size=(24 + 4 * n, 18))) for n in range(4))
NAMES = ("a.png", "b.png", "album/a.png", "album/c.png", "album/deep/d.png")
names = st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("write"), names, st.integers(0, len(CONTENTS) - 1)),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("copy"), names, names),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("delete folder"), st.sampled_from(("album", "album/deep"))),
    st.tuples(st.just("touch"), names),
    st.tuples(st.just("sync")),
    st.tuples(st.just("sync what changed")),
    st.tuples(st.just("killed sync"), st.integers(0, 9)),
)


class Killed(BaseException):
    """Stands for kill -9."""


@dataclass
class Fuse:
    """Burns down by one with every write; None does not burn."""

    left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


class MortalIndex(InMemoryIndex):
    """Counts its writes; dies between them when the fuse is out."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse, self.writes = fuse, 0

    def write(
        self, collection: str, objects: Iterable[IndexedObject], *, ingested: Mapping[str, datetime] | None = None
    ) -> Iterator[ItemResult]:
        for result in super().write(collection, objects, ingested=ingested):
            self.writes += 1
            yield result
            self.fuse.burn()

    def delete_image(self, collection: str, image_id: str, *, strays: bool = False, visible: bool = True) -> int:
        self.fuse.burn()
        return super().delete_image(collection, image_id, strays=strays, visible=visible)


class MortalLedger(Ledger):
    """A ledger whose process may die at any of its statements."""

    fuse: Fuse

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        if not statement.startswith("SELECT"):
            self.fuse.burn()
        return super().execute(statement, *values)


@dataclass
class Followed:
    """A folder, the collection that follows it, and what must be found there."""

    root: Path
    gone: Gone
    ever: dict[str, set[str]] = field(default_factory=dict)
    dirty: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.fuse = Fuse()
        self.index = MortalIndex(self.fuse)
        self.store = MemoryStore()
        self.writer = RecordedWriter(self.index, Records(self.store))
        self.bucket = "pictures"
        self.folder = self.root / "followed"
        self.folder.mkdir()
        self.ledger = MortalLedger(self.root / "following.sqlite")
        self.ledger.fuse = self.fuse
        self.work = indexer(self.index, networks(), self.store)

    def sync(self, parts: list[Part] | None = None, *, dry: bool = False) -> SyncReport:
        entry = self.ledger.follow("c", str(self.folder))
        # the clock is ahead, so that no file counts as just changed
        syncing = FolderSync(self, self.work, self.ledger, lambda: time.time_ns() + 10**11)
        report = syncing.run(entry, SyncOptions(self.gone, even_empty=True, dry=dry), parts=parts)
        if not dry:
            self.dirty.clear()
        return report

    def present(self) -> dict[str, set[str]]:
        """Paths by image, by looking at every file."""
        paths: dict[str, set[str]] = {}
        for path in self.folder.rglob("*.png"):
            paths.setdefault(image_id_of(path.read_bytes()), set()).add(str(path))
        return paths

    def stored(self) -> dict[str, ImageRecord]:
        ids = [match.object_id for match in self.index.matching("c", Filter(), 10_000)]
        return {obj.image.image_id: obj.image for obj in self.index.objects("c", ids)}


def apply(followed: Followed, step: tuple[Any, ...]) -> None:
    """One step of a history that a person takes; nothing where it makes no sense."""
    kind, *arguments = step
    paths = [followed.folder / name for name in arguments if isinstance(name, str)]
    followed.dirty.update(paths)
    paths[-1].parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "write":
            paths[0].write_bytes(CONTENTS[arguments[1]])
        case "rename" if paths[0].exists():
            paths[0].replace(paths[1])
        case "copy" if paths[0].exists() and paths[0] != paths[1]:
            shutil.copyfile(paths[0], paths[1])
        case "delete":
            paths[0].unlink(missing_ok=True)
        case "delete folder":
            shutil.rmtree(paths[0], ignore_errors=True)
        case "touch" if paths[0].exists():
            os.utime(paths[0])


def parts_of(paths: Iterable[Path]) -> list[Part]:
    """What a watcher looks at when these paths were touched."""
    return [part for path in paths for part in (Part(path.parent, deep=False), Part(path))]


def check(followed: Followed) -> None:
    """The collection holds exactly what it should, and a further sync writes nothing."""
    present, stored = followed.present(), followed.stored()
    for image_id, paths in present.items():
        followed.ever.setdefault(image_id, set()).update(Path(path).name for path in paths)
    if followed.gone == "trash":
        followed.ever = {image_id: names for image_id, names in followed.ever.items() if image_id in present}
        assert set(stored) == set(present)
    assert set(stored) >= set(followed.ever)
    for image_id, record in stored.items():
        if image_id in present:
            assert {record.source_uri, *record.other_sources} == present[image_id]
            assert Path(record.source_uri).name == record.file_name
        assert bool(record.gone_at) == (image_id not in present and followed.gone == "mark")
        assert {record.file_name, *record.other_names} >= followed.ever.get(image_id, set())
    writes = followed.index.writes
    again = followed.sync()
    assert not any(again.changes.values())
    assert (again.updated, again.failed, again.unchanged) == (0, 0, sum(map(len, present.values())))
    assert followed.index.writes == writes


@settings(max_examples=EXAMPLES)
@given(gone=st.sampled_from(("keep", "mark", "trash")), history=st.lists(steps, min_size=4, max_size=16))
def test_histories(gone: Gone, history: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        followed = Followed(Path(root), gone)
        with closing(followed.ledger):
            for step in history:
                match step:
                    case ("sync",):
                        followed.sync()
                        check(followed)
                    case ("sync what changed",):
                        followed.sync(parts_of(followed.dirty))
                        check(followed)
                    case ("killed sync", left):
                        followed.fuse.left = left
                        with suppress(Killed):
                            followed.sync()
                        followed.fuse.left = None
                    case _:
                        apply(followed, step)
            followed.sync()
            check(followed)


def test_what_a_sync_says(tmp_path: Path) -> None:
    followed = Followed(tmp_path, "trash")
    apply(followed, ("write", "a.png", 0))
    apply(followed, ("write", "b.png", 1))
    apply(followed, ("copy", "b.png", "album/c.png"))
    dry = followed.sync(dry=True)
    assert dry.changes == {"new": 2, "copied": 1}
    assert followed.index.collections() == []
    assert followed.sync().changes == dry.changes
    apply(followed, ("rename", "a.png", "album/deep/d.png"))
    apply(followed, ("delete", "b.png"))
    assert followed.sync(dry=True).changes == {"moved": 1, "name_gone": 1}
    assert followed.sync().changes == {"moved": 1, "name_gone": 1}
    moved = followed.stored()[image_id_of(CONTENTS[0])]
    assert (moved.file_name, moved.other_names) == ("d.png", ("a.png",))
    apply(followed, ("write", "album/c.png", 2))
    assert followed.sync(dry=True).changes == {"changed": 1}
    assert len(followed.stored()) == 2
    assert followed.sync().changes == {"changed": 1}
    assert set(followed.stored()) == {image_id_of(CONTENTS[n]) for n in (0, 2)}
    apply(followed, ("delete folder", "album"))
    apply(followed, ("write", "a.png", 3))
    assert followed.sync().changes == {"gone": 2, "new": 1}
    assert set(followed.stored()) == {image_id_of(CONTENTS[3])}
    followed.ledger.close()


def test_a_picture_that_also_lies_elsewhere_is_not_gone(tmp_path: Path) -> None:
    from boxlens.domain.references import ImageRef

    followed = Followed(tmp_path, "trash")
    apply(followed, ("write", "a.png", 0))
    apply(followed, ("write", "b.png", 1))
    followed.sync()
    followed.work.add(ImageRef("upload:mine.png", data=CONTENTS[0]), collection="c")
    apply(followed, ("delete", "a.png"))
    followed.sync()
    record = followed.stored()[image_id_of(CONTENTS[0])]
    assert (record.source_uri, record.other_sources) == ("upload:mine.png", ())
    assert record.other_names == ("a.png",)
    followed.ledger.close()


def test_what_a_person_deleted_stays_deleted(tmp_path: Path) -> None:
    from boxlens.library.deletion import delete_image

    followed = Followed(tmp_path, "mark")
    apply(followed, ("write", "a.png", 0))
    followed.sync()
    delete_image(followed, "c", image_id_of(CONTENTS[0]))
    assert followed.sync().changes == {}
    apply(followed, ("touch", "a.png"))
    assert followed.sync().deleted == 1
    apply(followed, ("rename", "a.png", "b.png"))
    followed.sync()
    assert followed.stored() == {}
    entry = followed.ledger.follow("c", str(followed.folder))
    taking = replace(SyncOptions(), take_deleted=True)
    FolderSync(followed, followed.work, followed.ledger).run(entry, taking)
    assert followed.stored()[image_id_of(CONTENTS[0])].file_name == "b.png"
    followed.ledger.close()
