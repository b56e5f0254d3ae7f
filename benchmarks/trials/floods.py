"""Slow senders and floods: health answers throughout, who is refused is told to come again, and memory comes back.

``python -m benchmarks.trials.floods --seconds 60 --senders 1000``
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.trials.changes import COLLECTION
from benchmarks.trials.whole import Whole, picture, serving


def healths(whole: Whole, stop: threading.Event) -> list[float]:
    """Seconds of each answer of /healthz, four times a second; 1e9 for none."""
    times: list[float] = []
    with httpx.Client(base_url=whole.url, timeout=30, trust_env=False) as client:
        while not stop.wait(0.25):
            started = time.monotonic()
            try:
                client.get("/healthz").raise_for_status()
                times.append(time.monotonic() - started)
            except httpx.HTTPError:
                times.append(1e9)
    return times


def slow_senders(whole: Whole, count: int, seconds: float) -> None:
    """Connections that send a byte of a head, or of a body, now and then; those that are cut off come again."""
    parts = urlsplit(whole.url)
    place = (parts.hostname or "", parts.port or 0)
    heads = (
        b"GET /v1/collections HTTP/1.1\r\nHost: 127.0.0.1\r\nA: ",
        b"POST /v1/detect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n",
    )
    connections: list[socket.socket] = []
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        while len(connections) < count:
            connection = socket.create_connection(place, 10)
            connection.sendall(heads[len(connections) % 2])
            connections.append(connection)
        alive = []
        for connection in connections:
            try:
                connection.sendall(b"x")
                alive.append(connection)
            except OSError:
                connection.close()
        connections = alive
        time.sleep(1)
    for connection in connections:
        connection.close()


def asked(whole: Whole, threads: int, seconds: float) -> Counter[str]:
    """Answers to searches of so many clients in a row, by status; a refusal without Retry-After is told as such."""
    ended = time.monotonic() + seconds

    def ask(number: int) -> Counter[str]:
        answers: Counter[str] = Counter()
        with whole.client() as client:
            while time.monotonic() < ended:
                answer = client.get(f"/v1/collections/{COLLECTION}/search", params={"q": f"dog {number}"})
                bare = answer.status_code >= 429 and "retry-after" not in answer.headers
                answers[f"{answer.status_code}{' without Retry-After' if bare else ''}"] += 1
        return answers

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(ask, range(threads)), Counter())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--senders", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as whole, whole.client() as client:
        client.put(f"/v1/collections/{COLLECTION}").raise_for_status()
        for number in range(20):
            files = {"file": ("a.png", picture(number), "image/png")}
            client.post(f"/v1/collections/{COLLECTION}/images", files=files).raise_for_status()
        alone = asked(whole, 4, options.seconds)
        before = whole.process.memory_info().rss
        for name, threads in (("slow senders", 4), ("a flood", 200)):
            stop = threading.Event()
            with ThreadPoolExecutor(2) as pool:
                health = pool.submit(healths, whole, stop)
                try:
                    if name == "slow senders":
                        pool.submit(slow_senders, whole, options.senders, options.seconds)
                    answers = asked(whole, threads, options.seconds)
                finally:
                    stop.set()
            print(f"{name}: {dict(answers)}; alone {dict(alone)}; healthz {max(health.result()):.2f} s at most")
        time.sleep(20)
        print(f"memory {before / 2**20:.0f} MiB before, {whole.process.memory_info().rss / 2**20:.0f} MiB afterwards")


if __name__ == "__main__":
    main()
