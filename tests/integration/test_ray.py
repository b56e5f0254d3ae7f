"""An ingest on a Ray cluster of three nodes, one of them killed in the middle: the same documents as undisturbed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil
import pytest
from tests.servers.ray_nodes import RayNodes, environment, ray_nodes
from tests.shared import PHOTOS, needs_photos

from boxlens.domain.errors import NotFound
from boxlens.domain.filters import Filter
from boxlens.domain.objects import Vector
from boxlens.ingest.run import RUNS
from boxlens.ingest.sources import references
from boxlens.settings import FetchSettings
from boxlens.wiring import Boxlens

KILLS = int(os.environ.get("BOXLENS_TEST_RAY_KILLS", "1"))
NODES, PICTURES, FREE = 3, 24, 4
"""Of so many photographs the first few are served at once."""
WAIT_S = 400

pytest.importorskip("ray", reason="the extra ray is not installed")


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as folder, ray_nodes(NODES, Path(folder)) as cluster:
        yield cluster


class Gate:
    """Photographs by address. All but the first few wait until the gate is opened, so that whoever is killed meanwhile
    has pictures under way."""

    def __init__(self) -> None:
        self.open, self._lock = threading.Event(), threading.Lock()
        self.free = self.waiting = 0
        self.url = ""

    def pass_through(self) -> None:
        with self._lock:
            self.free -= 1
            if self.free >= 0:
                return
            self.waiting += 1
        self.open.wait(WAIT_S)
        with self._lock:
            self.waiting -= 1

    def close(self) -> None:
        self.open.clear()
        self.free = FREE


@contextmanager
def served_photos() -> Iterator[Gate]:
    gate = Gate()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            gate.pass_through()
            body = (PHOTOS / Path(self.path).name.removeprefix("copy-of-")).read_bytes()
            with suppress(OSError):  # the actor that asked may be gone
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gate.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield gate
    finally:
        gate.open.set()
        server.shutdown()
        thread.join(20)
        server.server_close()


def manifest(folder: Path, url: str) -> Path:
    """Addresses of photographs, of two of them under a second name."""
    names = [photo.name for photo in sorted(PHOTOS.glob("*.jpg"))[:PICTURES]]
    names += [f"copy-of-{name}" for name in names[:2]]
    path = folder / "photographs.jsonl"
    path.write_text("".join(json.dumps({"uri": f"{url}/{name}"}) + "\n" for name in names))
    return path


def documents(boxlens: Boxlens, collection: str) -> tuple[dict[str, tuple[object, ...]], dict[str, Vector]]:
    """What is stored of each object, and the vectors of those that have them."""
    boxlens.index.refresh(collection)
    ids = [match.object_id for match in boxlens.index.matching(collection, Filter(), 10_000)]
    stored = boxlens.index.objects(collection, ids, vectors=True)
    facts: dict[str, tuple[object, ...]] = {
        o.object_id: (
            o.label,
            o.box,
            round(o.box_score, 4),
            {o.image.file_name, *o.image.other_names},
            {o.image.source_uri, *o.image.other_sources},
        )
        for o in stored
    }
    return facts, {o.object_id: o.vit_vector for o in stored if o.vit_vector is not None}


def started(boxlens: Boxlens, nodes: RayNodes, collection: str, photos: Path, log: IO[str]) -> subprocess.Popen[str]:
    ours = {
        "BOXLENS_ELASTICSEARCH__URL": boxlens.addresses.elasticsearch,
        "BOXLENS_PROXY__URL": boxlens.addresses.proxy,
        "BOXLENS_PACK": boxlens.settings.pack,
        "BOXLENS_DATA_DIR": str(boxlens.settings.data_dir),
        "BOXLENS_RUNTIME": boxlens.settings.runtime,
        "BOXLENS_PIPELINE__SLAB": "1",
        "BOXLENS_PIPELINE__OCR": "false",
        "BOXLENS_FETCH__ALLOW_HOSTS": '["127.0.0.1"]',
        "BOXLENS_FETCH__TIMEOUT_S": str(WAIT_S),
    }
    command = [sys.executable, "-m", "boxlens", "ingest", photos.name, "-c", collection, "--json"]
    return subprocess.Popen(
        [*command, "--on", f"ray://{nodes.address}"],
        cwd=photos.parent,
        env=environment(nodes.folder) | ours,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


def killed_in_the_middle(
    boxlens: Boxlens, nodes: RayNodes, collection: str, photos: Path, gate: Gate
) -> dict[str, Any]:
    """What an ingest printed of which a node was killed when pictures were in, and every actor had some under way."""
    remarks = photos.parent / f"{collection}.log"
    gate.close()
    with remarks.open("w") as log, started(boxlens, nodes, collection, photos, log) as process:
        try:
            end = time.monotonic() + WAIT_S
            while gate.waiting < NODES * RUNS or not images(boxlens, collection):
                assert process.poll() is None, remarks.read_text()
                assert time.monotonic() < end, f"{gate.waiting} pictures are under way"
                time.sleep(0.1)
            nodes.kill_one()
            gate.open.set()
            output, _ = process.communicate(timeout=WAIT_S)
        finally:
            gate.open.set()
            process.kill()
    assert process.returncode == 0, remarks.read_text()
    assert "An actor was lost" in remarks.read_text()
    printed: dict[str, Any] = json.loads(output)
    return printed


def images(boxlens: Boxlens, collection: str) -> int:
    try:
        boxlens.index.refresh(collection)
        return boxlens.index.info(collection).images
    except NotFound:
        return 0


@needs_photos
@pytest.mark.timeout((2 + 2 * KILLS) * WAIT_S)
def test_a_node_killed_in_the_middle_changes_nothing(boxlens: Boxlens, nodes: RayNodes, tmp_path: Path) -> None:
    # as many threads as an actor has, so that sums are added up in the same order
    changes = {
        "threads": 1,
        "pipeline": boxlens.settings.pipeline.model_copy(update={"ocr": False}),
        "fetch": FetchSettings(allow_hosts=("127.0.0.1",), timeout_s=WAIT_S),
    }
    alone = Boxlens(boxlens.settings.model_copy(update=changes), boxlens.addresses)
    with served_photos() as gate:
        photos = manifest(tmp_path, gate.url)
        gate.open.set()
        whole = alone.indexer.ingest(references([str(photos)]), collection="undisturbed")
        assert (whole.images, whole.failed) == (PICTURES + 2, 0)
        expected, vectors = documents(boxlens, "undisturbed")
        for attempt in range(KILLS):
            if attempt:
                nodes.add_one()
            collection = f"on-ray-{attempt}"
            printed = killed_in_the_middle(boxlens, nodes, collection, photos, gate)
            facts, of_cluster = documents(boxlens, collection)
            assert facts == expected
            assert of_cluster.keys() == vectors.keys()
            # where a batch has another size, sums are added up in another order: equal to about the seventh digit
            assert all(np.allclose(of_cluster[key], vectors[key], rtol=0, atol=1e-5) for key in vectors)
            assert printed["failed"] == 0
            assert sum(printed[name] for name in ("stored", "updated", "unchanged")) == PICTURES + 2
            boxlens.index.drop(collection)


def test_every_node_listens_on_loopback_alone(nodes: RayNodes) -> None:
    """As a Ray of this machine's own does, which is started with the same variables."""
    names: set[str] = set()
    listening: list[str] = []
    for process in psutil.Process(nodes.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # idle workers come and go
            names.add(process.name())
            listening += [c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
    assert {"raylet", "gcs_server"} <= names
    assert listening
    assert [ip for ip in listening if not ip.removeprefix("::ffff:").startswith("127.")] == []
