"""The embedded Elasticsearch as a whole: started, found, kept, locked, killed, and left by nobody."""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from boxlens.domain.errors import NodeFailed
from boxlens.embedded import config
from boxlens.embedded.java_report import java_report
from boxlens.embedded.node import EmbeddedElasticsearch
from boxlens.embedded.state import await_ends
from boxlens.embedded.status import status

START_S = 120
HEAP = "512m"

STARTER = """
import sys, time
from pathlib import Path
from boxlens.embedded.node import EmbeddedElasticsearch

node = EmbeddedElasticsearch(Path(sys.argv[1]), port=0, heap="512m", short_lived=True)
print("starting", flush=True)
node.start(wait_s=120)
print("up", flush=True)
time.sleep(600)
"""


def call(method: str, url: str, body: object = None) -> Any:
    with httpx.Client(trust_env=False, timeout=30) as client:
        return client.request(method, url, json=body).raise_for_status().json()


def gone(pids: list[int], within_s: float = 40) -> bool:
    """Whether all the processes end in time."""
    return await_ends([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], within_s) == []


def node_processes(data_dir: Path) -> list[int]:
    """Every process whose command line names the folder of a node under ``data_dir``."""
    marked = str(config.home_of(data_dir))
    processes = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "boxlens.embedded.process" in line and any(marked in word for word in line):
            processes.append(process.pid)
    return processes


@dataclass
class Running:
    node: EmbeddedElasticsearch
    data_dir: Path
    url: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node of this module's own, started although its first port is taken."""
    data_dir = tmp_path_factory.mktemp("node")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        node = EmbeddedElasticsearch(data_dir, port=taken.getsockname()[1], heap=HEAP, short_lived=True)
        url = node.start(wait_s=START_S)
        assert url != f"http://127.0.0.1:{taken.getsockname()[1]}"
    yield Running(node, data_dir, url)
    node.close()


def test_the_shared_node_answers_searches_by_vector(elasticsearch_url: str) -> None:
    index = f"{elasticsearch_url}/embedded-node-test"
    vector = {"type": "dense_vector", "dims": 3, "similarity": "dot_product", "index": True}
    call("PUT", index, {"mappings": {"properties": {"v": vector}}})
    try:
        for number, v in enumerate([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.8, 0.0]]):
            call("PUT", f"{index}/_doc/{number}?refresh=true", {"v": v})
        query = {"knn": {"field": "v", "query_vector": [0.0, 1.0, 0.0], "k": 2, "num_candidates": 3}}
        hits = call("POST", f"{index}/_search", query)["hits"]["hits"]
        assert [hit["_id"] for hit in hits] == ["1", "2"]
    finally:
        call("DELETE", index)


def test_a_taken_port_leads_to_the_next_free_one(running: Running) -> None:
    assert call("GET", f"{running.url}/_cluster/health")["status"] == "green"


def test_status_tells_what_runs(running: Running) -> None:
    state = running.node.status()
    assert state is not None
    assert state.url == running.url
    assert state.health == "green"
    assert list(state.pids) == node_processes(running.data_dir)
    assert (state.nodes, state.detached) == (1, False)
    report = java_report(running.data_dir)
    assert report.seen_running
    assert report.simd == state.simd


def listening(pid: int) -> list[str]:
    """The addresses on which a process listens, one for each port."""
    sockets = psutil.Process(pid).net_connections("tcp")
    return [entry.laddr.ip.removeprefix("::ffff:") for entry in sockets if entry.status == "LISTEN"]


def test_with_a_port_it_listens_on_that_loopback_address_only(running: Running) -> None:
    state = running.node.status()
    assert state is not None
    addresses = listening(state.pids[0])
    assert len(addresses) >= 2
    assert set(addresses) == {"127.0.0.1"}


def test_without_one_it_listens_on_a_loopback_address_of_its_own(elasticsearch_url: str) -> None:
    host, port = elasticsearch_url.removeprefix("http://").split(":")
    assert ipaddress.ip_address(host).is_loopback
    assert host != "127.0.0.1"
    with socket.socket() as elsewhere:
        assert elsewhere.connect_ex(("127.0.0.1", int(port))) == errno.ECONNREFUSED


def test_another_object_finds_it_and_leaves_it_running(running: Running) -> None:
    with EmbeddedElasticsearch(running.data_dir, port=0, heap=HEAP, short_lived=True) as url:
        assert url == running.url
    assert call("GET", f"{running.url}/_cluster/health")["status"] == "green"


def test_a_second_start_on_its_folder_is_refused_with_the_repair(running: Running) -> None:
    with pytest.raises(NodeFailed, match="already runs") as failed:
        EmbeddedElasticsearch(running.data_dir, port=0, heap=HEAP, short_lived=True).start(wait_s=START_S)
    assert running.url in failed.value.detail
    assert "es stop --data" in failed.value.hint


