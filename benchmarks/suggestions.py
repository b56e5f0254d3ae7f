"""Prints how long a suggestion takes over the terms of a collection of 100,000 objects.

``python -m benchmarks.suggestions`` from the root of the repository. The collection is made up: 25,000 pictures of four
objects, each with a caption, two of 2,000 tags, and a file name; the time is that of the call behind the API, its terms
in memory, and of the first call, which reads them, apart.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import numpy as np
from pypinyin.phrases_dict import phrases_dict

from benchmarks.guides.tables import head, table
from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.objects import IndexedObject
from boxlens.domain.pictures import ImageRecord
from boxlens.index.memory.index import InMemoryIndex
from boxlens.models.coco_labels import COCO
from boxlens.suggestions.suggester import Suggester

PICTURES, OBJECTS = 25_000, 4
TYPED = (
    "d",
    "do",
    "dog",
    "人",
    "自行",
    "zixing",
    "bicylce",
    "gou",
    "海",
    "img_00",
    "traf",
    "qwertyuiop",
    "zxc",
    "teddy b",
)


def main() -> None:
    what = f"suggestions over {PICTURES * OBJECTS:,} objects, {PICTURES:,} captions and file names, 2,000 tags"
    print(head("python -m benchmarks.suggestions", what) + "\n", flush=True)
    suggester = Suggester(_collection(), COCO, check_seconds=3600)
    start = time.perf_counter()
    suggester.suggest("c", "d", 8)
    first = (time.perf_counter() - start) * 1000
    times = {typed: [_time(suggester, typed) for _ in range(30)] for typed in TYPED}
    every = np.concatenate(list(times.values()))
    rows = [(typed, f"{np.median(some):.2f}", f"{np.quantile(some, 0.95):.2f}") for typed, some in times.items()]
    rows.append(("all", f"{np.median(every):.2f}", f"{np.quantile(every, 0.95):.2f}"))
    print(table(("typed", "p50, ms", "p95, ms"), rows))
    print(f"\nThe first call, which reads the terms: {first:,.0f} ms.")


def _time(suggester: Suggester, typed: str) -> float:
    start = time.perf_counter()
    suggester.suggest("c", typed, 8)
    return (time.perf_counter() - start) * 1000


def _collection() -> InMemoryIndex:
    rng = np.random.default_rng(1)
    words = [word for word in phrases_dict if len(word) == 2]
    tags = [str(tag) for tag in rng.choice(words, 2000, replace=False)]
    index = InMemoryIndex()
    index.create("c", PackInfo("suggestions", "0" * 64, None, None))
    objects: list[IndexedObject] = []
    for number in range(PICTURES):
        image = _record(number, " ".join(rng.choice(words, 6)), tuple(str(tag) for tag in rng.choice(tags, 2)))
        objects.append(IndexedObject(image, 0, "frame", Box(0, 0, 640, 480), "", 1.0))
        labels = rng.integers(0, len(COCO), OBJECTS)
        objects += [
            IndexedObject(image, i + 1, "object", Box(9, 9, 99, 99), COCO[label].id, 0.9)
            for i, label in enumerate(labels)
        ]
    assert all(result.ok for result in index.write("c", objects))
    return index


def _record(number: int, caption: str, tags: tuple[str, ...]) -> ImageRecord:
    digest, name = f"{number:064x}", f"IMG_{number:05d}.jpg"
    return ImageRecord(
        digest, "b", name, f"file:///{name}", name, 640, 480, 9, "jpeg", "m", caption=caption, tags=tags,
        taken_at=datetime(2024, 1, 1, tzinfo=UTC),
    )  # fmt: skip


if __name__ == "__main__":
    main()
