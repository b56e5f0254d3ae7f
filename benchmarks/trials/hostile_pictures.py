"""Hostile pictures sent to the API and to minio-proxy: neither ends, answers with a server error but 503 with
Retry-After, or takes more memory than its budget, and /healthz answers throughout.

``python -m benchmarks.trials.hostile_pictures --pictures 400``: each picture is looked at, taken in, and kept by
minio-proxy and made a thumbnail of, by several clients at once. Linux alone tells the most memory that was held.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from benchmarks.trials.floods import healths
from benchmarks.trials.hostile_folder import high_water_mib
from benchmarks.trials.hostile_kinds import hostile_pictures
from benchmarks.trials.whole import Whole, picture, serving

COLLECTION = "trial"
BUDGET = 1_000_000_000
"""Bytes that decoding may take, in each of both processes."""

HEALTHY_S = 0.5


@dataclass
class Result:
    """Answers by who was asked and status, and what was wrong."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def send(api: httpx.Client, proxy: httpx.Client, pictures: Iterable[tuple[str, bytes]], clients: int) -> Result:
    """Sends each picture to all that decodes."""
    result = Result()
    path = f"/v1/collections/{COLLECTION}/images"
    numbered, turn = enumerate(pictures), threading.Lock()

    def sending() -> None:
        while True:
            with turn:  # made one at a time: all of them take much memory
                number, (kind, data) = next(numbered, (-1, ("", b"")))
            if number < 0:
                return
            all_of(number, kind, data)

    def all_of(number: int, kind: str, data: bytes) -> None:
        files, key = {"file": ("a.jpg", data, "image/jpeg")}, f"/file/hostile/{number}"
        send_one(f"{number}, {kind}", "looked at", lambda: api.post("/v1/detect", files=files))
        send_one(f"{number}, {kind}", "taken in", lambda: api.post(path, files=files))
        send_one(f"{number}, {kind}", "kept", lambda: proxy.put(key, content=data))
        send_one(f"{number}, {kind}", "made small", lambda: proxy.get(key, params={"w": "320"}))

    def send_one(which: str, what: str, ask: Callable[[], httpx.Response]) -> None:
        try:
            answer = ask()
        except httpx.TransportError as error:
            result.wrong.append(f"{which}, {what}: {type(error).__name__}")
            return
        result.answers[what, answer.status_code] += 1
        if answer.status_code >= 500 and not (answer.status_code == 503 and "retry-after" in answer.headers):
            result.wrong.append(f"{which}, {what}: {answer.status_code} {answer.text[:200]}")

    with ThreadPoolExecutor(clients) as threads:
        for sender in [threads.submit(sending) for _ in range(clients)]:
            sender.result()
    return result


def table(result: Result) -> Iterable[str]:
    statuses = sorted({status for _, status in result.answers})
    yield f"| | {' | '.join(map(str, statuses))} |"
    yield "|---" * (len(statuses) + 1) + "|"
    for what in dict.fromkeys(what for what, _ in result.answers):
        yield f"| {what} | {' | '.join(str(result.answers[what, status]) for status in statuses)} |"


@dataclass(frozen=True)
class Held:
    """A process, its name, and the memory in MiB that it held at rest."""

    name: str
    process: psutil.Process
    before: float

    @classmethod
    def at_rest(cls, name: str, process: psutil.Process) -> Held:
        """What it holds at most begins anew."""
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        return cls(name, process, float(process.memory_info().rss) / 2**20)

    def fault(self) -> str:
        """What is wrong with it afterwards, "" for nothing; prints the memory."""
        if not self.process.is_running():
            return f"{self.name} has ended"
        more = high_water_mib(self.process.pid) - self.before
        print(f"{self.name}: {self.before:.0f} MiB before, {more:.0f} MiB more at most")
        return f"{self.name} took {more:.0f} MiB more than its budget allows" if more * 2**20 > BUDGET else ""


def trial(whole: Whole, count: int, clients: int) -> Result:
    """Sends so many, and adds what was wrong with the processes and the answers of /healthz."""
    stop = threading.Event()
    with whole.client() as api, ThreadPoolExecutor(1) as watcher:
        api.put(f"/v1/collections/{COLLECTION}").raise_for_status()
        first = {"file": ("a.png", picture(0), "image/png")}
        added = api.post(f"/v1/collections/{COLLECTION}/images", files=first).raise_for_status().json()
        address = urlsplit(added["image_url"])
        processes = [Held.at_rest("API", whole.process)]
        processes += [Held.at_rest("minio-proxy", child) for child in whole.children("minio_proxy.main")]
        health = watcher.submit(healths, whole, stop)
        try:
            with httpx.Client(base_url=f"http://{address.netloc}", timeout=120, trust_env=False) as proxy:
                result = send(api, proxy, hostile_pictures(count), clients)
        finally:
            stop.set()
        times = sorted(health.result())
    print("\n".join(table(result)), "\n")
    result.wrong += [fault for held in processes if (fault := held.fault())]
    print(f"/healthz answered {len(times)} times after {times[len(times) // 2]:.3f} s, {times[-1]:.2f} s at most")
    if times[-1] > HEALTHY_S:
        result.wrong.append(f"/healthz answered after {times[-1]:.2f} s, {HEALTHY_S} s are allowed")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--clients", type=int, default=6)
    options = parser.parse_args()
    names = ("BOXLENS_PIPELINE__DECODE_BUDGET_BYTES", "BOXLENS_PROXY__DECODE_BUDGET_BYTES")
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data", **dict.fromkeys(names, str(BUDGET))) as whole,
    ):
        result = trial(whole, options.pictures, options.clients)
    print(f"{len(result.wrong)} wrong with {options.pictures} pictures")
    for fault in result.wrong[:20]:
        print(f"  {fault}")
    raise SystemExit(bool(result.wrong))


if __name__ == "__main__":
    main()
