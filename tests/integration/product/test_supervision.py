"""Servers that are killed come back at their address, and those who ask are served again."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest

from boxlens.domain.boxes import Box
from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import ElasticsearchAway, ProxyAway
from boxlens.embedded.config import home_of
from boxlens.embedded.state import embedded_address, read_state
from boxlens.index.elasticsearch.client import connect, following
from boxlens.index.elasticsearch.index import ElasticsearchIndex
from boxlens.objectstore.proxy_client import ProxyStore
from boxlens.servers import embedded_elasticsearch, embedded_proxy
from boxlens.settings import ElasticsearchSettings, Settings
from boxlens.supervision import STEADY_S, Waits, kept_running

BACK_S = 240.0  # on a busy machine; a few seconds otherwise


def children(word: str) -> set[psutil.Process]:
    """Our child processes whose command line holds a word."""
    holding = set()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # ended since, or about to be reaped
            if any(word in part for part in child.cmdline()):
                holding.add(child)
    return holding


def kill(process: psutil.Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)


def eventually(index: ElasticsearchIndex) -> list[str]:
    """The names of the collections, as soon as they can be searched again."""
    deadline = time.monotonic() + BACK_S
    while True:
        try:
            return [info.name for info in index.collections()]
        except ElasticsearchAway:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def test_a_killed_proxy_comes_back_at_its_address_with_what_it_stored(tmp_path: Path) -> None:
    reports: list[str] = []
    others = children("minio_proxy.main")  # of tests that ran in this process before
    with embedded_proxy(Settings(data_dir=tmp_path), 0, report=reports.append) as address:
        store = ProxyStore(address)
        store.put("pictures", "a/1.txt", b"kept", "text/plain")
        for _ in range(2):
            (child,) = children("minio_proxy.main") - others
            kill(child)
            assert store.get("pictures", "a/1.txt") == b"kept"
        assert store.url("pictures", "a/1.txt", box=Box(0, 0, 1, 1)).startswith(address)
        store.close()
    assert len(reports) == 2
    assert children("minio_proxy.main") <= others


def test_what_will_not_start_is_tried_after_growing_waits() -> None:
    starts: list[float] = []

    def start() -> None:
        starts.append(time.monotonic())
        raise ProxyAway("it does not start")

    with kept_running("it", lambda: len(starts) >= 4, start, lambda text: None):
        deadline = time.monotonic() + BACK_S
        while len(starts) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
    waits = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert len(starts) == 4
    assert [wait >= least for wait, least in zip(waits, (0.5, 1.0, 2.0), strict=True)] == [True] * 3


def test_only_ends_in_quick_succession_are_waited_out_for_longer() -> None:
    waits = Waits()
    assert [waits.after(ran_s) for ran_s in (0, 0.1, 1)] == [0.25, 0.5, 1.0]
    assert [waits.after(STEADY_S + 1) for _ in range(20)] == [0.25] * 20
    assert [waits.after(-math.inf) for _ in range(2000)][-1] == 30.0


def test_a_killed_elasticsearch_comes_back_and_its_client_follows(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, elasticsearch=ElasticsearchSettings(heap="512m"))
    home = home_of(tmp_path)
    with embedded_elasticsearch(settings, lambda text: None, None) as url:
        moved = "http://127.0.0.1:1"  # where it was, before it moved
        node_class = following(lambda: embedded_address(home))
        client = connect(moved, settings.elasticsearch, node_class=node_class)
        index = ElasticsearchIndex(client)
        index.create("photos", PackInfo("p", "r", 4, None))
        state = read_state(home)
        assert state is not None
        kill(psutil.Process(state.nodes[0].pid))
        with pytest.raises(ElasticsearchAway) as away:
            index.info("photos")
        assert away.value.retry_after_s == 5
        assert eventually(index) == ["photos"]
        assert embedded_address(home) == url
        client.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
