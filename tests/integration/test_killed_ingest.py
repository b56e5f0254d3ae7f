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

from embedding_pipeline.domain import IndexedObject
from embedding_pipeline.queries import Filter
from embedding_pipeline.wiring import Boxlens

KILLS = 6
PICTURES = 24


def command(collection: str, source: Path) -> list[str]:
    return [sys.executable, "-m", "embedding_pipeline", "ingest", str(source), "-c", collection, "--json"]


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
    moments = random.Random(os.getpid())
    partial = 0
    for attempt in range(KILLS):
        collection = f"killed-{attempt}"
        child = subprocess.Popen(command(collection, source), **run)  # type: ignore[call-overload]
        # starting up takes about a third: most kills should hit the middle of the work
        time.sleep(moments.uniform(0.3, 1.0) * whole)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        names = {info.name for info in boxlens.index.collections()}
        left = len(documents(boxlens, collection)) if collection in names else 0
        partial += 0 < left < len(expected)
        subprocess.run(command(collection, source), check=True, timeout=300, **run)  # type: ignore[call-overload]
        assert documents(boxlens, collection) == expected
        boxlens.index.drop(collection)
    if not partial:
        pytest.fail("no kill met the middle of an ingest: the test shows nothing")
