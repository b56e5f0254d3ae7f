"""kill -9 at a random moment of an ingest, then the same command: the same documents as an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.shared import PHOTOS, needs_photos

from boxlens.domain.errors import NotFound
from boxlens.domain.filters import Filter
from boxlens.domain.objects import IndexedObject
from boxlens.wiring import Boxlens

KILLS = 6
PICTURES = 24


def command(collection: str, source: Path) -> list[str]:
    return [sys.executable, "-m", "boxlens", "ingest", str(source), "-c", collection, "--json"]


def environment(boxlens: Boxlens) -> dict[str, str]:
    return os.environ | {
        "BOXLENS_ELASTICSEARCH__URL": boxlens.addresses.elasticsearch,
        "BOXLENS_PROXY__URL": boxlens.addresses.proxy,
        "BOXLENS_PACK": boxlens.settings.pack,
        "BOXLENS_DATA_DIR": str(boxlens.settings.data_dir),
        "BOXLENS_RUNTIME": boxlens.settings.runtime,
        "BOXLENS_PIPELINE__SLAB": "3",
        "BOXLENS_PIPELINE__OCR": "false",
    }


def documents(boxlens: Boxlens, collection: str) -> dict[str, tuple[object, ...]]:
    boxlens.index.refresh(collection)
    ids = [m.object_id for m in boxlens.index.matching(collection, Filter(), 10_000)]
    stored = boxlens.index.objects(collection, ids, vectors=True)
    return {o.object_id: (o.label, o.box, round(o.box_score, 4), o.image.file_name, vector(o)) for o in stored}


def vector(stored: IndexedObject) -> bytes | None:
    return None if stored.vit_vector is None else stored.vit_vector.tobytes()


@needs_photos
def test_a_killed_run_is_simply_run_again(boxlens: Boxlens, tmp_path: Path) -> None:
    source = tmp_path / "pictures"
    source.mkdir()
    for photo in sorted(PHOTOS.iterdir())[:PICTURES]:
        (source / photo.name).symlink_to(photo)
    run = {"cwd": tmp_path, "env": environment(boxlens), "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    started = time.monotonic()
    subprocess.run(command("undisturbed", source), check=True, timeout=300, **run)  # type: ignore[call-overload]
    whole = time.monotonic() - started
    expected = documents(boxlens, "undisturbed")
    chance = random.Random(os.getpid())
    partial = 0
    for attempt in range(KILLS):
        collection = f"killed-{attempt}"
        child = subprocess.Popen(command(collection, source), **run)  # type: ignore[call-overload]
        if attempt % 2:  # at any moment, the start included
            time.sleep(chance.uniform(0, 1) * whole)
        else:
            wait_for_documents(boxlens, collection, chance.randint(1, len(expected) // 2), child)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        partial += 0 < stored(boxlens, collection) < len(expected)
        subprocess.run(command(collection, source), check=True, timeout=300, **run)  # type: ignore[call-overload]
        assert documents(boxlens, collection) == expected
        boxlens.index.drop(collection)
    if not partial:
        pytest.fail("no kill met the middle of an ingest: the test shows nothing")


def stored(boxlens: Boxlens, collection: str) -> int:
    """Documents that were acknowledged, of a collection that may not be there yet."""
    try:
        boxlens.index.refresh(collection)
        info = boxlens.index.info(collection)
    except NotFound:
        return 0
    return info.images + info.objects


def wait_for_documents(boxlens: Boxlens, collection: str, count: int, child: subprocess.Popen[bytes]) -> None:
    """Until so many are stored, or the run has ended."""
    while child.poll() is None and stored(boxlens, collection) < count:
        time.sleep(0.02)
