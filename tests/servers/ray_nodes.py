"""A Ray cluster of several nodes on this machine, with one core each, in a process of its own.

``python -m tests.servers.ray_nodes 3`` prints the address of the cluster. "kill" on standard input kills a node that
is not the first, as ``kill -9`` of all its processes does, and "add" adds one; both are answered by a line. The cluster
ends with the input.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxlens.on_ray.cluster import LOCAL

_STORE_BYTES = 80 * 1024**2
_WAIT_S = 400
_PATIENT = {  # a busy machine is no dead node
    "RAY_raylet_start_wait_time_s": str(_WAIT_S),
    "RAY_worker_register_timeout_seconds": str(_WAIT_S),
    "RAY_health_check_timeout_ms": "60000",
}
ROOT = Path(__file__).resolve().parents[2]


class RayNodes:
    """The process with the cluster."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self.folder, self.pid = process, folder, process.pid
        self.address = self._line()

    def kill_one(self) -> None:
        self._ask("kill")

    def add_one(self) -> None:
        self._ask("add")

    def _ask(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._line() == word

    def _line(self) -> str:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            ready = selector.select(_WAIT_S)
        line = self._process.stdout.readline().strip() if ready else ""
        assert line, (self.folder / "nodes.log").read_text() or "the Ray cluster does not answer"
        return line


def environment(folder: Path) -> dict[str, str]:
    """Variables of the cluster and of who joins it: loopback alone, a token of its own, no usage reports."""
    own = {"RAY_AUTH_TOKEN": "of-this-test-alone", "RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": str(folder)}
    return os.environ | LOCAL | own | _PATIENT


@contextmanager
def ray_nodes(count: int, folder: Path) -> Iterator[RayNodes]:
    """A cluster for the length of the block; its sockets and logs lie in ``folder``, whose path must be short."""
    command = [sys.executable, "-m", "tests.servers.ray_nodes", str(count)]
    with (folder / "nodes.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield RayNodes(process, folder)
        finally:
            process.communicate(timeout=_WAIT_S)


def main(count: int) -> None:
    from ray.cluster_utils import Cluster

    resources = {"num_cpus": 1, "object_store_memory": _STORE_BYTES, "include_dashboard": False, "wait": False}
    cluster = Cluster(initialize_head=True, head_node_args=resources)
    others = [cluster.add_node(**resources) for _ in range(count - 1)]
    cluster.wait_for_nodes(timeout=_WAIT_S)
    print(cluster.address, flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "kill":
            cluster.remove_node(others.pop(), allow_graceful=False)
        else:
            others.append(cluster.add_node(**resources))
            cluster.wait_for_nodes(timeout=_WAIT_S)
        print(word, flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