def test_a_node_lock_held_by_an_unknown_node_is_refused_with_the_repair(running: Running, tmp_path: Path) -> None:
    own = tmp_path / "elasticsearch" / "node-1"
    own.mkdir(parents=True)
    (own / "data").symlink_to(running.node.home / "node-1" / "data")
    with pytest.raises(NodeFailed, match="failed to obtain node lock") as failed:
        EmbeddedElasticsearch(tmp_path, port=0, heap=HEAP, short_lived=True).start(wait_s=START_S)
    assert "another with --data" in failed.value.hint
    assert str(own / "logs" / config.LOG_NAME) in failed.value.hint
    assert node_processes(tmp_path) == []
    assert status(tmp_path) is None


def test_data_are_kept_between_starts_and_sigterm_closes_cleanly(tmp_path: Path) -> None:
    node = EmbeddedElasticsearch(tmp_path, port=0, heap=HEAP, short_lived=True)
    url = node.start(wait_s=START_S, detached=True)
    call("PUT", f"{url}/kept/_doc/1", {"word": "still here"})
    state = status(tmp_path)
    assert state is not None
    os.kill(state.pids[0], signal.SIGTERM)
    assert gone(list(state.pids))
    assert Path(state.logs[0]).read_text().rstrip().endswith("closed")
    left = status(tmp_path)
    assert left is not None
    assert left.health == "dead"
    with EmbeddedElasticsearch(tmp_path, port=0, heap=HEAP, short_lived=True) as url:
        assert call("GET", f"{url}/kept/_doc/1")["_source"] == {"word": "still here"}
    assert node_processes(tmp_path) == []
    assert status(tmp_path) is None


@pytest.mark.parametrize("moment", ["starting", "up"])
def test_a_parent_killed_outright_leaves_no_process(tmp_path: Path, moment: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        while parent.stdout.readline().strip() != moment:
            assert parent.poll() is None
        children = node_processes(tmp_path)
        while not children:
            assert parent.poll() is None
            children = node_processes(tmp_path)
        parent.kill()
        parent.wait(10)
    assert gone(children)
    assert node_processes(tmp_path) == []


def test_a_start_that_fails_quotes_the_log_and_names_it(tmp_path: Path) -> None:
    folder = config.node_folder(config.home_of(tmp_path), 1)
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "_state").write_text("in the way")
    with pytest.raises(NodeFailed, match="node-1 did not start") as failed:
        EmbeddedElasticsearch(tmp_path, port=0, heap=HEAP, short_lived=True).start(wait_s=START_S)
    assert "Exception" in failed.value.detail
    assert str(folder / "logs") in failed.value.hint
    assert node_processes(tmp_path) == []


def test_a_start_that_takes_too_long_is_ended_and_named(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="not up in time"):
        EmbeddedElasticsearch(tmp_path, port=0, heap=HEAP, short_lived=True).start(detached=True, wait_s=0.5)
    assert node_processes(tmp_path) == []


def test_two_nodes_form_a_cluster_and_a_dead_one_is_seen(tmp_path: Path) -> None:
    cluster = EmbeddedElasticsearch(tmp_path, port=0, nodes=2, heap=HEAP, short_lived=True)
    try:
        url = cluster.start(wait_s=START_S)
        replicated = {"settings": {"number_of_shards": 1, "number_of_replicas": 1}}
        call("PUT", f"{url}/both?wait_for_active_shards=2&timeout=60s", replicated)
        call("PUT", f"{url}/both/_doc/1?refresh=true", {"word": "twice"})
        state = cluster.status()
        assert state is not None
        assert state.nodes == len(state.pids) == len(state.urls) == 2
        for address in state.urls:
            assert call("GET", f"{address}/_cluster/health")["number_of_nodes"] == 2
            assert call("GET", f"{address}/both/_doc/1")["_source"] == {"word": "twice"}
        os.kill(state.pids[1], signal.SIGKILL)
        assert gone([state.pids[1]])
        after = cluster.status()
        assert after is not None
        assert (after.nodes, after.pids) == (2, state.pids[:1])
    finally:
        cluster.close()
    assert node_processes(tmp_path) == []
    with pytest.raises(NodeFailed, match="data of 2 nodes"):
        EmbeddedElasticsearch(tmp_path, port=0, nodes=1, heap=HEAP, short_lived=True).start()


def test_the_command_line_starts_finds_and_stops_it(tmp_path: Path) -> None:
    def es(*words: str) -> tuple[int, dict[str, Any]]:
        script = "from boxlens.cli.es import app; app()"
        command = [sys.executable, "-c", script, *words, "--json", "--data", str(tmp_path)]
        environment = os.environ | {"BOXLENS_ELASTICSEARCH__HEAP": HEAP}
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_S, env=environment, check=False)
        return done.returncode, json.loads(done.stdout)

    assert es("status") == (4, {"running": False})
    try:
        code, started = es("start", "--port", "0")
        assert (code, started["running"], started["health"]) == (0, True, "green")
        assert es("start", "--port", "0")[1]["pids"] == started["pids"]
        assert es("status") == (0, started)
    finally:
        code, stopped = es("stop")
    assert (code, stopped) == (0, {"stopped": True})
    assert gone(started["pids"])
    assert es("stop") == (0, {"stopped": False})
