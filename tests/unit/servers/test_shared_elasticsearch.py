"""How test processes find the Elasticsearch they share, which starts while they collect."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.servers.elasticsearch import share, shared_address


def test_the_address_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "address"
    later = threading.Timer(0.2, share, ["http://127.1.2.3:9", file])
    later.start()
    assert shared_address(file) == "http://127.1.2.3:9"
    later.join()


def test_a_server_that_never_comes_is_named(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match=r"no Elasticsearch has started within 0\.1 s"):
        shared_address(tmp_path / "address", wait_s=0.1)
