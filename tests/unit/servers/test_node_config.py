"""The files a node reads, what is checked before a start, and who counts as running."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from boxlens.domain.errors import NodeFailed
from boxlens.embedded import config, preflight
from boxlens.embedded.node import EmbeddedElasticsearch
from boxlens.embedded.startup import log_size, telling_lines
from boxlens.embedded.state import NodeProcess, State, read_state
from boxlens.embedded.status import status


def settings_of(folder: Path) -> dict[str, object]:
    lines = (folder / "config" / "elasticsearch.yml").read_text().splitlines()
    return {name: json.loads(value) for name, value in (line.split(": ", 1) for line in lines)}


def test_one_node_listens_on_loopback_and_looks_for_nobody(tmp_path: Path) -> None:
    written = settings_of(config.write_config(tmp_path, 1, port=9200, nodes=1, fresh=True))
    assert written["network.host"] == "127.0.0.1"
    assert written["http.port"] == "9200-9299"
    assert written["discovery.type"] == "single-node"
    assert written["transport.port"] == 0
    assert not any(name.startswith("discovery.seed") for name in written)


def test_a_node_of_its_own_address_has_one_that_nobody_guesses() -> None:
    hosts = {config.own_host() for _ in range(8)}
    assert all(ipaddress.ip_address(host).is_loopback for host in hosts)
    assert len(hosts) == 8


def test_watermarks_are_absolute(tmp_path: Path) -> None:
    written = settings_of(config.write_config(tmp_path, 1, port=0, nodes=1, fresh=True))
    marks = {name: value for name, value in written.items() if ".watermark." in name}
    assert len(marks) == 3
    assert not any("%" in str(value) for value in marks.values())
    assert written["http.port"] == "0"


def test_nodes_of_a_cluster_read_each_other_and_elect_a_first_master_only_once(tmp_path: Path) -> None:
    fresh = settings_of(config.write_config(tmp_path, 2, port=9200, nodes=3, fresh=True))
    assert fresh["node.name"] == "node-2"
    assert fresh["transport.port"] == 0
    assert fresh["discovery.seed_providers"] == "file"
    assert fresh["cluster.initial_master_nodes"] == ["node-1", "node-2", "node-3"]
    later = settings_of(config.write_config(tmp_path, 2, port=9200, nodes=3, fresh=False))
    assert "cluster.initial_master_nodes" not in later


def test_every_node_of_a_cluster_is_told_the_addresses_of_all(tmp_path: Path) -> None:
    folders = [config.write_config(tmp_path, number, port=0, nodes=2, fresh=True) for number in (1, 2)]
    config.write_seed_hosts(folders, ["127.0.0.1:41000", "127.0.0.1:41001"])
    for folder in folders:
        assert (folder / "config" / "unicast_hosts.txt").read_text().split() == ["127.0.0.1:41000", "127.0.0.1:41001"]


def test_two_data_folders_are_two_clusters(tmp_path: Path) -> None:
    names = [settings_of(config.write_config(tmp_path / name, 1, port=0, nodes=1, fresh=True)) for name in ("a", "b")]
    assert names[0]["cluster.name"] != names[1]["cluster.name"]


def test_a_folder_name_with_odd_characters_stays_one_yaml_string(tmp_path: Path) -> None:
    odd = tmp_path / 'a: "b" #图'
    written = settings_of(config.write_config(odd, 1, port=0, nodes=1, fresh=True))
    assert written["path.data"] == str(odd / "node-1" / "data")


def test_the_spec_survives_its_file(tmp_path: Path) -> None:
    spec = config.NodeSpec("node-1", "jvm", ["-Xmx1g"], ["a.jar"], "home", "config", "logs", attached=True)
    assert config.NodeSpec.read(spec.write(tmp_path)) == spec


def test_errors_are_quoted_before_other_lines(tmp_path: Path) -> None:
    log = tmp_path / "logs" / config.LOG_NAME
    log.parent.mkdir()
    log.write_text("[INFO ] all well\n[ERROR] it broke\n\tat java.Thing\n[INFO ] later\n")
    assert telling_lines(tmp_path) == ["[ERROR] it broke"]
    log.write_text("[INFO ] all well\n[INFO ] later\n")
    assert telling_lines(tmp_path) == ["[INFO ] all well", "[INFO ] later"]


def test_errors_of_an_earlier_start_are_not_quoted(tmp_path: Path) -> None:
    log = tmp_path / "logs" / config.LOG_NAME
    log.parent.mkdir()
    assert log_size(tmp_path) == 0
    log.write_text("[ERROR] last week\n")
    before = log_size(tmp_path)
    with log.open("a") as file:
        file.write("[INFO ] today\n")
    assert telling_lines(tmp_path, before) == ["[INFO ] today"]
    log.write_text("[ERROR] new\n")
    assert telling_lines(tmp_path, before) == ["[ERROR] new"]


@pytest.mark.parametrize(("heap", "size"), [("512m", 512 << 20), ("2g", 2 << 30), ("262144k", 256 << 20)])
def test_heap_is_read(heap: str, size: int) -> None:
    assert preflight.heap_bytes(heap) == size


@pytest.mark.parametrize("heap", ["", "g", "12", "1.5g", "-1g", "64m", "lots"])
def test_a_heap_that_cannot_be_used_is_refused(heap: str) -> None:
    with pytest.raises(NodeFailed, match="cannot be used"):
        preflight.heap_bytes(heap)


def test_too_little_memory_names_what_is_needed_and_a_smaller_heap(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match=r"need \d+ MB of memory") as failed:
        preflight.check_start(tmp_path, nodes=1, nodes_before=0, heap="9000g")
    assert "HEAP" in failed.value.hint


def test_fewer_nodes_than_have_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="3 nodes") as failed:
        preflight.check_start(tmp_path, nodes=1, nodes_before=3, heap="512m")
    assert "--nodes 3" in failed.value.hint


@pytest.mark.parametrize("nodes", [0, 10])
def test_a_number_of_nodes_out_of_range_is_refused(tmp_path: Path, nodes: int) -> None:
    with pytest.raises(NodeFailed, match="cannot be started"):
        preflight.check_start(tmp_path, nodes=nodes, nodes_before=0, heap="512m")


def state_of(pid: int, created: float, home: Path) -> State:
    home.mkdir(parents=True, exist_ok=True)
    node = NodeProcess("node-1", pid, created, "http://127.0.0.1:9", "127.0.0.1:9", "node.log")
    state = State((node,), "2026-01-01T00:00:00+00:00", True, "Java 25", False)
    state.write(home)
    return state


def test_a_process_is_known_by_number_and_start_time(tmp_path: Path) -> None:
    me = psutil.Process()
    home = config.home_of(tmp_path)
    state = state_of(me.pid, me.create_time(), home)
    assert read_state(home) == state
    assert len(state.alive) == 1
    assert state_of(me.pid, me.create_time() - 60, home).alive == ()


def test_a_number_that_another_program_has_now_is_neither_running_nor_stopped(tmp_path: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        state_of(sleeper.pid, psutil.Process(sleeper.pid).create_time() - 60, config.home_of(tmp_path))
        reported = status(tmp_path)
        assert reported is not None
        assert (reported.health, reported.pids) == ("dead", ())
        assert EmbeddedElasticsearch(tmp_path).stop() is False
        assert sleeper.poll() is None
        assert status(tmp_path) is None
    finally:
        sleeper.kill()
        sleeper.wait(10)


def test_an_ended_process_is_not_running(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    created = psutil.Process(ended.pid).create_time()
    ended.communicate(b"\n", timeout=20)
    assert state_of(ended.pid, created, tmp_path).alive == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nodes": 3}', '{"nodes": []}'])
def test_a_damaged_state_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert read_state(tmp_path) is None


def test_a_file_in_place_of_the_data_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(NodeFailed, match="cannot be written") as failed:
        EmbeddedElasticsearch(tmp_path / "data").start()
    assert "--data" in failed.value.hint
