"""How the embedded Elasticsearch of a data folder is: asked by any process, by the folder alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from boxlens.domain.errors import NodeFailed
from boxlens.embedded.config import home_of
from boxlens.embedded.state import State, read_state

Health = Literal["green", "yellow", "red", "unreachable", "dead"]


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What runs on a data folder. ``pids`` are the living processes, ``nodes`` how many were started.

    ``health`` is the server's own word, "unreachable" when it lives and does not answer, "dead" when every process
    ended without being stopped.
    """

    url: str
    urls: tuple[str, ...]
    pids: tuple[int, ...]
    nodes: int
    health: Health
    started_at: str
    detached: bool
    simd: bool
    java: str
    logs: tuple[str, ...]


def status(data_dir: Path) -> NodeStatus | None:
    """What runs on a Boxlens data folder, whoever started it; None when nothing was left running."""
    state = read_state(home_of(data_dir))
    if state is None:
        return None
    alive = state.alive
    return NodeStatus(
        url=(alive or state.nodes)[0].url,
        urls=tuple(node.url for node in alive),
        pids=tuple(node.pid for node in alive),
        nodes=len(state.nodes),
        health=_health(alive[0].url) if alive else "dead",
        started_at=state.started_at,
        detached=state.detached,
        simd=state.simd,
        java=state.java,
        logs=tuple(node.log for node in state.nodes),
    )


def _health(url: str) -> Health:
    try:
        with httpx.Client(trust_env=False, timeout=5) as client:
            word: Health = client.get(f"{url}/_cluster/health").raise_for_status().json()["status"]
            return word
    except (httpx.HTTPError, ValueError, KeyError):
        return "unreachable"


def await_health(state: State, deadline: float) -> None:
    """Wait for every node to have joined and for stored data to be searchable.

    Data that stays red is left to be seen in the status: a node that runs can still be repaired, or emptied.
    """
    parameters = {"wait_for_nodes": f"{len(state.nodes)}", "wait_for_status": "yellow", "timeout": "2s"}
    joined = 0
    with httpx.Client(trust_env=False, timeout=10) as client:
        while True:
            try:
                answer = client.get(f"{state.nodes[0].url}/_cluster/health", params=parameters).json()
                joined = answer.get("number_of_nodes", joined)
                if not answer.get("timed_out", True):
                    return
            except httpx.HTTPError:
                joined = 0
            if time.monotonic() > deadline or len(state.alive) < len(state.nodes):
                break
            time.sleep(0.1)
    if joined < len(state.nodes):
        raise NodeFailed(
            f"{joined} of {len(state.nodes)} nodes formed a cluster in time",
            hint=f"Read {state.nodes[0].log}; on a slow machine give it more time.",
        )
