"""Clients that add, delete, restore and edit the same pictures at the same time: no image ends half, no answer is a
server error but 503 with Retry-After.

``python -m benchmarks.trials.changes --clients 8 --rounds 200``
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

import httpx

from benchmarks.trials.whole import picture, serving

COLLECTION = "trial"
PICTURES = 4
EVERYTHING = {"clauses": [], "filter": {"area_share": {"gte": 0}}, "size": 100}


@dataclass
class Result:
    """Answers by action and status, and what was wrong."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def run(client: httpx.Client, *, clients: int, rounds: int, seed: int = 0) -> Result:
    """In each round every client does one thing to one of a few pictures; then all of these are looked at."""
    client.put(f"/v1/collections/{COLLECTION}").raise_for_status()
    pictures = {sha256(data).hexdigest(): data for data in (picture(number) for number in range(PICTURES))}
    actions = _actions(client, pictures)
    choice, result = random.Random(seed), Result()
    with ThreadPoolExecutor(clients) as threads:
        for number in range(rounds):
            chosen = [(choice.choice(list(actions)), choice.choice(list(pictures))) for _ in range(clients)]
            answers = list(threads.map(lambda pair: (pair[0], actions[pair[0]](pair[1])), chosen))
            for action, answer in answers:
                result.answers[action, answer.status_code] += 1
                if answer.status_code >= 500 and not (answer.status_code == 503 and "retry-after" in answer.headers):
                    result.wrong.append(f"round {number}: {action} {answer.status_code} {answer.text[:200]}")
            result.wrong += [f"round {number}: {fault}" for fault in half_images(client, pictures)]
    return result


def _actions(client: httpx.Client, pictures: dict[str, bytes]) -> dict[str, Callable[[str], httpx.Response]]:
    base = f"/v1/collections/{COLLECTION}/images"
    return {
        "add": lambda image_id: client.post(base, files={"file": ("a.png", pictures[image_id], "image/png")}),
        "delete": lambda image_id: client.delete(f"{base}/{image_id}"),
        "restore": lambda image_id: client.post(f"{base}/{image_id}/restore"),
        "edit": lambda image_id: client.patch(f"{base}/{image_id}", json={"caption": "edited", "tags": ["t"]}),
    }


def half_images(client: httpx.Client, image_ids: Iterable[str]) -> list[str]:
    """Images of which one way of asking shows something else than another."""
    listing = answered(lambda: client.post(f"/v1/collections/{COLLECTION}/search", json=EVERYTHING))
    if listing.status_code != 200:
        return [f"the list: {listing.status_code} {listing.text[:200]}"]
    by_id = {hit["image_id"]: {obj["object_id"] for obj in hit["objects"]} for hit in listing.json()["hits"]}
    faults = []
    for image_id in image_ids:
        answer = answered(partial(client.get, f"/v1/collections/{COLLECTION}/images/{image_id}"))
        if answer.status_code not in {200, 404}:
            faults.append(f"{image_id[:12]}: {answer.status_code} {answer.text[:200]}")
            continue
        objects = {obj["object_id"] for obj in answer.json()["objects"]} if answer.status_code == 200 else set()
        if objects != by_id.get(image_id, set()):
            faults.append(f"{image_id[:12]}: read {len(objects)}, listed {len(by_id.get(image_id, set()))} objects")
    return faults


def answered(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The first answer that is not "later": a 503 with Retry-After is waited out, for a minute at most."""
    deadline = time.monotonic() + 60
    while True:
        answer = ask()
        if answer.status_code != 503 or "retry-after" not in answer.headers or time.monotonic() > deadline:
            return answer
        time.sleep(min(float(answer.headers["retry-after"]), 5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as whole, whole.client() as client:
        result = run(client, clients=options.clients, rounds=options.rounds)
    print(f"| action | {' | '.join(map(str, sorted({status for _, status in result.answers})))} |")
    statuses = sorted({status for _, status in result.answers})
    print("|---" * (len(statuses) + 1) + "|")
    for action in ("add", "delete", "restore", "edit"):
        print(f"| {action} | {' | '.join(str(result.answers[action, status]) for status in statuses)} |")
    print(f"\n{len(result.wrong)} wrong in {options.rounds} rounds of {options.clients} clients")
    for fault in result.wrong[:20]:
        print(f"  {fault}")
    raise SystemExit(bool(result.wrong))


if __name__ == "__main__":
    main()
