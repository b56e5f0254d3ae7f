"""The embedded Elasticsearch: the real server in child processes, without docker or any system package.

::

    with EmbeddedElasticsearch(Path(".data")) as url:
        ...                                  # the server answers at url, on this machine alone

Started so, it ends with the process that started it, also when that one is killed. ``start(detached=True)`` leaves
it running for other processes; ``status`` and ``stop`` of any process find it by its data folder.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import psutil

from boxlens.domain.errors import NodeFailed
from boxlens.embedded import config
from boxlens.embedded.jars import Progress, class_path, ensure_jars
from boxlens.embedded.java import Java, choose_java
from boxlens.embedded.preflight import check_extra, check_start
from boxlens.embedded.startup import Child, await_answers, log_size
from boxlens.embedded.state import NodeProcess, State, embedded_address, end, end_groups, forget_state, read_state
from boxlens.embedded.status import NodeStatus, await_health, status


class EmbeddedElasticsearch:
    """One node, or a cluster of ``nodes``, on one data folder.

    ``port`` 0 means an address and a port of its own, drawn at random, where no page in a browser finds it. Any other
    is the first choice on 127.0.0.1, and the next free one is taken when it is in use. ``heap`` is the JVM's, for each
    node, as in "1g". ``java_home`` names a JDK 21 to 25; see ``java.choose_java``.
    ``short_lived`` starts with half the processor time and searches slower: for tests and single questions. ``further``
    are settings of the server itself, by their names.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        nodes: int = 1,
        heap: str = "1g",
        java_home: Path | None = None,
        short_lived: bool = False,
        further: Mapping[str, object] | None = None,
    ) -> None:
        self.home = config.home_of(data_dir)
        self._port = port
        self._nodes = nodes
        self._heap = heap
        self._java_home = java_home
        self._short_lived = short_lived
        self._further = further
        self._children: list[Child] = []
        self._host = config.LOOPBACK if port else config.own_host()

    def address(self) -> str | None:
        """Where the first living node answers; None when nothing runs on this folder."""
        return embedded_address(self.home)

    def start(self, *, detached: bool = False, wait_s: float = 300, progress: Progress | None = None) -> str:
        """Start and wait until it can be searched; gives the address of the first node.

        ``wait_s`` bounds the start itself, not the first download, whose bytes are told to ``progress``.
        Raises NodeFailed (also when something runs on this folder already) and DiskFull.
        """
        with self._start_lock(wait_s):
            state = read_state(self.home)
            if state is not None and state.alive:
                first = state.alive[0]
                raise NodeFailed(
                    f"an embedded Elasticsearch already runs on {self.home}: process {first.pid}, {first.url}",
                    hint=f"Use that one, or stop it: boxlens es stop --data {self.home.parent}",
                )
            return self._start(detached, wait_s, progress)

    def connect(self, *, wait_s: float = 300, progress: Progress | None = None) -> str:
        """The address of what runs on this folder already, whoever started it; else start it, attached.

        Raises NodeFailed and DiskFull.
        """
        with self._start_lock(wait_s):
            state = read_state(self.home)
            if state is not None and state.alive:
                return state.alive[0].url
            return self._start(False, wait_s, progress)

    def stop(self) -> bool:
        """Stop the processes that run on this folder and wait for their end; False when none did."""
        state = read_state(self.home)
        living = [process for node in state.nodes if (process := node.process())] if state is not None else []
        end(living, config.CLOSE_WITHIN_S + 5)
        self._reap()
        forget_state(self.home)
        return bool(living)

    def close(self) -> None:
        """Stop the processes that this object started; those of others on the same folder go on."""
        if self._children:
            self.stop()

    def status(self) -> NodeStatus | None:
        """What runs on this folder; None when it was never started, or was stopped."""
        return status(self.home.parent)

    def __enter__(self) -> str:
        return self.connect()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, detached: bool, wait_s: float, progress: Progress | None) -> str:
        check_extra()
        self._reap()
        before = config.nodes_with_data(self.home)
        check_start(self.home, nodes=self._nodes, nodes_before=before, heap=self._heap)
        java = choose_java(self._java_home)
        server = ensure_jars(progress)
        deadline = time.monotonic() + wait_s
        with _writable(self.home):
            folders = [
                config.write_config(
                    self.home,
                    number,
                    port=self._port,
                    nodes=self._nodes,
                    fresh=before == 0,
                    host=self._host,
                    further=self._further,
                )
                for number in range(1, self._nodes + 1)
            ]
        try:
            for folder in folders:
                self._children.append(self._spawn(folder, server, java, attached=not detached))
            answers = await_answers(self._children, deadline)
            if self._nodes > 1:
                config.write_seed_hosts(folders, [answer["transport"] for answer in answers])
            state = self._remember(folders, answers, detached, java)
            await_health(state, deadline)
        except BaseException:
            end_groups([child.process for child in self._children], 5)
            self._reap()
            forget_state(self.home)
            raise
        if detached:
            self._reap()
        self._port = urlsplit(state.nodes[0].url).port or self._port  # when it is started again, it is found again
        return state.nodes[0].url

    def _spawn(self, folder: Path, server: Path, java: Java, *, attached: bool) -> Child:
        spec = config.NodeSpec(
            name=folder.name,
            jvm=str(java.library),
            jvm_options=[
                *config.jvm_options(server, folder, self._heap, short_lived=self._short_lived),
                *java.options,
            ],
            class_path=[str(path) for path in class_path(server)],
            home=str(server),
            config=str(folder / "config"),
            logs=str(folder / "logs"),
            attached=attached,
        )
        before = log_size(folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "boxlens.embedded.process", str(spec.write(folder))],
            stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent, which then closes the nodes in order
        )
        return Child(process, folder, before)

    def _remember(self, folders: list[Path], answers: list[dict[str, Any]], detached: bool, java: Java) -> State:
        nodes = tuple(
            NodeProcess(
                name=folder.name,
                pid=answer["pid"],
                created=psutil.Process(answer["pid"]).create_time(),
                url=f"http://{answer['http']}",
                transport=answer["transport"],
                log=str(folder / "logs" / config.LOG_NAME),
            )
            for folder, answer in zip(folders, answers, strict=True)
        )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        state = State(nodes, now, detached, str(java), simd=all(answer["simd"] for answer in answers))
        state.write(self.home)
        return state

    def _reap(self) -> None:
        for child in self._children:
            for pipe in (child.process.stdin, child.process.stdout):
                if pipe is not None:
                    pipe.close()
            child.process.wait(timeout=config.CLOSE_WITHIN_S)
        self._children = []

    @contextmanager
    def _start_lock(self, wait_s: float) -> Iterator[None]:
        with _writable(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            lock = (self.home / "start.lock").open("w")
        deadline = time.monotonic() + wait_s
        with lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise NodeFailed(
                            f"another start on {self.home} has not ended within {wait_s:g} s",
                            hint="Wait for it, or end that process, and try again.",
                        ) from None
                    time.sleep(0.1)
            yield


@contextmanager
def _writable(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise NodeFailed(
            f"the data folder {home} cannot be written: {cause}",
            hint="Give it write permission, or name another folder with --data or BOXLENS_DATA_DIR.",
        ) from cause
