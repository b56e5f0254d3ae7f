"""Processes that are killed while pictures come in: what was acknowledged is there afterwards, once, and whole.

``python -m benchmarks.trials.kills --kills 100``: minio-proxy, Elasticsearch, one of two processes of the API, and an
ingester that is run again whenever it was killed, chosen by chance. Prints a table, and ends with code 1 when an
acknowledged picture is lost or not whole, an image is there twice, an answer is a server error but 503 with
Retry-After, or a kill was not made good within ``BACK_S`` seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.trials.changes import COLLECTION, EVERYTHING
from benchmarks.trials.senders import Ingester, Sender
from benchmarks.trials.whole import Whole, serving

BACK_S = 15.0
"""Seconds within which as many processes are there again and the whole is ready."""

WITHIN_S = 600.0
"""Seconds after which one that was killed is given up."""

WORKERS = 2


@dataclass
class Result:
    """Seconds until each kill was made good, by who was killed, and what was wrong."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def processes(whole: Whole) -> dict[str, list[psutil.Process]]:
    """Those that may be killed, by name; Elasticsearch may have been started by the ingester."""
    return {
        "minio-proxy": whole.children("minio_proxy.main"),
        "API": whole.children("spawn_main"),
        "Elasticsearch": whole.others("boxlens.embedded.process"),
    }


def kill(whole: Whole, ingester: Ingester, name: str, result: Result) -> None:
    """Kills one of that name, and waits until as many are there again and the whole is ready."""
    if name == "ingester":
        if ingester.kill():
            result.waits.setdefault(name, [])  # nobody waits for it: it is run again
            result.waits[name].append(0.0)
        return
    victims = processes(whole)[name]
    if not victims:
        return
    victims[0].kill()
    started = time.monotonic()
    while time.monotonic() - started < WITHIN_S:
        alive = [process for process in processes(whole)[name] if process.pid != victims[0].pid]
        if len(alive) >= len(victims) and ready(whole):
            break
        time.sleep(0.25)  # looking at all processes costs what those who start need
    seconds = time.monotonic() - started
    result.waits.setdefault(name, []).append(seconds)
    if seconds > BACK_S:
        result.wrong.append(f"{name} was back after {seconds:.1f} s, {BACK_S:.0f} s are allowed")
        print(f"kill {sum(map(len, result.waits.values()))}: {result.wrong[-1]}", flush=True)


def ready(whole: Whole) -> bool:
    try:
        with whole.client() as client:
            return client.get("/readyz").status_code == 200
    except httpx.TransportError:  # the process that took the connection was killed
        return False


def listed(client: httpx.Client) -> list[str]:
    """The ids of all images, page by page."""
    ids: list[str] = []
    query: dict[str, Any] = dict(EVERYTHING)
    while True:
        page = client.post(f"/v1/collections/{COLLECTION}/search", json=query).raise_for_status().json()
        ids += [hit["image_id"] for hit in page["hits"]]
        if not page.get("next_cursor"):
            return ids
        query["cursor"] = page["next_cursor"]


def audited(whole: Whole, *options: str) -> list[dict[str, Any]]:
    """What ``boxlens audit`` finds, but bytes that no collection holds: those of pictures never acknowledged."""
    command = [sys.executable, "-m", "boxlens", "audit", "-c", COLLECTION, "--json", *options]
    run = subprocess.run(command, env=os.environ | whole.variables, capture_output=True)
    if run.returncode not in (0, 3):
        raise SystemExit(f"boxlens audit ended with {run.returncode}: {run.stderr.decode(errors='replace')}")
    findings: list[dict[str, Any]] = json.loads(run.stdout)
    return [finding for finding in findings if finding["kind"] != "unheld_bytes" and not finding["mended"]]


def check(whole: Whole, client: httpx.Client, acknowledged: set[str], result: Result) -> None:
    """Notes acknowledged pictures that are not there or not whole, and images that are listed twice."""
    ids = listed(client)
    result.wrong += [f"{image_id} is lost" for image_id in acknowledged - set(ids)]
    result.wrong += [f"{image_id} is there twice" for image_id in set(ids) if ids.count(image_id) > 1]
    disagreements = audited(whole)
    result.wrong += [f"{finding}" for finding in disagreements if finding["image_id"] in acknowledged]
    audited(whole, "--repair")
    result.wrong += [f"after the repair: {finding}" for finding in audited(whole)]
    print(f"{len(acknowledged)} acknowledged, {len(ids)} listed; {len(disagreements)} of no acknowledged one to mend")


def table(waits: dict[str, list[float]]) -> Iterable[str]:
    yield "| killed | times | back after, s: median | most |"
    yield "|---|---|---|---|"
    for name, seconds in waits.items():
        times = "run again" if name == "ingester" else f"{sorted(seconds)[len(seconds) // 2]:.1f}"
        yield f"| {name} | {len(seconds)} | {times} | {'' if name == 'ingester' else f'{max(seconds):.1f}'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    options = parser.parse_args()
    choice, result = random.Random(0), Result()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data", workers=WORKERS) as whole,
        whole.client() as client,
    ):
        client.put(f"/v1/collections/{COLLECTION}").raise_for_status()
        ingester = Ingester(whole, COLLECTION, Path(folder) / "pictures", first=2_000_000)
        senders = [Sender(whole, COLLECTION, first) for first in (0, 1_000_000)]
        threads: list[Ingester | Sender] = [ingester, *senders]
        for thread in threads:
            thread.start()
        while sum(map(len, result.waits.values())) < options.kills:
            time.sleep(choice.uniform(0.2, 2))
            kill(whole, ingester, choice.choice(["minio-proxy", "Elasticsearch", "API", "ingester"]), result)
        for thread in threads:
            thread.stop.set()
        for thread in threads:
            thread.join()
            result.wrong += thread.odd
        while not ready(whole):
            time.sleep(0.5)
        check(whole, client, set().union(*(thread.acknowledged for thread in threads)), result)
    print("\n".join(table(result.waits)))
    print(f"\n{len(result.wrong)} wrong {result.wrong[:10]}")
    raise SystemExit(bool(result.wrong))


if __name__ == "__main__":
    main()
