"""How long after its last byte a file in a watched folder is found.

``python -m benchmarks.watching [FILES]`` from the root of the repository: sample pictures are copied into a watched
folder one by one, in four pieces each; after the last piece, the index is asked until the picture is there.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.parts import png

from benchmarks.guides.tables import head
from boxlens.domain.filters import Condition, Filter
from boxlens.domain.pictures import image_id_of
from boxlens.library.following.sync import FolderSync
from boxlens.library.following.watch import Watcher, WatchOptions
from boxlens.samples.making import sample_scenes
from boxlens.settings import ElasticsearchSettings, Settings
from boxlens.wiring import Boxlens, open_boxlens

COLLECTION, SEED, PIECES, BETWEEN_S = "watched", 5, 4, 0.3


def main(files: int = 12) -> None:
    with tempfile.TemporaryDirectory() as root:
        settings = Settings(data_dir=Path(root) / "data", elasticsearch=ElasticsearchSettings(port=0))
        with open_boxlens(settings) as boxlens:
            boxlens.index.create(COLLECTION, boxlens.pack)
            seconds = measure(boxlens, Path(root), files)
        what = f"{files} pictures copied into a watched folder one by one"
        print(head("python -m benchmarks.watching", what, boxlens.pack), "\n")
        print(f"found {statistics.median(seconds):.1f} s after the last byte (median), {max(seconds):.1f} s at most")


def measure(boxlens: Boxlens, root: Path, files: int) -> list[float]:
    """Seconds from the last byte of each picture until a search finds it."""
    folder = root / "pictures"
    folder.mkdir()
    entry = boxlens.following.follow(COLLECTION, str(folder))
    syncing = FolderSync(boxlens, boxlens.indexer, boxlens.following)
    watcher = Watcher(syncing, boxlens.following, [entry], WatchOptions())
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    try:
        while not boxlens.following.folder(entry.id).synced_at:
            time.sleep(0.1)
        # the first one warms the networks up
        pictures = [png(scene.picture) for scene in sample_scenes(files + 1, SEED)]
        return [copy(boxlens, folder / f"{number}.png", data) for number, data in enumerate(pictures)][1:]
    finally:
        stop.set()
        thread.join()


def copy(boxlens: Boxlens, path: Path, data: bytes) -> float:
    """Seconds from the last byte of one picture until a search finds it."""
    with path.open("wb") as file:
        for place in range(PIECES):
            file.write(data[place * len(data) // PIECES : (place + 1) * len(data) // PIECES])
            file.flush()
            time.sleep(BETWEEN_S if place < PIECES - 1 else 0)
    ended = time.monotonic()
    its_image = Filter((Condition("image_id", any_of=(image_id_of(data),)),))
    while not boxlens.index.matching(COLLECTION, its_image, 1):
        time.sleep(0.05)
    return time.monotonic() - ended


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
